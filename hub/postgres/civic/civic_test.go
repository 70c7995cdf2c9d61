package civic_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/citizen"
	"github.com/mashang-hub/mashang/hub/deputy"
	"github.com/mashang-hub/mashang/hub/desk"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/civic"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func nine() time.Time { return time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC) }

type toHeating struct{}

func (toHeating) Decide(*hub.Submission) hub.Decision {
	return hub.Decision{RuleSet: "abc", Lead: "heating", Rule: "供热-001", Class: hub.Class{Topic: "heating", Category: "城乡建设"}}
}

type plainFacts struct{}

func (plainFacts) Facts(context.Context, hub.ChannelCode, hub.PlaceCode) (hub.Facts, error) {
	return hub.Facts{Calendar: calendar.New(), Policy: []hub.Allowance{{Kind: hub.ClockClose, Budget: hub.Budget{N: 5, Unit: hub.WorkingDay}}}}, nil
}

type store struct{ *cases.Store }

func (s store) ChangeCase(ctx context.Context, id hub.CaseID, messageID string, change desk.Change) (hub.Case, error) {
	return s.Store.ChangeCase(ctx, id, messageID, nine(), change)
}

// city is a hub with one case in 620402001003, resolved by the heating office.
type city struct {
	db    *postgres.DB
	desk  *desk.Desk
	civic *civic.Store
	bench *deputy.Bench
}

func open(t *testing.T) city {
	t.Helper()
	db := pgtest.Open(t)
	clock := hub.ClockFunc(nine)
	c := city{db: db, desk: desk.New(store{cases.New(db)}, toHeating{}, plainFacts{}, clock), civic: civic.New(db)}
	c.bench = &deputy.Bench{Cases: cases.New(db), Records: c.civic, Desk: c.desk, Clock: clock}
	s := hub.Submission{
		Content: hub.Content{
			Title: "欧阳暗语家暖气不热", Text: "我叫欧阳暗语，电话 199 1234 5678，住 3 号楼 502",
			Reporter: hub.Reporter{Name: "欧阳暗语", Phone: "19912345678", IDNumber: "620402199001011234"}, PlaceText: "幸福小区3号楼502",
		},
		Receipt: "r_1", Case: "BY1", Channel: "qr", ExternalID: "1", Place: "620402001003", SubmittedAt: nine(), ReceivedAt: nine(),
	}
	payload, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.desk.Receive(t.Context(), []*message.Message{message.NewMessage("1", payload)}); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c city) resolve(t *testing.T) {
	t.Helper()
	by := hub.By{Actor: hub.ByDepartment("heating")}
	_, err := c.desk.DoAll(t.Context(), "BY1", "", hub.SignFor{By: by, Department: "heating"},
		hub.Resolve{By: by, Department: "heating", Text: "已回访欧阳暗语（19912345678），温度正常"})
	if err != nil {
		t.Fatal(err)
	}
}

func han() hub.Actor { return hub.Actor{Kind: hub.ActorPerson, ID: "han", Name: "韩代表"} }

func marks(n int) map[string]int {
	m := map[string]int{}
	for _, a := range deputy.Aspects() {
		m[a] = n
	}
	return m
}

// district is what a deputy of a county may see.
func district(t *testing.T, place hub.PlaceCode) context.Context {
	t.Helper()
	return audit.From(hub.WithScope(t.Context(), hub.Scope{{Place: place}}), audit.Source{Actor: han()})
}

func TestDeputiesSeeNothingOfTheCitizen(t *testing.T) {
	t.Parallel()
	c := open(t)
	c.resolve(t)
	ctx := district(t, "620402")
	list, total, err := c.bench.List(ctx, hub.Filter{})
	if err != nil || total != 1 || len(list) != 1 {
		t.Fatalf("%d %+v, %v", total, list, err)
	}
	one, err := c.bench.Show(ctx, "BY1", han())
	if err != nil || one.Township != "620402001" || len(one.Steps) == 0 || !one.CanSendBack {
		t.Fatalf("%+v, %v", one, err)
	}
	text, err := json.Marshal([]any{list, one})
	if err != nil {
		t.Fatal(err)
	}
	for _, canary := range []string{"欧阳暗语", "暗语", "19912345678", "199 1234 5678", "620402199001011234", "502", "幸福小区", "620402001003"} {
		if strings.Contains(string(text), canary) {
			t.Errorf("a deputy sees %q: %s", canary, text)
		}
	}
	elsewhere := district(t, "620403")
	if list, total, err := c.bench.List(elsewhere, hub.Filter{}); total != 0 || len(list) != 0 || err != nil {
		t.Errorf("another district: %+v, %v", list, err)
	}
	if _, err := c.bench.Show(elsewhere, "BY1", han()); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("another district: %v", err)
	}
	if _, err := c.bench.Review(elsewhere, "BY1", han(), deputy.Review{Suggestion: "x"}); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("another district: %v", err)
	}
}

