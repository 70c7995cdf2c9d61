package hub

// An ActorKind (主体类型) says what kind of party did something.
type ActorKind string

// The parties that act on a case.
const (
	ActorSystem     ActorKind = "system"     // rules, deadlines, the hub itself
	ActorChannel    ActorKind = "channel"    // a channel on a citizen's behalf
	ActorCitizen    ActorKind = "citizen"    // the reporter
	ActorDepartment ActorKind = "department" // a department or its plugin
	ActorPerson     ActorKind = "person"     // a named official
)

// An Actor (经办主体) is who did something: stored with every event.
type Actor struct {
	Kind ActorKind `json:"kind"`
	ID   string    `json:"id,omitempty"`
	Name string    `json:"name,omitempty"`
}

// System is the hub acting by itself.
func System() Actor { return Actor{Kind: ActorSystem} }

// ByDepartment is department d acting.
func ByDepartment(d DepartmentCode) Actor { return Actor{Kind: ActorDepartment, ID: string(d)} }
