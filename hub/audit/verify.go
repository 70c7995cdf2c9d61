package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Head (链头) is the end of one chain.
type Head struct {
	Shard int    `json:"shard"`
	Seq   int64  `json:"seq"`
	Hash  string `json:"hash"` // hexadecimal
}

// A Checkpoint (检查点) says, signed, how long every chain was at a moment. It
// is worth something only where those who can change the database cannot
// change it too.
type Checkpoint struct {
	At        time.Time `json:"at"`
	Heads     []Head    `json:"heads"`
	Records   int64     `json:"records"`
	Root      string    `json:"root"` // hash over the heads
	KeyID     string    `json:"key_id"`
	Signature string    `json:"signature"` // base64 of Ed25519 over the root and the time
}

// Sign returns the checkpoint of heads at a moment.
func Sign(key ed25519.PrivateKey, at time.Time, heads []Head) Checkpoint {
	c := Checkpoint{At: at.UTC(), Heads: slices.Clone(heads), KeyID: KeyID(key.Public().(ed25519.PublicKey))}
	slices.SortFunc(c.Heads, func(a, b Head) int { return a.Shard - b.Shard })
	for _, h := range c.Heads {
		c.Records += h.Seq
	}
	c.Root = hex.EncodeToString(root(c.Heads))
	c.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(key, c.message()))
	return c
}

// KeyID returns the short name of a public key.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:6])
}

func root(heads []Head) []byte {
	h := sha256.New()
	for _, x := range heads {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(x.Shard)))
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(x.Seq)))
		h.Write([]byte(x.Hash))
	}
	return h.Sum(nil)
}

func (c Checkpoint) message() []byte {
	return fmt.Appendf(nil, "mashang audit checkpoint\n%d\n%s\n", c.At.UnixMicro(), c.Root)
}

// Check refuses a checkpoint that key did not sign or that was changed.
func (c Checkpoint) Check(key ed25519.PublicKey) error {
	signature, err := base64.StdEncoding.DecodeString(c.Signature)
	if err != nil || c.Root != hex.EncodeToString(root(c.Heads)) || !ed25519.Verify(key, c.message(), signature) {
		return hub.Errorf(hub.CodeConflict, "audit.checkpoint_forged", c.At.Format(time.RFC3339))
	}
	return nil
}

// ParseCheckpoints reads checkpoints, one a line.
func ParseCheckpoints(data []byte) ([]Checkpoint, error) {
	var out []Checkpoint
	for i, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var c Checkpoint
		if err := json.Unmarshal(line, &c); err != nil {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "audit.checkpoint_line", Args: []any{i + 1}, Err: err}
		}
		out = append(out, c)
	}
	return out, nil
}

// A Fault (破损) is the first record that is not as it was written.
type Fault struct {
	Shard  int    `json:"shard"`
	Seq    int64  `json:"seq"`
	ID     int64  `json:"id,omitempty"` // 0 for a record that is missing
	Reason string `json:"reason"`       // changed, missing, order, tail_cut, rewritten
}

// Why an event of a case is not as it was written.
const (
	EventChanged = "changed"      // its words, its time or who did it
	EventMissing = "missing"      // taken out
	HeadDiffers  = "order"        // the row of its case keeps another end
	CaseMissing  = "case_missing" // the row of its case is gone
)

// An EventFault (事件破损) is the first event of a case's history that is not
// as it was written.
type EventFault struct {
	Case   hub.CaseID `json:"case"`
	Seq    int64      `json:"seq,omitempty"`
	Reason string     `json:"reason"`
}

// Histories (事项经过核验) says what was found in the histories of some cases.
type Histories struct {
	Cases    int         `json:"cases"`
	Events   int64       `json:"events"`
	Erased   int64       `json:"erased,omitempty"` // whose words were deleted at the end of their term
	Next     hub.CaseID  `json:"next,omitempty"`   // go on behind this case
	FirstBad *EventFault `json:"first_bad,omitempty"`
}

// Why a checkpoint is not believed.
const (
	MarkForged  = "forged"      // changed, or not signed by its key
	MarkUnknown = "unknown_key" // signed by a key that no node registered
)

