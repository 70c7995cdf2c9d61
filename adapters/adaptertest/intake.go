// Package adaptertest is the conformance suite that every adapter passes: an
// adapter that loses, changes or prematurely confirms a submission fails it.
//
// It does not test the Intake behind the adapter; it brings a recording one.
// Start with Suite.
package adaptertest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"sync"

	"github.com/mashang-hub/mashang/hub"
)

// An Intake records what is handed in and numbers it by channel and external
// id. It is safe for concurrent use.
type Intake struct {
	mu   sync.Mutex
	err  error
	subs []hub.Submission
	seen map[string]int
}

// Fail makes every later Accept return err; nil makes it work again.
func (i *Intake) Fail(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.err = err
}

// Taken returns all accepted submissions without duplicates.
func (i *Intake) Taken() []hub.Submission {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.subs)
}

// Accept records subs.
func (i *Intake) Accept(_ context.Context, subs []hub.Submission) ([]hub.Acceptance, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.err != nil {
		return nil, i.err
	}
	if i.seen == nil {
		i.seen = map[string]int{}
	}
	answers := make([]hub.Acceptance, len(subs))
	for n, s := range subs {
		if s.Title == "" && s.Text == "" {
			answers[n].Err = hub.Errorf(hub.CodeInvalid, "submission.empty")
			continue
		}
		key := string(s.Channel) + "/" + s.ExternalID
		number, again := i.seen[key]
		if !again {
			number = len(i.subs) + 1
			i.seen[key] = number
			i.subs = append(i.subs, s)
		}
		text := strconv.Itoa(number)
		answers[n] = hub.Acceptance{Receipt: hub.ReceiptID("r_" + text), Case: hub.CaseID("BY" + text), Duplicate: again}
	}
	return answers, nil
}

// SaveAttachment names an attachment by its content and keeps nothing.
func SaveAttachment(_ context.Context, mediaType string, data []byte) (hub.Attachment, error) {
	sum := sha256.Sum256(data)
	return hub.Attachment{SHA256: hex.EncodeToString(sum[:]), MediaType: mediaType, Size: int64(len(data))}, nil
}
