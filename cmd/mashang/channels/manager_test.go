package channels_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/all"
	"github.com/mashang-hub/mashang/adapters/mapping"
	"github.com/mashang-hub/mashang/adapters/proof"
	"github.com/mashang-hub/mashang/cmd/mashang/channels"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/intake"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/seal"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// A world is a manager of two channels over a real store.
type world struct {
	*channels.Manager
	t     *testing.T
	in    *adaptertest.Intake
	store *channel.Store
	now   time.Time
	mux   *http.ServeMux
	again []hub.ReceiptID
	told  chan string
	deny  int // what the source answers a callback
}

func newWorld(t *testing.T, t2 proof.Type) *world {
	t.Helper()
	w := &world{t: t, in: &adaptertest.Intake{}, now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), told: make(chan string, 10), deny: 200}
	clock := hub.ClockFunc(func() time.Time { return w.now })
	keys, err := seal.Parse(seal.NewLine("k1"))
	if err != nil {
		t.Fatal(err)
	}
	w.store = channel.New(pgtest.Open(t), clock, keys)
	source := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rw.WriteHeader(w.deny)
		w.told <- string(body)
	}))
	t.Cleanup(source.Close)
	w.Manager = channels.New(channels.Config{
		Registry: all.Registry(), Intake: w.in, Store: w.store, Clock: clock, Log: slog.New(slog.DiscardHandler), Keys: keys, Check: intake.Check,
		Deps: adapters.Deps{Clock: clock, Demo: true},
		Channels: []adapters.Config{
			{
				Code: "a", Name: "甲", Kind: "webhook", Enabled: true, Auth: proof.Config{Type: t2, Keys: []proof.Secret{"the-old-key-of-a"}},
				Map:   mapping.Config{ExternalID: "id", Text: "nr", Phone: "dh"},
				Reply: adapters.Reply{Callback: &adapters.Callback{URL: source.URL, Body: `{"id": external_id, "step": step}`}},
			},
			{Code: "b", Name: "乙", Kind: "webhook", Map: mapping.Config{Text: "nr"}},
		},
		Decide: func(s *hub.Submission) hub.Decision {
			return hub.Decision{Lead: "heating", Class: hub.Class{Topic: "heating"}}
		},
		Window: func(_ context.Context, _, _ time.Time, visit func([]byte, hub.Submission) error) error {
			for _, r := range []hub.ReceiptID{"r_1", "r_2", "r_3", "r_2"} {
				if err := visit([]byte(r), hub.Submission{Channel: "a", Receipt: r}); err != nil {
					return err
				}
			}
			return visit(nil, hub.Submission{Channel: "b", Receipt: "r_9"})
		},
		Seen: func(_ context.Context, ids []hub.ReceiptID) (map[hub.ReceiptID]bool, error) {
			return map[hub.ReceiptID]bool{"r_1": true}, nil
		},
		Again: func(_ context.Context, _ []byte, s hub.Submission) error {
			w.again = append(w.again, s.Receipt)
			return nil
		},
		Case: func(_ context.Context, id hub.CaseID) (hub.Case, hub.Submission, error) {
			return hub.Case{ID: id, Channel: "a", Status: hub.StatusResolved}, hub.Submission{ExternalID: "G1"}, nil
		},
	})
	if err := w.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.mux = http.NewServeMux()
	w.Mount(w.mux)
	return w
}

// post sends a message with a key and returns the answer.
func (w *world) post(path, key, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	g := proof.New(proof.Config{Type: proof.Key}, nil, nil)
	_ = g.Sign(r, nil, key)
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	return rec
}

const old, order = "the-old-key-of-a", `{"id":"G1","nr":"暖气不热","dh":"13900001111"}`