// A MarkFault (检查点破损) is a checkpoint that is not to be believed.
type MarkFault struct {
	At     time.Time `json:"at"`
	KeyID  string    `json:"key_id"`
	Reason string    `json:"reason"`
}

// Trust splits checkpoints into those that one of keys signed and the first that
// none did, nil if there is no such.
func Trust(marks []Checkpoint, keys []ed25519.PublicKey) (good []Checkpoint, bad *MarkFault) {
	known := map[string]ed25519.PublicKey{}
	for _, key := range keys {
		known[KeyID(key)] = key
	}
	for _, m := range marks {
		key, ok := known[m.KeyID]
		reason := MarkUnknown
		if ok {
			reason = MarkForged
			ok = m.Check(key) == nil
		}
		switch {
		case ok:
			good = append(good, m)
		case bad == nil:
			bad = &MarkFault{m.At, m.KeyID, reason}
		}
	}
	return good, bad
}

// A Verifier follows the chains record by record. The zero Verifier is ready;
// it is told the checkpoints before the first record.
type Verifier struct {
	Records int64
	seq     [Shards]int64
	hash    [Shards][]byte
	marks   map[[2]int64]string // shard, seq → hash that a checkpoint saw
	longest [Shards]int64
	only    *int
}

// Only has v follow one chain and leave the others alone. Call it first.
func (v *Verifier) Only(shard int) { v.only = &shard }

// Follows reports whether v is to look at a chain.
func (v *Verifier) Follows(shard int) bool {
	return shard >= 0 && shard < Shards && (v.only == nil || *v.only == shard)
}

// Expect tells v what a checkpoint saw.
func (v *Verifier) Expect(c Checkpoint) {
	if v.marks == nil {
		v.marks = map[[2]int64]string{}
	}
	for _, h := range c.Heads {
		if !v.Follows(h.Shard) {
			continue
		}
		v.marks[[2]int64{int64(h.Shard), h.Seq}] = h.Hash
		v.longest[h.Shard] = max(v.longest[h.Shard], h.Seq)
	}
}

// Next checks the next record of its chain; records of one chain come in order.
func (v *Verifier) Next(e Entry) *Fault {
	if e.Shard < 0 || e.Shard >= Shards {
		return &Fault{e.Shard, e.Seq, e.ID, "order"}
	}
	v.Records++
	want := v.seq[e.Shard] + 1
	if e.Seq != want {
		return &Fault{Shard: e.Shard, Seq: want, Reason: "missing"}
	}
	digest, err := e.Digest()
	if err != nil {
		return &Fault{e.Shard, e.Seq, e.ID, "changed"}
	}
	hash := Link(v.hash[e.Shard], e.Seq, digest)
	if !bytes.Equal(hash, e.Hash) {
		return &Fault{e.Shard, e.Seq, e.ID, "changed"}
	}
	v.seq[e.Shard], v.hash[e.Shard] = e.Seq, hash
	if seen, ok := v.marks[[2]int64{int64(e.Shard), e.Seq}]; ok && seen != hex.EncodeToString(hash) {
		return &Fault{e.Shard, e.Seq, e.ID, "rewritten"}
	}
	return nil
}

// End says whether every chain ends where its head says, and no earlier than
// the checkpoints saw it.
func (v *Verifier) End(heads []Head) *Fault {
	headless := v.seq
	for _, h := range heads {
		if !v.Follows(h.Shard) {
			continue
		}
		headless[h.Shard] = 0
		if h.Seq > v.seq[h.Shard] {
			return &Fault{Shard: h.Shard, Seq: v.seq[h.Shard] + 1, Reason: "missing"}
		}
		if h.Seq < v.seq[h.Shard] || h.Seq > 0 && h.Hash != hex.EncodeToString(v.hash[h.Shard]) {
			return &Fault{Shard: h.Shard, Seq: h.Seq, Reason: "order"}
		}
	}
	for shard, seq := range headless {
		if seq > 0 {
			return &Fault{Shard: shard, Seq: seq, Reason: "order"}
		}
	}
	for shard, seq := range v.longest {
		if seq > v.seq[shard] {
			return &Fault{Shard: shard, Seq: v.seq[shard] + 1, Reason: "tail_cut"}
		}
	}
	return nil
}
