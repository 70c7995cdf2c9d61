package hub

// A Rung (责任层级) is a level of the ladder, 1 lowest.
type Rung int

// A Step is one rung of a Ladder: a post at a place level.
type Step struct {
	Rung  Rung       `json:"rung"`
	Post  string     `json:"post"`  // code of the post, such as "village_cadre"
	Title string     `json:"title"` // 村(社区)干部(民警)
	Level PlaceLevel `json:"level"`
	// Wait is how long this rung has before the next one is told.
	Wait Budget `json:"wait"`
}

// A Ladder (七级责任链) lists the rungs, lowest first.
type Ladder []Step

// Step returns the step of r.
func (l Ladder) Step(r Rung) (Step, bool) {
	for _, s := range l {
		if s.Rung == r {
			return s, true
		}
	}
	return Step{}, false
}

// Top returns the highest rung, 0 of an empty ladder.
func (l Ladder) Top() Rung {
	if len(l) == 0 {
		return 0
	}
	return l[len(l)-1].Rung
}

// A Duty (责任岗位) is who holds a rung for a place at some moment.
// A vacant post has no Person.
type Duty struct {
	Rung   Rung      `json:"rung"`
	Place  PlaceCode `json:"place"`
	Post   string    `json:"post"`
	Person PersonID  `json:"person,omitempty"`
	Name   string    `json:"name,omitempty"`
	// Deputy is set when the holder is away and Person stands in.
	Deputy bool `json:"deputy,omitempty"`
}
