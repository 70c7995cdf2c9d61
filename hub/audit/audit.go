// Package audit keeps the record (审计) of who did what: changes by people,
// reveals of personal data, exports and log-ins. The records form hash chains,
// one a shard, and checkpoints signed with Ed25519 that are kept elsewhere.
//
// A record is written in the transaction of what it records, by package
// auditlog; what cannot be recorded does not happen. A chain shows every later
// change, and a checkpoint also that its tail was cut. Somebody who holds both
// the database and the signing key can rewrite all. Start with [Entry] and
// [Verify].
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// Shards is how many chains there are: writers of different chains do not wait
// for each other.
const Shards = 16

// The actions that are recorded beside changes of cases, which are recorded as
// "case." and the type of the event.
const (
	LoginDone    = "login.done"
	LoginFailed  = "login.failed"
	Logout       = "logout"
	Revealed     = "personal.revealed"
	Exported     = "cases.exported"
	AccountSaved = "account.saved"
	Deleted      = "personal.deleted"

	DeliveriesRedone = "deliveries.redone"
	LaneSet          = "lane.set"
)

// An Entry (审计记录) is one record.
type Entry struct {
	ID     int64             `json:"id"`
	Shard  int               `json:"shard"`
	Seq    int64             `json:"seq"` // within the shard, from 1
	At     time.Time         `json:"at"`
	Actor  hub.Actor         `json:"actor"`
	Action string            `json:"action"`
	Object string            `json:"object"`
	Data   map[string]string `json:"data,omitempty"`
	Hash   []byte            `json:"hash"`
}

// Digest returns the hash of what e says, without its place in the chain.
func (e Entry) Digest() ([]byte, error) {
	body, err := json.Marshal(struct {
		At     int64             `json:"at"`
		Actor  hub.Actor         `json:"actor"`
		Action string            `json:"action"`
		Object string            `json:"object"`
		Data   map[string]string `json:"data"`
	}{e.At.UnixMicro(), e.Actor, e.Action, e.Object, e.Data})
	if err != nil {
		return nil, fmt.Errorf("encode audit entry: %w", err)
	}
	sum := sha256.Sum256(body)
	return sum[:], nil
}

// Link returns the hash of the record number seq: prev is the hash of the one
// before, empty for the first.
func Link(prev []byte, seq int64, digest []byte) []byte {
	h := sha256.New()
	h.Write(prev)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(seq)))
	h.Write(digest)
	return h.Sum(nil)
}

// ShardOf returns the chain of object.
func ShardOf(object string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(object))
	return int(h.Sum32() % Shards)
}

// A Source (来源) is who is at work and from where.
type Source struct {
	Actor   hub.Actor
	Session string // log-in or token
	Remote  string // address
}

// sourceKey is the key of a Source in a context.
type sourceKey struct{}

// From returns a context whose changes are recorded as made by s.
func From(ctx context.Context, s Source) context.Context {
	return context.WithValue(ctx, sourceKey{}, s)
}

// SourceOf returns who is at work; ok is false for the hub itself.
func SourceOf(ctx context.Context) (s Source, ok bool) {
	s, ok = ctx.Value(sourceKey{}).(Source)
	return s, ok
}

// New returns the record of what the source of ctx did to object at now.
func New(ctx context.Context, now time.Time, action, object string, data map[string]string) Entry {
	e := Entry{Shard: ShardOf(object), At: now, Actor: hub.System(), Action: action, Object: object, Data: map[string]string{}}
	maps.Copy(e.Data, data)
	if s, ok := SourceOf(ctx); ok {
		e.Actor = s.Actor
		for k, v := range map[string]string{"session": s.Session, "remote": s.Remote} {
			if v != "" {
				e.Data[k] = v
			}
		}
	}
	return e
}