func TestRotate(t *testing.T) {
	w := newWorld(t, proof.Key)
	fresh, err := w.Rotate(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{old, fresh} {
		if got := w.post("/in/a", k, order); got.Code != 202 {
			t.Errorf("both keys are live: %d %s", got.Code, got.Body)
		}
	}
	if err := w.Promote(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if a, b := w.post("/in/a", old, order).Code, w.post("/in/a", fresh, order).Code; a != 401 || b != 202 {
		t.Errorf("after promotion: old %d, new %d", a, b)
	}
	next, err := w.Rotate(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Revoke(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if a, b := w.post("/in/a", next, order).Code, w.post("/in/a", fresh, order).Code; a != 401 || b != 202 {
		t.Errorf("after taking it back: revoked %d, current %d", a, b)
	}
	if err := w.Promote(t.Context(), "a"); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("nothing to promote: %v", err)
	}
	keys, err := w.store.Keys(t.Context(), "a")
	if err != nil || len(keys) != 1 || strings.Contains(keys[0].Secret, fresh) || keys[0].Hint != "••••"+fresh[len(fresh)-4:] {
		t.Errorf("stored %+v, %v: the key itself must not be there", keys, err)
	}
	for code, want := range map[hub.ChannelCode]hub.ErrorCode{"nowhere": hub.CodeNotFound, "b": hub.CodeConflict} {
		if _, err := w.Rotate(t.Context(), code); hub.CodeOf(err) != want {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// A signing key must be known in the clear to check, and is sealed at rest.
func TestSigningKeysAreSealed(t *testing.T) {
	w := newWorld(t, proof.SM3)
	secret, err := w.Rotate(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/in/a", strings.NewReader(order))
	r.Header.Set("Content-Type", "application/json")
	g := proof.New(proof.Config{Type: proof.SM3}, nil, func() time.Time { return w.now })
	_ = g.Sign(r, []byte(order), secret)
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	keys, _ := w.store.Keys(t.Context(), "a")
	if rec.Code != 202 || len(keys) != 1 || strings.Contains(keys[0].Secret, secret) || !strings.HasPrefix(keys[0].Secret, "sealed:") {
		t.Errorf("%d %s, stored %+v", rec.Code, rec.Body, keys)
	}
}

func TestLettersAreRepairedAndReplayed(t *testing.T) {
	w := newWorld(t, proof.Key)
	for range 3 {
		if got := w.post("/in/a", old, `{"id":"G2"`); got.Code != 400 {
			t.Fatalf("broken: %d", got.Code)
		}
	}
	letters, total, err := w.Letters(t.Context(), channel.LetterFilter{Channel: "a"})
	if err != nil || total != 1 || letters[0].Seen != 3 || string(letters[0].Payload) != `{"id":"G2"` {
		t.Fatalf("%+v, %d, %v", letters, total, err)
	}
	id := letters[0].ID
	if _, err := w.ReplayLetter(t.Context(), id); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("replay without repair: %v", err)
	}
	if err := w.store.RepairLetter(t.Context(), id, []byte(`{"id":"G2","nr":"冷"}`), "application/json"); err != nil {
		t.Fatal(err)
	}
	answers, err := w.ReplayLetter(t.Context(), id)
	if err != nil || len(answers) != 1 || len(w.in.Taken()) != 1 {
		t.Errorf("%+v, %v, taken %d", answers, err, len(w.in.Taken()))
	}
	if _, err := w.ReplayLetter(t.Context(), id); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("twice: %v", err)
	}
}

func TestReplayWindow(t *testing.T) {
	w := newWorld(t, proof.Key)
	from, to := w.now.Add(-time.Hour), w.now
	rep, err := w.ReplayWindow(t.Context(), "a", from, to, true)
	if err != nil || rep.Found != 3 || rep.Existing != 1 || rep.Missing != 2 || rep.Replayed != 0 || len(w.again) != 0 {
		t.Errorf("dry run: %+v, %v, replayed %v", rep, err, w.again)
	}
	rep, err = w.ReplayWindow(t.Context(), "", from, to, false)
	if err != nil || rep.Found != 4 || rep.Replayed != 3 || len(w.again) != 3 {
		t.Errorf("%+v, %v, replayed %v", rep, err, w.again)
	}
	if _, err := w.ReplayWindow(t.Context(), "", to, from, true); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("a window that ends before it begins: %v", err)
	}
}

func TestListenStoresNothing(t *testing.T) {
	w := newWorld(t, proof.Key)
	test, err := w.Listen("a")
	if err != nil {
		t.Fatal(err)
	}
	for body, status := range map[string]int{order: 202, `{"id":`: 400} {
		if got := w.post(test.Path, old, body); got.Code != status {
			t.Errorf("%s: %d %s", body, got.Code, got.Body)
		}
	}
	hits := test.Hits(t.Context(), 0)
	if len(hits) != 2 {
		t.Fatalf("%d hits", len(hits))
	}
	for _, h := range hits {
		if h.Status != 202 {
			continue
		}
		it := h.Items[0]
		if h.Raw != order || it.Department != "heating" || it.Mapped["text"] != "暖气不热" || it.Mapped["phone"] == "13900001111" || h.Headers["Authorization"] != "••••" {
			t.Errorf("%+v", h)
		}
	}
	_, letters, _ := w.Letters(t.Context(), channel.LetterFilter{})
	if n := len(w.in.Taken()); n != 0 || letters != 0 {
		t.Errorf("%d submissions and %d letters were stored", n, letters)
	}
	w.now = w.now.Add(channels.ListenFor + time.Second)
	if got := w.post(test.Path, old, order); got.Code != 410 {
		t.Errorf("after its time: %d", got.Code)
	}
	if _, err := w.Listen("b"); err != nil {
		t.Errorf("a channel that is off may be tried: %v", err)
	}
}

func TestTail(t *testing.T) {
	w := newWorld(t, proof.Key)
	w.post("/in/a", old, order)
	w.post("/in/a", old, order)
	w.post("/in/a", "wrong", order)
	w.post("/in/a", old, "{")
	w.in.Fail(hub.Errorf(hub.CodeUnavailable, "intake.unavailable"))
	w.post("/in/a", old, order)
	got, last := w.Tail(t.Context(), channels.TailFilter{Channel: "a"})
	var outcomes []string
	for _, a := range got {
		outcomes = append(outcomes, a.Outcome)
		if strings.Contains(a.Raw, "13900001111") {
			t.Errorf("a phone number shows: %s", a.Raw)
		}
	}
	if want := "accepted duplicate denied refused unavailable"; strings.Join(outcomes, " ") != want || last != 5 {
		t.Errorf("outcomes %v up to %d, want %s", outcomes, last, want)
	}
	if some, _ := w.Tail(t.Context(), channels.TailFilter{Outcome: channels.Refused}); len(some) != 1 || some[0].Error == "" {
		t.Errorf("refused: %+v", some)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if none, _ := w.Tail(ctx, channels.TailFilter{After: last}); len(none) != 0 {
		t.Errorf("after the last: %+v", none)
	}
	list, err := w.List(t.Context())
	if err != nil || len(list) != 2 || list[0].Counts.Accepted != 1 || list[0].Counts.Duplicate != 1 || list[0].Letters != 1 || list[0].Push != "/in/a" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestCallbacks(t *testing.T) {
	w := newWorld(t, proof.Key)
	handlers := w.Callbacks()
	if len(handlers) != 1 || handlers["a"] == nil {
		t.Fatalf("%d channels are told", len(handlers))
	}
	event, err := json.Marshal(map[string]any{"id": "BY1.3", "data": hub.Event{Case: "BY1", Seq: 3, Type: hub.Resolved, At: w.now}})
	if err != nil {
		t.Fatal(err)
	}
	handle := func() error {
		return handlers["a"](t.Context(), []*message.Message{message.NewMessage("1", event)})
	}
	if err := handle(); err != nil || <-w.told != `{"id":"G1","step":"resolved"}` {
		t.Errorf("told: %v", err)
	}
	w.deny = 500
	if err := handle(); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Errorf("a source that is away: %v, want it again", err)
	}
	w.deny = 404
	if err := handle(); err != nil {
		t.Errorf("a source that refuses must not hold up the rest: %v", err)
	}
	letters, _, err := w.Letters(t.Context(), channel.LetterFilter{Channel: "a"})
	if err != nil || len(letters) != 1 || letters[0].Stage != "callback" {
		t.Fatalf("%+v, %v", letters, err)
	}
	w.deny = 200
	if _, err := w.ReplayLetter(t.Context(), letters[0].ID); err != nil {
		t.Errorf("told again: %v", err)
	}
}

func TestOpenNamesTheChannel(t *testing.T) {
	c := channels.Config{
		Registry: all.Registry(), Store: channel.New(pgtest.Open(t), hub.ClockFunc(time.Now), nil), Clock: hub.ClockFunc(time.Now),
		Channels: []adapters.Config{{Code: "bad", Kind: "webhook", Enabled: true}},
	}
	if err := channels.New(c).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "bad") {
		t.Errorf("error %v", err)
	}
}
