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

// IsOpen says that a case c is open, as the index of open cases has it.
const IsOpen = "c.closed_at is null"

// Scoped writes the scope of ctx as a term about the table cases, named c, and
// adds what it needs to args; "" when there is no limit.
func Scoped(ctx context.Context, args pgx.NamedArgs) string { return scopedBy(ctx, args, ofMany) }

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
			args[name] = Within(g.Place)
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

// OneCase selects columns of a case, named c, if the scope of ctx has it.
func OneCase(ctx context.Context, columns string, id hub.CaseID) (string, pgx.NamedArgs) {
	return OneCaseWith(ctx, columns, "", id)
}

// OneCaseWith is [OneCase] with columns of a table that join joins.
func OneCaseWith(ctx context.Context, columns, join string, id hub.CaseID) (string, pgx.NamedArgs) {
	args := pgx.NamedArgs{"id": string(id)}
	sql := "select " + columns + " from cases c" + join + " where c.id = @id"
	if term := scopedBy(ctx, args, ofOne); term != "" {
		sql += " and " + term
	}
	return sql, args
}

// ScopedCase limits rows that name a case in column to the scope of ctx: a
// term that begins with " and ", or "". The column stands outside of the
// subquery: it may be one of a table that is called c as well.
func ScopedCase(ctx context.Context, column string, args pgx.NamedArgs) string {
	term := Scoped(ctx, args)
	if term == "" {
		return ""
	}
	return " and " + column + " in (select c.id from cases c where " + term + ")"
}

// Within returns the digits that codes inside p begin with, the same way as
// hub.PlaceCode.Within.
func Within(p hub.PlaceCode) string {
	s := strings.TrimSuffix(string(p), "000000")
	for len(s) == 6 && strings.HasSuffix(s, "00") {
		s = s[:len(s)-2]
	}
	return s
}
