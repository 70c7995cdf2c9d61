// Package sqlin is the channel that reads a table of a front-end database
// (前置库), by a growing column or by a status column that it updates.
//
// A row is acknowledged only after it is accepted or kept. It speaks the
// PostgreSQL protocol. Start with Spec.
package sqlin

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/decode"
)

// Spec describes the kind.
func Spec() adapters.Spec {
	return adapters.Spec{
		Kind: "sql", New: New, Wired: true, Doc: "读前置库的一张表：游标列，或状态列加回写",
		Options: func() any { c := Default(); return &c },
	}
}

type adapter struct {
	*adapters.Wired
	config Config
	dsn    string
}

// New makes the adapter of c.
func New(c adapters.Config, in adapters.Intake, d adapters.Deps) (adapters.Adapter, error) {
	config := Default()
	if err := c.Options.Decode(&config); err != nil {
		return nil, err
	}
	if err := config.Validate(); err != nil {
		return nil, err
	}
	w, err := adapters.Wire(c, in, d)
	if err != nil {
		return nil, err
	}
	dsn, err := config.DSN.Reveal(w.Deps)
	if err != nil {
		return nil, fmt.Errorf("dsn: %w", err)
	}
	return &adapter{w, config, dsn}, nil
}

// Handler is nil: nothing is pushed.
func (a *adapter) Handler() http.Handler { return nil }

// Run reads until ctx ends.
func (a *adapter) Run(ctx context.Context) error {
	return a.Fetch(ctx, a.config.Every, 10*a.config.Every, a.round)
}

// A row is one row with its columns as the database prints them.
type row map[string]any

// round takes the next rows, in their order.
func (a *adapter) round(ctx context.Context) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout)
	defer cancel()
	conn, err := a.connect(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	cursor, err := a.Cursor(ctx, a.config.Start)
	if err != nil {
		return false, err
	}
	rows, err := a.rows(ctx, conn, cursor)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	docs := make([]decode.Document, len(rows))
	for i, r := range rows {
		raw, err := json.Marshal(r, json.Deterministic(true))
		if err != nil {
			return false, fmt.Errorf("encode row: %w", err)
		}
		docs[i] = decode.Document{Value: map[string]any(r), Raw: raw, MediaType: "application/json"}
	}
	results, err := a.TakeDocs(ctx, docs)
	if err != nil {
		return false, err
	}
	return true, a.acknowledge(ctx, conn, rows, results)
}

// connect asks for texts: a number or time is kept as the database prints it.
func (a *adapter) connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(a.dsn)
	if err != nil {
		return nil, fmt.Errorf("dsn: %w", err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return conn, nil
}

func (a *adapter) rows(ctx context.Context, conn *pgx.Conn, cursor string) ([]row, error) {
	var args []any
	if a.config.Cursor != "" {
		args = []any{cursor}
	}
	rows, err := conn.Query(ctx, a.config.Query, args...)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	defer rows.Close()
	var all []row
	for rows.Next() {
		r := row{}
		for i, v := range rows.RawValues() {
			if v != nil {
				r[rows.FieldDescriptions()[i].Name] = string(v)
			}
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	return all, nil
}

// acknowledge tells the database, and then moves the cursor.
func (a *adapter) acknowledge(ctx context.Context, conn *pgx.Conn, rows []row, results []adapters.Result) error {
	for i, r := range results {
		if a.config.Done == "" {
			break
		}
		update, second := a.config.Done, string(r.Acceptance.Case)
		if r.Acceptance.Err != nil {
			second = adapters.Sentence(r.Acceptance.Err)
			if a.config.Refused != "" {
				update = a.config.Refused
			}
		}
		args := []any{rows[i][a.config.Key]}
		if strings.Contains(update, "$2") {
			args = append(args, second)
		}
		if _, err := conn.Exec(ctx, update, args...); err != nil {
			return fmt.Errorf("acknowledge row %v: %w", rows[i][a.config.Key], err)
		}
	}
	if a.config.Cursor == "" {
		return nil
	}
	last, ok := rows[len(rows)-1][a.config.Cursor].(string)
	if !ok {
		return fmt.Errorf("cursor: the query has no column %q", a.config.Cursor)
	}
	if a.Deps.Cursors == nil {
		return fmt.Errorf("cursor: there is nothing to remember it with")
	}
	return a.MoveCursor(ctx, last)
}
