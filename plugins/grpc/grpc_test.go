package grpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/grpc"
	"github.com/mashang-hub/mashang/plugins/plugintest"
)

// echo records what arrives and answers as told.
type echo struct {
	alerts   []hub.Alert
	receipts []hub.Receipt
	update   hub.Update
	sent     chan error
	err      error
	panics   bool
}

func (e *echo) Configure(context.Context, json.RawMessage) error { return e.err }
func (e *echo) Health(context.Context) error                     { return e.err }

func (e *echo) Deliver(_ context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
	if e.panics {
		panic("on purpose")
	}
	e.alerts = alerts
	return e.receipts, e.err
}

func (e *echo) Updates(ctx context.Context, send func(hub.Update) error) error {
	e.sent <- send(e.update)
	<-ctx.Done()
	return nil
}

func TestNothingIsLostOnTheWire(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 5, 0, 123456789, time.UTC)
	alert := hub.Alert{
		ID: "a", Department: "heating", Role: hub.RoleCo, Event: hub.Supervised, Seq: 7, At: at, Case: "BY1",
		Place: "620402", Due: at.Add(time.Hour), Text: "限时办结",
		Class: hub.Class{Category: "城乡建设", Kind: hub.KindHelp, Urgency: hub.UrgencyCritical, Topic: "heating", Grade: hub.GradeComplex, Tags: []string{"a"}},
		Content: hub.Content{
			Title: "标题", Text: "正文", PlaceText: "某地", Extra: map[string]string{"k": "v"},
			Reporter:    hub.Reporter{Name: "张三", Phone: "1", IDNumber: "2", Account: "3", Anonymous: true},
			Attachments: []hub.Attachment{{SHA256: "ff", Name: "n", MediaType: "image/png", Size: 9}},
		},
	}
	receipt := hub.Receipt{
		Alert: "a", Outcome: hub.RetryLater, Reason: "忙", RetryAfter: time.Minute,
		Facts: map[string]string{"k": "v"}, Group: "g", Critical: true,
	}
	e := &echo{
		receipts: []hub.Receipt{receipt}, sent: make(chan error, 1),
		update: hub.Update{ID: "u", Department: "heating", Case: "BY1", Step: hub.SentBack, Text: "非本部门", Suggest: "housing", At: at},
	}
	d := plugintest.OverGRPC(t, e)
	got, err := d.Deliver(t.Context(), []hub.Alert{alert})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]hub.Alert{alert}, e.alerts); diff != "" {
		t.Errorf("alert (-sent +arrived):\n%s", diff)
	}
	if diff := cmp.Diff(e.receipts, got); diff != "" {
		t.Errorf("receipt (-sent +arrived):\n%s", diff)
	}
	ctx, cancel := context.WithTimeout(t.Context(), plugintest.Wait)
	defer cancel()
	refusal := hub.Errorf(hub.CodeConflict, "case.closed")
	go func() {
		_ = d.Updates(ctx, func(u hub.Update) error {
			if diff := cmp.Diff(e.update, u); diff != "" {
				t.Errorf("update (-sent +arrived):\n%s", diff)
			}
			return refusal
		})
	}()
	if err := <-e.sent; hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("the plugin was told %v", err)
	}
}

// What the hub thinks a message takes is never too little, and little too much.
func TestBoundOfAnAlert(t *testing.T) {
	words := rapid.StringOfN(rapid.RuneFrom([]rune("热暖气a1")), 0, 300, -1)
	rapid.Check(t, func(r *rapid.T) {
		a := hub.Alert{
			ID: hub.AlertID(words.Draw(r, "id")), Department: hub.DepartmentCode(words.Draw(r, "department")), Seq: rapid.Int64().Draw(r, "seq"),
			At: time.Unix(rapid.Int64Range(-1<<33, 1<<33).Draw(r, "at"), 999_999_999), Due: time.Unix(1<<33, 1), Text: words.Draw(r, "text"),
			Class:   hub.Class{Category: words.Draw(r, "category"), Tags: rapid.SliceOfN(words, 0, 5).Draw(r, "tags")},
			Content: hub.Content{Title: words.Draw(r, "title"), Extra: rapid.MapOfN(words, words, 0, 5).Draw(r, "extra")},
		}
		for range rapid.IntRange(0, 5).Draw(r, "attachments") {
			a.Content.Attachments = append(a.Content.Attachments, hub.Attachment{SHA256: words.Draw(r, "sha"), Name: words.Draw(r, "name"), Size: 1 << 62})
		}
		size, bound := proto.Size(grpc.FromAlert(a)), grpc.Bound(&a)
		if bound < size || bound > size+1024 {
			t.Fatalf("takes %d bytes, was thought to take %d", size, bound)
		}
	})
}

func TestErrorsKeepTheirCode(t *testing.T) {
	for _, code := range []hub.ErrorCode{
		hub.CodeInvalid, hub.CodeUnauthorized, hub.CodeForbidden, hub.CodeNotFound,
		hub.CodeConflict, hub.CodeTooLarge, hub.CodeUnavailable, hub.CodeInternal,
	} {
		err := plugintest.OverGRPC(t, &echo{err: hub.Errorf(code, "some.key")}).Health(t.Context())
		if e, ok := errors.AsType[*hub.Error](err); !ok || e.Code != code || e.Key != "some.key" {
			t.Errorf("%s: got %v", code, err)
		}
	}
}

func TestPanicIsAnInternalError(t *testing.T) {
	d := plugintest.OverGRPC(t, &echo{panics: true})
	for range 2 {
		if _, err := d.Deliver(t.Context(), nil); hub.CodeOf(err) != hub.CodeInternal {
			t.Errorf("got %v", err)
		}
	}
}

// Version 2 has the words of a fact and whose matter a refused alert is; to a
// plugin of version 1 it stays as it was.
func TestWhatEachVersionSays(t *testing.T) {
	facts := map[string]string{"temperature": "14", "temperature_from": "十四度", "days": "3"}
	for _, o := range []hub.Outcome{hub.Delivered, hub.RetryLater, hub.Refused, hub.Gone, hub.NotTried} {
		said := hub.Receipt{Alert: "a", Outcome: o, Reason: "原因", Facts: facts, Suggest: "housing"}
		e := &echo{receipts: []hub.Receipt{said}}
		for _, v := range grpc.Versions() {
			want := said
			if v == grpc.V1 {
				want.Suggest = ""
			}
			got, err := plugintest.Over(t, e, v).Deliver(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]hub.Receipt{want}, got); diff != "" {
				t.Errorf("version %d, %s (-said +arrived):\n%s", v, o, diff)
			}
		}
	}
	odd := &echo{receipts: []hub.Receipt{{Alert: "a", Outcome: "some day"}}}
	if got, err := plugintest.Over(t, odd, grpc.V2).Deliver(t.Context(), nil); err != nil || got[0].Outcome != "" {
		t.Errorf("an outcome that is none: %+v, %v", got, err)
	}
}
