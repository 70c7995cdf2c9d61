package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
)

// Whether a department has the case c, written in two ways. Where one case is
// looked at, the server must not read all that the department has.
const (
	ofMany = "exists (select from assignment s where s.case_id = c.id and s.department = @%s)"
	ofOne  = "(select true from assignment s where s.case_id = c.id and s.department = @%s)"
)

// scoped writes the scope of ctx as a term about the table cases, named c, and
// adds what it needs to args; "" when there is no limit.
func scoped(ctx context.Context, args pgx.NamedArgs) string { return scopedBy(ctx, args, ofMany) }

func scopedBy(ctx context.Context, args pgx.NamedArgs, department string) string {
	scope := hub.ScopeOf(ctx)
	if slices.Contains(scope, hub.Grant{}) {
		return ""
	}
	grants := []string{"false"}
	for i, g := range scope {
		var terms []string
		if g.Place != "" {
			name := fmt.Sprintf("scope_place_%d", i)
			terms = append(terms, "starts_with(c.place, @"+name+")")
			args[name] = within(g.Place)
		}
		if g.Department != "" {
			name := fmt.Sprintf("scope_department_%d", i)
			terms = append(terms, fmt.Sprintf(department, name))
			args[name] = string(g.Department)
		}
		grants = append(grants, strings.Join(terms, " and "))
	}
	return "(" + strings.Join(grants, " or ") + ")"
}

// oneCase selects columns of a case, named c, if the scope of ctx has it.
func oneCase(ctx context.Context, columns string, id hub.CaseID) (string, pgx.NamedArgs) {
	args := pgx.NamedArgs{"id": string(id)}
	sql := "select " + columns + " from cases c where c.id = @id"
	if term := scopedBy(ctx, args, ofOne); term != "" {
		sql += " and " + term
	}
	return sql, args
}

// scopedCase limits rows that name a case in column to the scope of ctx.
func scopedCase(ctx context.Context, column string, args pgx.NamedArgs) string {
	term := scoped(ctx, args)
	if term == "" {
		return ""
	}
	return " and exists (select from cases c where c.id = " + column + " and " + term + ")"
}

// scopedDelivery limits rows of delivery, named d, to the cases and the
// departments of the scope of ctx.
func scopedDelivery(ctx context.Context, args pgx.NamedArgs) string {
	scope := hub.ScopeOf(ctx)
	sql := scopedCase(ctx, "d.case_id", args)
	var own []string
	for _, g := range scope {
		if g.Department == "" {
			return sql
		}
		own = append(own, string(g.Department))
	}
	args["scope_departments"] = own
	return sql + " and d.department = any(@scope_departments::text[])"
}

// ScopedCase is scopedCase for stores in packages of their own: it returns a
// term that begins with " and ", or "".
func ScopedCase(ctx context.Context, column string, args pgx.NamedArgs) string {
	return scopedCase(ctx, column, args)
}

// Within returns the digits that the codes inside p begin with.
func Within(p hub.PlaceCode) string { return within(p) }
