// Package channels runs the channels of a city and is what people do with
// them: look on (tail), try on a test address (listen), deal with letters that
// could not be taken (dead), replay a window of time, rotate keys.
//
// The console, the API and the command line call it; adapters know nothing of
// it. Start with New and Manager.Open.
package channels

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/proof"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
	"github.com/mashang-hub/mashang/hub/seal"
)

// A Config says what a Manager stands on; all fields but Publish, Window and
// Seen are required.
type Config struct {
	Registry adapters.Registry
	Channels []adapters.Config
	Intake   adapters.Intake
	Deps     adapters.Deps
	Store    *channel.Store
	// Decide says what the rules make of a submission; nothing is stored.
	Decide func(s *hub.Submission) hub.Decision
	// Case reads a case, to tell its source what happened.
	Case func(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error)
	// Merged lists the cases that were merged into one; nil knows of none.
	Merged func(ctx context.Context, id hub.CaseID) ([]hub.CaseID, error)
	// Check refuses a submission as the hub's intake would.
	Check func(s hub.Submission) error
	// Publish puts a record back on a topic of the bus.
	Publish func(topic, key string, payload []byte) error
	// Window reads the submissions that were accepted in a window of time.
	Window func(ctx context.Context, from, to time.Time, visit func(raw []byte, s hub.Submission) error) error
	// Seen tells which receipts are cases.
	Seen func(ctx context.Context, ids []hub.ReceiptID) (map[hub.ReceiptID]bool, error)
	// Again puts a submission on the bus as it was.
	Again func(ctx context.Context, raw []byte, s hub.Submission) error
	Log   *slog.Logger
	Clock hub.Clock
	// Keys seals signing keys in the database.
	Keys *seal.Keyring
}

// A Manager runs channels. It is safe for concurrent use.
type Manager struct {
	Config
	running map[hub.ChannelCode]*running
	keys    *keyring
	traffic *traffic
	tests   *tests
}

// running is one open channel.
type running struct {
	config  adapters.Config
	adapter adapters.Adapter
	gate    *adapters.Gate
	intake  adapters.Intake
}

// New returns a Manager; it opens nothing.
func New(c Config) *Manager {
	m := &Manager{Config: c, running: map[hub.ChannelCode]*running{}, traffic: newTraffic(), tests: newTests(c.Clock)}
	m.keys = &keyring{store: c.Store, clock: c.Clock, seal: c.Keys}
	m.Deps.Keep, m.Deps.Keys, m.Deps.Cursors = m.keep, m.keys.live, c.Store
	m.Deps.Trusted = func(r *http.Request) bool { return r.Context().Value(trusted{}) != nil }
	return m
}

// trusted marks requests of the hub's own operators.
type trusted struct{}

// keep stores what a channel could not take.
func (m *Manager) keep(ctx context.Context, l adapters.Letter) error {
	return m.Store.KeepLetter(context.WithoutCancel(ctx), channel.Letter{
		Stage: "channel", Channel: l.Channel, Key: l.Key, MediaType: l.MediaType, Name: l.Name,
		Reason: adapters.Sentence(l.Reason), Payload: l.Raw,
	})
}

// Open makes the adapters of all enabled channels.
func (m *Manager) Open(ctx context.Context) error {
	if err := m.keys.refresh(ctx); err != nil {
		return fmt.Errorf("read the channels' keys: %w", err)
	}
	intake := adapters.Watched(m.Intake, m.Deps, m.traffic.add)
	for _, c := range m.Channels {
		if !c.Enabled {
			continue
		}
		a, err := m.Registry.New(c, intake, m.Deps)
		if err != nil {
			return fmt.Errorf("open channel %s: %w", c.Code, err)
		}
		m.running[c.Code] = &running{config: c, adapter: a, intake: intake, gate: m.gate(c, a, m.traffic.add)}
	}
	return nil
}

func (m *Manager) gate(c adapters.Config, a adapters.Adapter, trace func(adapters.Trace)) *adapters.Gate {
	h := a.Handler()
	if h == nil {
		return nil
	}
	return &adapters.Gate{Channel: c.Code, Next: h, Limits: c.Limits, Deps: m.Deps, Trace: trace}
}

