package cases

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// MaxExport is how many cases one export holds.
const MaxExport = 50_000

// An Exported (导出事项) is a closed case with what was said and the answer.
type Exported struct {
	Case    hub.Case
	Content hub.Content
	Reply   string
}

// ExportClosed returns the cases closed in a period (办结导出), within the scope
// of ctx, and records that they were handed out: without the record none is.
func (p *Store) ExportClosed(ctx context.Context, since, until, now time.Time, data map[string]string) ([]Exported, error) {
	var out []Exported
	err := p.db.Tx(ctx, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"since": since, "until": until, "limit": MaxExport + 1}
		term := postgres.Scoped(ctx, args)
		if term != "" {
			term = " and " + term
		}
		rows, err := tx.Query(ctx, `select c.state, s.content, coalesce(e.text, '') from cases c join submission s on s.receipt = c.receipt
			left join lateral (select data::json->>'text' as text from event e where e.case_id = c.id
				and e.type in ('resolved', 'answered', 'rejected') order by seq desc limit 1) e on true
			where c.closed_at >= @since and c.closed_at < @until`+term+" order by c.closed_at, c.id limit @limit", args)
		if err != nil {
			return err
		}
		if out, err = pgx.CollectRows(rows, p.exported); err != nil {
			return err
		}
		if len(out) > MaxExport {
			return hub.Errorf(hub.CodeTooLarge, "export.too_many", MaxExport)
		}
		e := audit.New(ctx, now, audit.Exported, "export/"+since.Format("2006-01-02"), data)
		e.Data["rows"] = strconv.Itoa(len(out))
		return auditlog.Append(ctx, tx, e)
	})
	if err != nil {
		return nil, postgres.Wrap(err, "export closed cases")
	}
	return out, nil
}

func (p *Store) exported(row pgx.CollectableRow) (Exported, error) {
	var x Exported
	var state, content []byte
	if err := row.Scan(&state, &content, &x.Reply); err != nil {
		return x, err
	}
	if err := errors.Join(readCase(state, &x.Case), json.Unmarshal(content, &x.Content)); err != nil {
		return x, err
	}
	return x, p.db.Show(submissionPlace(x.Case.Receipt), &x.Content)
}
