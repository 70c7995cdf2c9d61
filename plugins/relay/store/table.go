package store

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// A TableConfig is the configuration of a table in PostgreSQL.
type TableConfig struct {
	// DSN is the address of the database.
	DSN webhook.Secret `json:"dsn"`
	// Table is its name, such as mashang_alert or exchange.mashang_alert. It
	// has the columns id (primary key), case_id, event, at and body (jsonb).
	Table string `json:"table"`
	// Allow lists private networks that may be reached.
	Allow []netip.Prefix `json:"allow"`
}

// Validate says the first thing that is wrong.
func (c TableConfig) Validate() error {
	if _, err := pgxpool.ParseConfig(string(c.DSN)); err != nil || c.DSN == "" {
		return hub.Errorf(hub.CodeInvalid, "table.dsn")
	}
	if n := strings.Count(c.Table, "."); c.Table == "" || n > 1 {
		return hub.Errorf(hub.CodeInvalid, "table.name")
	}
	return nil
}

// A Table takes one row per alert. It is safe for concurrent use.
type Table struct {
	pool *pgxpool.Pool
	sql  string
}

// NewTable checks config and returns its table; it connects when it is used.
func NewTable(c TableConfig) (*Table, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(string(c.DSN))
	if err != nil {
		return nil, hub.Errorf(hub.CodeInvalid, "table.dsn")
	}
	config.MaxConns = 4
	if !strings.HasPrefix(config.ConnConfig.Host, "/") { // a socket is this machine's own
		config.ConnConfig.DialFunc = egress.New(c.Allow...).Dialer().DialContext
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, hub.Errorf(hub.CodeInvalid, "table.dsn")
	}
	name := pgx.Identifier(strings.Split(c.Table, ".")).Sanitize()
	return &Table{pool, "insert into " + name + ` (id, case_id, event, at, body)
		values ($1, $2, $3, $4, $5) on conflict (id) do nothing`}, nil
}

// Close closes the connections.
func (t *Table) Close() error {
	t.pool.Close()
	return nil
}

// Send inserts alerts in one transaction; a row that is there is left as it is.
func (t *Table) Send(ctx context.Context, alerts []hub.Alert) []hub.Receipt {
	var b pgx.Batch
	for _, a := range alerts {
		body, err := event(a)
		if err != nil {
			return receipts(alerts, fmt.Errorf("encode alert %s: %w", a.ID, err))
		}
		b.Queue(t.sql, string(a.ID), string(a.Case), string(a.Event), a.At, string(body))
	}
	return receipts(alerts, t.pool.SendBatch(ctx, &b).Close())
}
