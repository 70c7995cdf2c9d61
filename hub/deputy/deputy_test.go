package deputy_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/deputy"
)

func nine() time.Time { return time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC) }

// A district is one case with its history, and what was done to it.
type district struct {
	kase   hub.Case
	said   hub.Content
	events []hub.Event
	gone   bool // from the list's scope, since it was counted
	filter hub.Filter
	acts   []deputy.Act
	ids    []string
	cmds   []hub.Command
	refuse error
}

func (d *district) Cases(_ context.Context, f hub.Filter) ([]hub.Summary, error) {
	d.filter = f
	return []hub.Summary{{Case: d.kase}}, nil
}

func (d *district) CountCases(context.Context, hub.Filter) (int, error) { return 1, nil }

func (d *district) Case(_ context.Context, id hub.CaseID) (hub.Case, hub.Submission, error) {
	if d.gone || id != d.kase.ID {
		return hub.Case{}, hub.Submission{}, hub.Errorf(hub.CodeNotFound, "case.not_found", id)
	}
	return d.kase, hub.Submission{Content: d.said}, nil
}

func (d *district) Events(context.Context, hub.CaseID) ([]hub.Event, error) { return d.events, nil }

func (d *district) SaveAct(_ context.Context, a deputy.Act) error {
	d.acts = append(d.acts, a)
	return nil
}

func (d *district) Acts(context.Context, string, hub.CaseID, time.Time, time.Time, int) ([]deputy.Act, error) {
	return slices.Clone(d.acts), nil
}

func (d *district) DoAll(_ context.Context, _ hub.CaseID, message string, cmds ...hub.Command) (hub.Case, error) {
	if d.refuse != nil {
		return hub.Case{}, d.refuse
	}
	d.ids, d.cmds = append(d.ids, message), append(d.cmds, cmds...)
	return d.kase, nil
}

func open(status hub.Status) (*district, *deputy.Bench) {
	d := &district{
		kase: hub.Case{ID: "BY1", Status: status, Round: 2, Place: "620402001003"},
		said: hub.Content{
			Title: "欧阳暗语家暖气不热", Text: "我叫欧阳暗语，电话 19912345678，住 3 号楼 502",
			Reporter: hub.Reporter{Name: "欧阳暗语", Phone: "19912345678"},
		},
	}
	return d, &deputy.Bench{Cases: d, Records: d, Desk: d, Clock: hub.ClockFunc(nine)}
}

func han() hub.Actor { return hub.Actor{Kind: hub.ActorPerson, ID: "han", Name: "韩代表"} }

func marks(n int) map[string]int {
	m := map[string]int{}
	for _, a := range deputy.Aspects() {
		m[a] = n
	}
	return m
}

// What a deputy may say of a case that is closed.
func TestWhatAReviewMustSay(t *testing.T) {
	t.Parallel()
	four := marks(4)
	delete(four, "speed")
	strange := marks(4)
	delete(strange, "speed")
	strange["price"] = 5
	for name, v := range map[string]struct {
		review deputy.Review
		key    string
		kind   deputy.Kind
	}{
		"marks":                         {deputy.Review{Marks: marks(5)}, "", deputy.Rated},
		"a suggestion":                  {deputy.Review{Suggestion: "应当早通知"}, "", deputy.Suggested},
		"sent back with a reason":       {deputy.Review{Marks: marks(2), Suggestion: "没修好", SendBack: true}, "", deputy.SentBack},
		"nothing":                       {deputy.Review{}, "deputy.empty", ""},
		"four aspects":                  {deputy.Review{Marks: four}, "deputy.aspects", ""},
		"an aspect that there is not":   {deputy.Review{Marks: strange}, "deputy.aspects", ""},
		"six of five":                   {deputy.Review{Marks: marks(6)}, "deputy.aspects", ""},
		"no mark":                       {deputy.Review{Marks: marks(0)}, "deputy.aspects", ""},
		"sent back without a reason":    {deputy.Review{Marks: marks(1), SendBack: true}, "deputy.reason", ""},
		"sent back without marks":       {deputy.Review{Suggestion: "没修好", SendBack: true}, "deputy.reason", ""},
		"sent back by one who is happy": {deputy.Review{Marks: marks(3), Suggestion: "还行", SendBack: true}, "deputy.satisfied", ""},
		"a thousand words":              {deputy.Review{Suggestion: strings.Repeat("好", 1000)}, "", deputy.Suggested},
		"and one":                       {deputy.Review{Suggestion: strings.Repeat("好", 1001)}, "command.too_large", ""},
	} {
		d, bench := open(hub.StatusResolved)
		_, err := bench.Review(t.Context(), "BY1", han(), v.review)
		if e, ok := errors.AsType[*hub.Error](err); (err != nil || v.key != "") && (!ok || e.Key != v.key) {
			t.Errorf("%s: %v, want %q", name, err, v.key)
		}
		if v.kind == "" && len(d.acts)+len(d.cmds) > 0 || v.kind != "" && (len(d.acts) != 1 || d.acts[0].Kind != v.kind) {
			t.Errorf("%s: recorded %+v, did %d", name, d.acts, len(d.cmds))
		}
	}
}