// Mount serves /in/{channel} of every channel, the test addresses and the
// pages that channels have.
func (m *Manager) Mount(mux *http.ServeMux) {
	for code, r := range m.running {
		if r.gate != nil {
			mux.Handle("/in/"+string(code), r.gate)
			mux.Handle("/in/"+string(code)+"/", r.gate)
		}
		if p, ok := r.adapter.(adapters.PageHandler); ok {
			mux.Handle("/q/", p.Pages())
		}
	}
	mux.HandleFunc("POST /in/test/{token}", m.test)
}

// Loops are the work that the channels do by themselves.
func (m *Manager) Loops() []func(context.Context) error {
	loops := []func(context.Context) error{m.keys.run}
	for _, r := range m.running {
		loops = append(loops, r.adapter.Run)
	}
	return loops
}

// A View is one channel in a list.
type View struct {
	Code    hub.ChannelCode `json:"code"`
	Name    string          `json:"name"`
	Kind    string          `json:"kind"`
	Enabled bool            `json:"enabled"`
	Push    string          `json:"push,omitempty"` // path that it is pushed to
	Auth    string          `json:"auth,omitempty"`
	Letters int             `json:"letters"`
	Keys    []channel.Key   `json:"keys,omitempty"`
	Counts  Counts          `json:"counts"`
}

// List returns all channels.
func (m *Manager) List(ctx context.Context) ([]View, error) {
	keys, err := m.Store.Keys(ctx, "")
	if err != nil {
		return nil, err
	}
	var all []View
	for _, c := range m.Channels {
		v := View{Code: c.Code, Name: c.Name, Kind: c.Kind, Enabled: c.Enabled, Auth: string(c.Auth.Type), Counts: m.traffic.counts(c.Code)}
		if r := m.running[c.Code]; r != nil && r.gate != nil {
			v.Push = "/in/" + string(c.Code)
		}
		if _, v.Letters, err = m.Store.Letters(ctx, channel.LetterFilter{Channel: c.Code, Limit: 1}); err != nil {
			return nil, err
		}
		for _, k := range keys {
			if k.Channel == c.Code {
				v.Keys = append(v.Keys, k)
			}
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b View) int { return cmp.Compare(a.Code, b.Code) })
	return all, nil
}

func (m *Manager) channel(code hub.ChannelCode) (*running, error) {
	if r := m.running[code]; r != nil {
		return r, nil
	}
	for _, c := range m.Channels {
		if c.Code == code {
			return nil, hub.Errorf(hub.CodeConflict, "channel.off", string(code))
		}
	}
	return nil, hub.Errorf(hub.CodeNotFound, "channel.not_found", string(code))
}

// Rotate makes a new key for a channel and returns it, once. Both it and the
// keys before it count until Promote.
func (m *Manager) Rotate(ctx context.Context, code hub.ChannelCode) (secret string, err error) {
	r, err := m.channel(code)
	if err != nil {
		return "", err
	}
	t := r.config.Auth.Complete().Type
	if spec := m.spec(r.config.Kind); !spec.Wired || !t.Keyed() {
		return "", hub.Errorf(hub.CodeConflict, "channel.not_keyed", string(code))
	}
	secret = proof.Generate(t)
	stored, err := m.keys.keepable(t, secret)
	if err != nil {
		return "", err
	}
	if err := m.Store.AddKey(ctx, channel.Key{Channel: code, Secret: stored, Hint: proof.Hint(secret)}); err != nil {
		return "", err
	}
	return secret, m.keys.refresh(ctx)
}

// Promote makes the new key the only one.
func (m *Manager) Promote(ctx context.Context, code hub.ChannelCode) error {
	if err := m.Store.Promote(ctx, code); err != nil {
		return err
	}
	return m.keys.refresh(ctx)
}

// Revoke takes the new key back.
func (m *Manager) Revoke(ctx context.Context, code hub.ChannelCode) error {
	if err := m.Store.Revoke(ctx, code); err != nil {
		return err
	}
	return m.keys.refresh(ctx)
}

func (m *Manager) spec(kind string) adapters.Spec {
	for _, s := range m.Registry {
		if s.Kind == kind {
			return s
		}
	}
	return adapters.Spec{}
}

// Letters lists what channels and the bus could not take.
func (m *Manager) Letters(ctx context.Context, f channel.LetterFilter) ([]channel.Letter, int, error) {
	return m.Store.Letters(ctx, f)
}

