package hub_test

import (
	"testing"

	"github.com/mashang-hub/mashang/hub"
)

func TestScopeSeesByPlaceAndDepartment(t *testing.T) {
	c := hub.Case{Place: "620402001003", Assignments: []hub.Assignment{{Department: "heating", Role: hub.RoleLead}}}
	for _, v := range []struct {
		name  string
		scope hub.Scope
		want  bool
	}{
		{"nothing", hub.Scope{}, false},
		{"everything", hub.Everything(), true},
		{"the township", hub.Scope{{Place: "620402001"}}, true},
		{"the city", hub.Scope{{Place: "620400"}}, true},
		{"the next township", hub.Scope{{Place: "620402002"}}, false},
		{"the department", hub.Scope{{Department: "heating"}}, true},
		{"another department", hub.Scope{{Department: "housing"}}, false},
		{"the department elsewhere", hub.Scope{{Department: "heating", Place: "620403"}}, false},
		{"two grants", hub.Scope{{Department: "housing"}, {Place: "620402001003"}}, true},
	} {
		if got := v.scope.Sees(c); got != v.want {
			t.Errorf("%s: %v, want %v", v.name, got, v.want)
		}
	}
}

func TestScopeOfAContext(t *testing.T) {
	if s := hub.ScopeOf(t.Context()); !s.Sees(hub.Case{}) {
		t.Error("the hub itself is bound")
	}
	ctx := hub.WithScope(t.Context(), nil)
	if s := hub.ScopeOf(ctx); s.Sees(hub.Case{}) || s.SeesDepartment("heating") {
		t.Error("an empty scope sees something")
	}
	if s := (hub.Scope{{Department: "heating"}}); !s.SeesDepartment("heating") || s.SeesDepartment("gas") {
		t.Error("a department sees its own only")
	}
}
