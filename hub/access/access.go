// Package access says who is asking and what they may do: accounts (账号),
// roles (角色), rights (权限), the places and departments that these are bound
// to, log-in, tokens and delegation.
//
// It decides about people, never about cases, and keeps nothing itself: a
// Store does. What a role may do is one table, in role.go. Start with
// [Principal] and [Gate].
package access

import (
	"context"
	"slices"

	"github.com/mashang-hub/mashang/hub"
)

// A Principal (操作人) is who asks: a person with the grants that hold at this
// moment, or a program that acts for one.
type Principal struct {
	Account string       `json:"account"`
	Name    string       `json:"name"`
	Person  hub.PersonID `json:"person,omitempty"`
	Grants  []Grant      `json:"grants"`
	// Limits are the only rights that the token in use carries; nil is all of
	// the account's.
	Limits []Right `json:"limits,omitempty"`
	// Service is set for the installation's own token and the open
	// demonstration: they act for others, whose names they tell.
	Service bool `json:"service,omitempty"`
	// Second is set when a second factor was shown.
	Second bool `json:"second,omitempty"`
	// Session names the log-in or token in use, for the audit.
	Session string `json:"session,omitempty"`
}

// Can reports whether p has right r anywhere.
func (p Principal) Can(r Right) bool {
	switch {
	case r == Public:
		return true
	case p.Account == "" || p.Limits != nil && !slices.Contains(p.Limits, r):
		return false
	case r == Self:
		return true
	}
	return slices.ContainsFunc(p.Grants, func(g Grant) bool { return g.carries(r) })
}

// Scope returns the cases on which p may use right r: the grants of other
// roles do not widen it.
func (p Principal) Scope(r Right) hub.Scope {
	s := hub.Scope{}
	if !p.Can(r) {
		return s
	}
	for _, g := range p.Grants {
		if g.carries(r) {
			s = append(s, hub.Grant{Place: g.Place, Department: g.Department})
		}
	}
	return s
}

// MayReveal reports whether the principal of ctx may learn who spoke in case c,
// for a purpose and on record. A handling department may not where content is
// confidential.
func MayReveal(ctx context.Context, c hub.Case, content hub.Content) bool {
	s := Of(ctx).Scope(Reveal)
	if content.Confidential() {
		s = s.Knowing()
	}
	return s.Sees(c)
}

// Has reports whether one of p's grants is of role.
func (p Principal) Has(role Role) bool {
	return slices.ContainsFunc(p.Grants, func(g Grant) bool { return g.Role == role })
}

// Departments lists the departments for which p may use right r; nil means
// that p is bound to none.
func (p Principal) Departments(r Right) []hub.DepartmentCode {
	var out []hub.DepartmentCode
	for _, g := range p.Scope(r) {
		if g.Department == "" {
			return nil
		}
		out = append(out, g.Department)
	}
	return out
}

// Actor is p as events and audit records name them.
func (p Principal) Actor() hub.Actor {
	return hub.Actor{Kind: hub.ActorPerson, ID: p.Account, Name: p.Name}
}

// principalKey is the key of a Principal in a context.
type principalKey struct{}

// With returns a context in which p is asking.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Of returns who is asking; the zero Principal may do nothing.
func Of(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// Bind returns a context in which p uses right r: everything read or changed
// under it is bound to the cases on which p has that right.
func Bind(ctx context.Context, p Principal, r Right) context.Context {
	return hub.WithScope(With(ctx, p), p.Scope(r))
}