// ReplayLetter hands a letter in again; it is gone once it is accepted.
func (m *Manager) ReplayLetter(ctx context.Context, id int64) ([]hub.Acceptance, error) {
	l, err := m.Store.Letter(ctx, id)
	if err != nil {
		return nil, err
	}
	if l.Stage == callbackStage {
		if err := m.tellAgain(ctx, l); err != nil {
			return nil, err
		}
		return nil, m.Store.DropLetter(ctx, l, nil)
	}
	if l.Channel == "" {
		if err := m.Publish(l.Stage, l.Key, l.Payload); err != nil {
			return nil, fmt.Errorf("publish letter %d on %s: %w", id, l.Stage, err)
		}
		return nil, m.Store.DropLetter(ctx, l, nil)
	}
	r, err := m.channel(l.Channel)
	if err != nil {
		return nil, err
	}
	answers, err := adapters.Resubmit(ctx, r.adapter, m.Intake, adapters.Letter{
		Channel: l.Channel, MediaType: l.MediaType, Name: l.Name, Raw: l.Payload,
	})
	if err != nil {
		return answers, err
	}
	cases := make([]hub.CaseID, len(answers))
	for i, a := range answers {
		cases[i] = a.Case
	}
	return answers, m.Store.DropLetter(ctx, l, cases)
}

// A Replay is what replaying a window does, or would do.
type Replay struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	DryRun   bool      `json:"dry_run"`
	Found    int       `json:"found"`    // submissions accepted in the window
	Existing int       `json:"existing"` // of them are cases already: skipped
	Missing  int       `json:"missing"`  // have no case: replayed
	Replayed int       `json:"replayed"`
}

// replayBatch is how many receipts are looked up at once.
const replayBatch = 500

// ReplayWindow counts the submissions that were accepted in a window and puts
// those that have no case on the bus again, unless it is a dry run.
func (m *Manager) ReplayWindow(ctx context.Context, code hub.ChannelCode, from, to time.Time, dry bool) (Replay, error) {
	rep := Replay{From: from, To: to, DryRun: dry}
	if !from.Before(to) {
		return rep, hub.Errorf(hub.CodeInvalid, "replay.window")
	}
	if !dry {
		window := map[string]string{"channel": string(code), "from": from.Format(time.RFC3339), "to": to.Format(time.RFC3339)}
		if err := m.Store.Record(ctx, channel.WindowReplayed, "submissions", window); err != nil {
			return rep, err
		}
	}
	w := &replaying{m: m, rep: &rep, seen: map[hub.ReceiptID]bool{}}
	err := m.Window(ctx, from, to, func(raw []byte, s hub.Submission) error {
		if (code != "" && s.Channel != code) || w.seen[s.Receipt] {
			return nil
		}
		w.seen[s.Receipt] = true
		rep.Found++
		if w.batch = append(w.batch, accepted{raw, s}); len(w.batch) == replayBatch {
			return w.flush(ctx)
		}
		return nil
	})
	if err == nil {
		err = w.flush(ctx)
	}
	return rep, err
}

// accepted is one submission of a window.
type accepted struct {
	raw []byte
	sub hub.Submission
}

// replaying is a replay on its way.
type replaying struct {
	m     *Manager
	rep   *Replay
	seen  map[hub.ReceiptID]bool
	batch []accepted
}

// flush looks a batch up and puts what has no case on the bus again.
func (w *replaying) flush(ctx context.Context) error {
	ids := make([]hub.ReceiptID, len(w.batch))
	for i, it := range w.batch {
		ids[i] = it.sub.Receipt
	}
	known, err := w.m.Seen(ctx, ids)
	if err != nil {
		return fmt.Errorf("look up receipts: %w", err)
	}
	for _, it := range w.batch {
		if known[it.sub.Receipt] {
			w.rep.Existing++
			continue
		}
		w.rep.Missing++
		if w.rep.DryRun {
			continue
		}
		if err := w.m.Again(ctx, it.raw, it.sub); err != nil {
			return fmt.Errorf("replay %s: %w", it.sub.Receipt, err)
		}
		w.rep.Replayed++
	}
	w.batch = w.batch[:0]
	return nil
}

// keyring knows the live keys of all channels without asking the database at
// every request.
type keyring struct {
	store *channel.Store
	clock hub.Clock
	seal  *seal.Keyring

	mu   sync.Mutex
	keys map[hub.ChannelCode]adapters.Live
}