// A case that is not closed may be talked about, not marked.
func TestWhatIsNotClosedIsNotMarked(t *testing.T) {
	t.Parallel()
	for _, status := range []hub.Status{hub.StatusSorting, hub.StatusAssigned, hub.StatusHandling, hub.StatusSuspended, hub.StatusRejected, hub.StatusMerged} {
		d, bench := open(status)
		if _, err := bench.Review(t.Context(), "BY1", han(), deputy.Review{Marks: marks(2), Suggestion: "x", SendBack: true}); hub.CodeOf(err) != hub.CodeConflict {
			t.Errorf("%s: %v", status, err)
		}
		if len(d.acts)+len(d.cmds) != 0 {
			t.Errorf("%s: recorded %+v, did %d", status, d.acts, len(d.cmds))
		}
		if _, err := bench.Review(t.Context(), "BY1", han(), deputy.Review{Suggestion: "请快些"}); err != nil {
			t.Errorf("%s: %v", status, err)
		}
	}
}

// Sending back opens the case again and supervises it, under one name for each
// deputy and round; what the desk refuses is not on the deputy's record.
func TestSendingBackIsOneThing(t *testing.T) {
	t.Parallel()
	back := deputy.Review{Marks: marks(1), Suggestion: "没修好", SendBack: true}
	d, bench := open(hub.StatusArchived)
	for range 2 {
		if _, err := bench.Review(t.Context(), "BY1", han(), back); err != nil {
			t.Fatal(err)
		}
	}
	if d.ids[0] != d.ids[1] || d.ids[0] != "deputy/BY1/han/2" {
		t.Errorf("asked as %v", d.ids)
	}
	if _, ok := d.cmds[0].(hub.Reopen); !ok {
		t.Errorf("first %T", d.cmds[0])
	}
	if s, ok := d.cmds[1].(hub.Supervise); !ok || s.Within != deputy.Supervision() || !strings.Contains(s.Text, "没修好") {
		t.Errorf("then %+v", d.cmds[1])
	}
	d, bench = open(hub.StatusArchived)
	d.refuse = hub.Errorf(hub.CodeConflict, "case.closed")
	if _, err := bench.Review(t.Context(), "BY1", han(), back); hub.CodeOf(err) != hub.CodeConflict || len(d.acts) != 0 {
		t.Errorf("%v, recorded %+v", err, d.acts)
	}
}

// Nothing that tells of the citizen or of what was ordered inside is in the
// steps, and a list is not searched by words that citizens said.
func TestTheViewHasNoCitizen(t *testing.T) {
	t.Parallel()
	d, bench := open(hub.StatusResolved)
	for i, e := range []hub.EventType{hub.Received, hub.Assigned, hub.Instructed, hub.Rated, hub.Progressed, hub.Escalated, hub.Resolved} {
		d.events = append(d.events, hub.Event{Seq: int64(i + 1), Type: e, Data: hub.Data{
			Text: "已回访欧阳暗语（19912345678），3号楼502", Lead: "heating", Department: "housing",
		}})
	}
	v, err := bench.Show(t.Context(), "BY1", han())
	if err != nil {
		t.Fatal(err)
	}
	var shown []hub.EventType
	for _, s := range v.Steps {
		shown = append(shown, s.Type)
		v.Text += s.Text
	}
	for _, canary := range []string{"欧阳暗语", "19912345678", "502"} {
		if strings.Contains(v.Title+v.Text, canary) {
			t.Errorf("%s is shown: %s / %s", canary, v.Title, v.Text)
		}
	}
	if want := []hub.EventType{hub.Received, hub.Assigned, hub.Rated, hub.Progressed, hub.Resolved}; !slices.Equal(shown, want) {
		t.Errorf("steps %v, want %v", shown, want)
	}
	if v.Steps[1].Department != "heating" || v.Steps[2].Text != "" || v.Township != "620402001" {
		t.Errorf("%+v", v)
	}
	if len(d.acts) != 1 || d.acts[0].Kind != deputy.Viewed || len(v.Reviews) != 0 {
		t.Errorf("recorded %+v, own %+v", d.acts, v.Reviews)
	}
	list, total, err := bench.List(t.Context(), hub.Filter{Text: "欧阳暗语", Open: true})
	if err != nil || total != 1 || len(list) != 1 || d.filter.Text != "" || !d.filter.Open {
		t.Errorf("%+v of %d by %+v, %v", list, total, d.filter, err)
	}
	d.gone = true
	if list, _, err = bench.List(t.Context(), hub.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("gone meanwhile: %+v, %v", list, err)
	}
}
