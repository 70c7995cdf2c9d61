package assessments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/assess"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// Issue keeps a report of all facts of its period, with its audit record, and
// returns it with its number, version and hash. It refuses a further version
// without a reason, and whoever does not see every case.
func (s *Store) Issue(ctx context.Context, in assess.Issue, f *assess.Formulas) (assess.Issue, error) {
	if !slices.Contains(hub.ScopeOf(ctx), hub.Grant{}) {
		return in, hub.Errorf(hub.CodeForbidden, "assess.issue_scope")
	}
	facts, err := s.Facts(ctx, in.Since, in.Until)
	if err != nil {
		return in, err
	}
	lines, sum, err := assess.Freeze(facts, f)
	if err != nil {
		return in, err
	}
	in.Formulas, in.Cases, in.Hash = f.Hash, len(facts), assess.HashText(sum)
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		// One at a time: versions are counted without gaps.
		if _, err := tx.Exec(ctx, "lock table assess_issue in share row exclusive mode"); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, "select coalesce(max(version), 0) + 1 from assess_issue where since = $1 and until = $2",
			in.Since, in.Until).Scan(&in.Version); err != nil {
			return err
		}
		if in.Version > 1 && in.Reason == "" {
			return hub.Errorf(hub.CodeConflict, "assess.issued_before", in.Version-1)
		}
		if err := tx.QueryRow(ctx, `insert into assess_issue (since, until, version, at, account, reason, formulas, cases, hash)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id`,
			in.Since, in.Until, in.Version, in.At, in.Account, in.Reason, in.Formulas, in.Cases, sum[:]).Scan(&in.ID); err != nil {
			return err
		}
		rows := pgx.CopyFromSlice(len(facts), func(i int) ([]any, error) {
			f := facts[i]
			return []any{in.ID, i, string(f.Case), string(f.Department), string(f.Place), lines[i]}, nil
		})
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"assess_issue_fact"}, []string{"issue", "n", "case_id", "department", "place", "fact"}, rows); err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, in.At, "assess.issued", "assess/"+strconv.FormatInt(in.ID, 10), map[string]string{
			"since": in.Since.Format(time.RFC3339), "until": in.Until.Format(time.RFC3339), "hash": in.Hash, "reason": in.Reason,
			"count": strconv.Itoa(in.Cases),
		}))
	})
	return in, postgres.Wrap(err, "issue a report")
}

const issueSQL = `select id, since, until, version, at, account, reason, formulas, cases, encode(hash, 'hex') from assess_issue`

func scanIssue(r pgx.CollectableRow) (assess.Issue, error) {
	var i assess.Issue
	err := r.Scan(&i.ID, &i.Since, &i.Until, &i.Version, &i.At, &i.Account, &i.Reason, &i.Formulas, &i.Cases, &i.Hash)
	i.Since, i.Until, i.At = i.Since.UTC(), i.Until.UTC(), i.At.UTC()
	return i, err
}

// Issues lists the reports that were issued, newest first.
func (s *Store) Issues(ctx context.Context) ([]assess.Issue, error) {
	rows, err := s.db.Pool().Query(ctx, issueSQL+" order by id desc limit 1000")
	if err != nil {
		return nil, postgres.Wrap(err, "read issued reports")
	}
	list, err := pgx.CollectRows(rows, scanIssue)
	return list, postgres.Wrap(err, "read issued reports")
}

// Issued returns a report that was issued, with the facts that the scope of
// ctx has: by the department and place that they had then.
func (s *Store) Issued(ctx context.Context, id int64) (assess.Issue, []assess.Fact, error) {
	rows, err := s.db.Pool().Query(ctx, issueSQL+" where id = $1", id)
	if err != nil {
		return assess.Issue{}, nil, postgres.Wrap(err, "read issued report %d", id)
	}
	i, err := pgx.CollectExactlyOneRow(rows, scanIssue)
	if errors.Is(err, pgx.ErrNoRows) {
		return i, nil, hub.Errorf(hub.CodeNotFound, "assess.not_issued", id)
	}
	if err != nil {
		return i, nil, postgres.Wrap(err, "read issued report %d", id)
	}
	lines, err := s.frozen(ctx, id, true)
	if err != nil {
		return i, nil, err
	}
	facts, err := assess.Thaw(lines)
	return i, facts, err
}

// Whole reports whether the facts and formulas of an issue are those that were
// hashed.
func (s *Store) Whole(ctx context.Context, i assess.Issue) (bool, error) {
	f, err := s.OldFormulas(ctx, i.Formulas)
	if err != nil {
		return false, err
	}
	lines, err := s.frozen(ctx, i.ID, false)
	return err == nil && len(lines) == i.Cases && assess.HashText(assess.HashOf(lines, f)) == i.Hash, err
}

// frozen returns the facts of an issue in their order, all or those of the
// scope of ctx.
func (s *Store) frozen(ctx context.Context, id int64, scoped bool) ([]string, error) {
	args := pgx.NamedArgs{"id": id}
	sql := "select fact from assess_issue_fact c where issue = @id"
	if scoped {
		sql += scopedFact(ctx, args)
	}
	rows, err := s.db.Pool().Query(ctx, sql+" order by n", args)
	if err != nil {
		return nil, postgres.Wrap(err, "read issued report %d", id)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return lines, postgres.Wrap(err, "read issued report %d", id)
}

// scopedFact writes the scope of ctx as a term about frozen facts.
func scopedFact(ctx context.Context, args pgx.NamedArgs) string {
	grants := []string{"false"}
	for i, g := range hub.ScopeOf(ctx) {
		term := "true"
		if g.Place != "" {
			name := fmt.Sprintf("place_%d", i)
			term, args[name] = term+" and starts_with(c.place, @"+name+")", postgres.Within(g.Place)
		}
		if g.Department != "" {
			name := fmt.Sprintf("department_%d", i)
			term, args[name] = term+" and c.department = @"+name, string(g.Department)
		}
		grants = append(grants, term)
	}
	return " and (" + strings.Join(grants, " or ") + ")"
}
