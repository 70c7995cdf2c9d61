package hub

import (
	"context"
	"slices"
)

// A Grant (授权) lets somebody see the cases of a place and of a department; an
// empty field does not narrow.
type Grant struct {
	Place      PlaceCode      `json:"place,omitempty"`
	Department DepartmentCode `json:"department,omitempty"`
}

// A Scope (数据范围) is the cases that somebody may see: those that at least one
// of its grants lets through. An empty Scope lets none through.
type Scope []Grant

// Everything is the scope without a limit.
func Everything() Scope { return Scope{{}} }

// Sees reports whether c lies in s. Stores say the same in their own language.
func (s Scope) Sees(c Case) bool {
	return slices.ContainsFunc(s, func(g Grant) bool {
		_, assigned := c.Assignment(g.Department)
		return (g.Place == "" || c.Place.Within(g.Place)) && (g.Department == "" || assigned)
	})
}

// SeesDepartment reports whether what belongs to department d, such as its
// deliveries, may be seen: by itself and by those who are bound to none.
func (s Scope) SeesDepartment(d DepartmentCode) bool {
	return slices.ContainsFunc(s, func(g Grant) bool { return g.Department == "" || g.Department == d })
}

// PetitionOffice (信访部门) is the department that may learn who asked to stay
// unknown (要求保密).
const PetitionOffice DepartmentCode = "petition"

// Knowing is the part of s that may learn who asked to stay unknown: what is
// bound to a handling department may not (信访工作条例 art. 30, 46).
func (s Scope) Knowing() Scope {
	return slices.DeleteFunc(slices.Clone(s), func(g Grant) bool {
		return g.Department != "" && g.Department != PetitionOffice
	})
}

// scopeKey is the key of a Scope in a context.
type scopeKey struct{}

// WithScope binds all that is read and changed under the context to s. Stores
// apply it to every statement by themselves, so that no caller can leave it
// out.
func WithScope(ctx context.Context, s Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// ScopeOf returns the scope of ctx. Without one the hub itself is at work and
// sees everything.
func ScopeOf(ctx context.Context) Scope {
	if s, ok := ctx.Value(scopeKey{}).(Scope); ok {
		return s
	}
	return Everything()
}