func TestADissatisfiedDeputySendsTheCaseIntoSupervision(t *testing.T) {
	t.Parallel()
	c := open(t)
	ctx := district(t, "620402")
	bad := deputy.Review{Marks: marks(2), Suggestion: "暖气还是不热", SendBack: true}
	if _, err := c.bench.Review(ctx, "BY1", han(), bad); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("an open case: %v", err)
	}
	c.resolve(t)
	for range 2 { // asked twice, sent back once
		if _, err := c.bench.Review(ctx, "BY1", han(), deputy.Review{Marks: marks(4), Suggestion: "尚可"}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := c.bench.Review(ctx, "BY1", han(), bad)
	if err != nil || !got.Status.Open() || !got.Supervised || got.Round != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, kind := range []hub.DeadlineKind{hub.ClockClose, hub.ClockAnswer} {
		if d, ok := got.Deadline(kind); !ok || !d.Due.After(nine()) {
			t.Errorf("clock %s is %+v", kind, d)
		}
	}
	acts, err := c.civic.Acts(ctx, "han", "BY1", time.Time{}, time.Time{}, 10)
	if err != nil || len(acts) != 3 || acts[0].Kind != deputy.SentBack || acts[2].Marks["speed"] != 4 {
		t.Errorf("%+v, %v", acts, err)
	}
	if acts, err := c.civic.Acts(ctx, "", "", nine().Add(time.Hour), time.Time{}, 10); err != nil || len(acts) != 0 {
		t.Errorf("later: %+v, %v", acts, err)
	}
}

func TestReviewsAreChecked(t *testing.T) {
	t.Parallel()
	c := open(t)
	c.resolve(t)
	for name, r := range map[string]deputy.Review{
		"empty": {}, "four aspects": {Marks: map[string]int{"speed": 1}}, "six stars": {Marks: marks(6)},
		"no reason": {Marks: marks(1), SendBack: true}, "satisfied and sent back": {Marks: marks(5), SendBack: true, Suggestion: "x"},
	} {
		if _, err := c.bench.Review(t.Context(), "BY1", han(), r); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (c city) counter(now func() time.Time) *citizen.Counter {
	return citizen.New(cases.New(c.db), c.desk, hub.ClockFunc(now), []byte("key"), 15)
}

func TestCitizensSpeakAboutTheirOwnCaseOnly(t *testing.T) {
	t.Parallel()
	c := open(t)
	counter, ctx := c.counter(nine), t.Context()
	by := hub.By{Actor: hub.ByDepartment("heating")}
	_, err := c.desk.DoAll(ctx, "BY1", "", hub.SignFor{By: by, Department: "heating"}, hub.AskCitizen{By: by, Text: "几号楼？"})
	if err != nil {
		t.Fatal(err)
	}
	right := citizen.Proof{Tail: "5678", Remote: "10.0.0.1"}
	for name, p := range map[string]citizen.Proof{"nothing": {}, "a wrong tail": {Tail: "0000"}, "a wrong key": {Key: counter.Key("BY2")}} {
		if _, err := counter.Reply(ctx, "BY1", p, "x"); hub.CodeOf(err) != hub.CodeForbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, missing := counter.Reply(ctx, "BY9", right, "x")
	_, wrong := counter.Reply(ctx, "BY1", citizen.Proof{Tail: "1"}, "x")
	if missing == nil || missing.Error() != wrong.Error() {
		t.Errorf("a case that is not there looks different: %v, %v", missing, wrong)
	}
	got, err := counter.Reply(ctx, "BY1", right, "3号楼")
	if err != nil || got.Status == hub.StatusWaiting {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestGuessesAreFew(t *testing.T) {
	t.Parallel()
	c := open(t)
	c.resolve(t)
	counter := c.counter(nine)
	for range 5 {
		if _, err := counter.Reopen(t.Context(), "BY1", citizen.Proof{Tail: "0000"}, "x"); hub.CodeOf(err) != hub.CodeForbidden {
			t.Fatal(err)
		}
	}
	if _, err := counter.Reopen(t.Context(), "BY1", citizen.Proof{Tail: "5678"}, "x"); hub.CodeOf(err) != hub.CodeForbidden {
		t.Errorf("the sixth guess counts: %v", err)
	}
}

func TestCitizensRateAndReopenInTime(t *testing.T) {
	t.Parallel()
	c := open(t)
	c.resolve(t)
	proof := citizen.Proof{Key: c.counter(nine).Key("BY1")}
	late := c.counter(func() time.Time { return nine().AddDate(0, 0, 16) })
	if _, err := late.Reopen(t.Context(), "BY1", proof, "还是冷"); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("after 16 days: %v", err)
	}
	if _, err := c.counter(nine).Rate(t.Context(), "BY1", proof, citizen.Rating{Stars: 1}); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("one star without a reason: %v", err)
	}
	got, err := c.counter(nine).Rate(t.Context(), "BY1", proof, citizen.Rating{Stars: 1, Text: "还是冷", Again: true})
	if err != nil || !got.Status.Open() || got.Round != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if d, ok := got.Deadline(hub.ClockClose); !ok || !d.Due.After(nine()) {
		t.Errorf("the new clock is %+v", d)
	}
	if _, err := c.counter(nine).Reopen(t.Context(), "BY1", proof, "再办"); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("an open case: %v", err)
	}
}

func TestReturnVisitsAreSampledAndRecordedOnce(t *testing.T) {
	t.Parallel()
	c := open(t)
	c.resolve(t)
	ctx := t.Context()
	if n, err := c.civic.Sample(ctx, nine().Add(-time.Hour), 0); n != 0 || err != nil {
		t.Errorf("nobody is visited at 0 %%: %d, %v", n, err)
	}
	for want := 1; want >= 0; want-- {
		if n, err := c.civic.Sample(ctx, nine().Add(-time.Hour), 100); n != want || err != nil {
			t.Errorf("sampled %d, %v, want %d", n, err, want)
		}
	}
	if list, err := c.civic.List(district(t, "620403"), true, 10); err != nil || len(list) != 0 {
		t.Errorf("another county: %+v, %v", list, err)
	}
	yes, no := true, false
	v := citizen.Visit{Case: "BY1", Round: 1, MadeAt: nine(), Account: "zhou", Reached: &yes, Solved: &no, Satisfied: &no, Text: "还冷"}
	if err := v.Check(); err != nil {
		t.Fatal(err)
	}
	if err := c.civic.Record(district(t, "620403"), v); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("another county: %v", err)
	}
	if err := c.civic.Record(ctx, v); err != nil {
		t.Fatal(err)
	}
	if got, err := c.civic.Find(ctx, "BY1", 1); err != nil || got.Text != "还冷" || *got.Satisfied {
		t.Errorf("found %+v, %v", got, err)
	}
	if _, err := c.civic.Find(district(t, "620403"), "BY1", 1); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("another county finds it: %v", err)
	}
	if err := c.civic.Record(ctx, v); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("twice: %v", err)
	}
	list, err := c.civic.List(ctx, false, 10)
	if err != nil || len(list) != 1 || *list[0].Solved || list[0].Reason != "sample" {
		t.Errorf("%+v, %v", list, err)
	}
	// The case was opened again and closed: whoever does not know the round means
	// the one that waits.
	if _, err := c.db.Pool().Exec(ctx, "insert into return_visit (case_id, round, reason, closed_at) values ('BY1', 2, 'sample', now())"); err != nil {
		t.Fatal(err)
	}
	v.Round, v.Text = 0, "好了"
	if err := c.civic.Record(ctx, v); err != nil {
		t.Fatal(err)
	}
	if got, err := c.civic.Find(ctx, "BY1", 2); err != nil || got.Text != "好了" {
		t.Errorf("found %+v, %v", got, err)
	}
	if err := c.civic.Record(ctx, v); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("nothing waits: %v", err)
	}
	for _, bad := range []citizen.Visit{{}, {Reached: &yes}, {Reached: &no, Solved: &yes}} {
		if bad.Check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}
