package app

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/oklog/run"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// auditFile is where a setting of the audit lies: what the environment says,
// else in the data folder.
func (a *App) auditFile(variable, name string) string {
	if file := os.Getenv(variable); file != "" {
		return file
	}
	return filepath.Join(a.opts.Data, "audit", name)
}

func (a *App) checkpointFile() string {
	return a.auditFile("MASHANG_AUDIT_CHECKPOINTS", "checkpoints.jsonl")
}

// notary adds the loop that signs checkpoints of the audit and keeps them in a
// file and on the bus, and those that delete what is past its term and draw return visits.
func (a *App) notary(ctx context.Context, g *run.Group) error {
	key, err := audit.LoadKey(a.auditFile("MASHANG_AUDIT_KEY", "key"))
	if err != nil {
		return fmt.Errorf("audit key: %w", err)
	}
	if err := auditlog.New(a.db).AddSigner(ctx, key.Public().(ed25519.PublicKey), a.clock.Now()); err != nil {
		return err
	}
	n := &audit.Notary{
		Key: key, Clock: a.clock, Log: a.log,
		Heads: func(ctx context.Context) ([]audit.Head, error) { return auditlog.Heads(ctx, a.db.Pool()) },
		Keep:  []func(audit.Checkpoint) error{audit.ToFile(a.checkpointFile()), a.publishCheckpoint},
	}
	actor(ctx, g, n.Run)
	actor(ctx, g, a.expireDaily)
	actor(ctx, g, a.sampleVisits)
	return nil
}

func (a *App) publishCheckpoint(c audit.Checkpoint) error {
	payload, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode checkpoint: %w", err)
	}
	return a.pub.Relay([]hub.Outgoing{{Topic: bus.Audit, Key: c.KeyID, ID: c.Root, Payload: payload}})
}

// checkpoints returns the last in the node's own file, and the keys of all nodes.
func (a *App) checkpoints(ctx context.Context) ([]audit.Checkpoint, []ed25519.PublicKey, error) {
	marks, err := audit.FromFile(a.checkpointFile())
	if err != nil {
		return nil, nil, err
	}
	keys, err := auditlog.New(a.db).Signers(ctx)
	return marks, keys, err
}
