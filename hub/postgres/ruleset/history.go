package ruleset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/release"
)

// A Past (历史事项) is a submission and the department that has its case now.
type Past struct {
	hub.Submission
	Lead hub.DepartmentCode
}

// History returns what was submitted since then, newest first, at most limit,
// without the people who reported it.
func (s *Store) History(ctx context.Context, since time.Time, limit int) ([]Past, error) {
	rows, err := s.db.Pool().Query(ctx, `select s.case_id, s.channel, s.external_id, s.place, s.kind, s.urgency,
			s.submitted_at, s.received_at, s.content, c.lead
		from submission s join cases c on c.id = s.case_id
		where s.received_at >= $1 order by s.received_at desc, s.case_id limit $2`, since, limit)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Past, error) {
		var p Past
		var content []byte
		err := row.Scan(&p.Case, &p.Channel, &p.ExternalID, &p.Place, &p.Kind, &p.Urgency,
			&p.SubmittedAt, &p.ReceivedAt, &content, &p.Lead)
		err = errors.Join(err, json.Unmarshal(content, &p.Content))
		p.Reporter = hub.Reporter{}
		maps.DeleteFunc(p.Extra, func(k, _ string) bool { return strings.HasPrefix(k, "_") }) // what is sealed
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return list, nil
}

// Decided returns a case's submission and the decision that opened it.
func (s *Store) Decided(ctx context.Context, id hub.CaseID) (hub.Submission, hub.Decision, error) {
	_, sub, err := s.cases.Case(ctx, id)
	if err != nil {
		return sub, hub.Decision{}, err
	}
	events, err := s.cases.Events(ctx, id)
	if err != nil {
		return sub, hub.Decision{}, err
	}
	for _, e := range events {
		if e.Data.Decision != nil {
			return sub, *e.Data.Decision, nil
		}
	}
	return sub, hub.Decision{}, hub.Errorf(hub.CodeNotFound, "release.no_decision", id)
}

// SaveComparisons stores comparisons; one that is known is left as it is.
func (s *Store) SaveComparisons(ctx context.Context, list []release.Comparison) error {
	var b pgx.Batch
	for _, c := range list {
		before, err1 := json.Marshal(c.Before)
		after, err2 := json.Marshal(c.After)
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("encode a comparison of %s: %w", c.Case, err)
		}
		b.Queue(`insert into rule_shadow (hash, case_id, at, live, went, goes, same, before, after)
			values ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9::text::jsonb) on conflict do nothing`,
			c.Shadow, c.Case, c.At, c.Live, c.Before.Destination(), c.After.Destination(), c.Same, string(before), string(after))
	}
	if err := s.db.Pool().SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("store %d comparisons: %w", len(list), err)
	}
	return nil
}

// ShadowSummary says how a shadow compares, with its newest differences.
func (s *Store) ShadowSummary(ctx context.Context, hash hub.RuleSetHash, samples int) (release.ShadowReport, error) {
	r := release.ShadowReport{Shadow: hash, Matrix: []release.Move{}}
	err := s.db.Pool().QueryRow(ctx, "select count(*), count(*) filter (where same) from rule_shadow where hash = $1", hash).
		Scan(&r.Cases, &r.Same)
	if err != nil {
		return r, fmt.Errorf("count the comparisons of %s: %w", hash, err)
	}
	rows, err := s.db.Pool().Query(ctx, `select went, goes, count(*) from rule_shadow
		where hash = $1 and went <> goes group by 1, 2 order by 3 desc, 1, 2`, hash)
	if err != nil {
		return r, fmt.Errorf("compare %s: %w", hash, err)
	}
	if r.Matrix, err = pgx.CollectRows(rows, pgx.RowToStructByPos[release.Move]); err != nil {
		return r, fmt.Errorf("compare %s: %w", hash, err)
	}
	rows, err = s.db.Pool().Query(ctx, `select case_id, at, hash, live, before, after, same from rule_shadow
		where hash = $1 and not same order by at desc, case_id limit $2`, hash, samples)
	if err != nil {
		return r, fmt.Errorf("read the comparisons of %s: %w", hash, err)
	}
	r.Samples, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (release.Comparison, error) {
		var c release.Comparison
		var before, after []byte
		err := row.Scan(&c.Case, &c.At, &c.Shadow, &c.Live, &before, &after, &c.Same)
		return c, errors.Join(err, json.Unmarshal(before, &c.Before), json.Unmarshal(after, &c.After))
	})
	if err != nil {
		return r, fmt.Errorf("read the comparisons of %s: %w", hash, err)
	}
	return r, nil
}

// Judged returns the decisions made after a moment, oldest first, at most
// limit, with masked titles.
func (s *Store) Judged(ctx context.Context, after time.Time, limit int) ([]release.Judged, error) {
	rows, err := s.db.Pool().Query(ctx, `select c.id, c.opened_at, c.channel, c.place, c.title, e.data::json -> 'decision'
		from cases c join event e on e.case_id = c.id and e.seq <= 3 and e.data::json -> 'decision' is not null
		where c.opened_at > $1 order by c.opened_at, c.id limit $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the newest decisions: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (release.Judged, error) {
		var j release.Judged
		var decision []byte
		err := row.Scan(&j.Case, &j.At, &j.Channel, &j.Place, &j.Title, &decision)
		err = errors.Join(err, json.Unmarshal(decision, &j.Decision))
		j.To, j.Title = j.Decision.Destination(), mask.Text(j.Title)
		return j, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the newest decisions: %w", err)
	}
	return list, nil
}
