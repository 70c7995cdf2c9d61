package assessments_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/assess"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/desk"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/assessments"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/seal"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func nine() time.Time { return time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC) }

type toHeating struct{}

func (toHeating) Decide(*hub.Submission) hub.Decision {
	return hub.Decision{RuleSet: "abc", Lead: "heating", Class: hub.Class{Topic: "heating", Category: "城乡建设"}}
}

type facts struct{}

func (facts) Facts(context.Context, hub.ChannelCode, hub.PlaceCode) (hub.Facts, error) {
	return hub.Facts{Calendar: calendar.New(), Policy: []hub.Allowance{
		{Kind: hub.ClockContact, Budget: hub.Budget{N: 30, Unit: hub.Minute}}, {Kind: hub.ClockClose, Budget: hub.Budget{N: 24, Unit: hub.Hour}},
	}}, nil
}

type store struct{ *cases.Store }

func (s store) ChangeCase(ctx context.Context, id hub.CaseID, messageID string, change desk.Change) (hub.Case, error) {
	return s.Store.ChangeCase(ctx, id, messageID, nine(), change)
}

// city is a hub with four cases of the heating office: BY1 resolved after a
// call and rated 5, BY2 resolved, rated 1 and opened again, BY3 sent back, BY4
// late; BY1 and BY4 by the same citizen.
func city(t *testing.T) (*postgres.DB, *assessments.Store, *desk.Desk) {
	t.Helper()
	db := pgtest.Open(t)
	keys, err := seal.Parse(seal.NewLine("k1"))
	if err != nil {
		t.Fatal(err)
	}
	db.SealWith(keys)
	d := desk.New(store{cases.New(db)}, toHeating{}, facts{}, hub.ClockFunc(nine))
	for i, phone := range []string{"19900000001", "19900000002", "19900000003", "19900000001"} {
		id := fmt.Sprint(i + 1)
		payload, err := json.Marshal(hub.Submission{
			Content: hub.Content{Title: "暖气不热", Text: "冷", Reporter: hub.Reporter{Phone: phone}}, Receipt: hub.ReceiptID("r_" + id),
			Case: hub.CaseID("BY" + id), Channel: "qr", ExternalID: id, Place: "620402001003", SubmittedAt: nine(), ReceivedAt: nine(),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Receive(t.Context(), []*message.Message{message.NewMessage(id, payload)}); err != nil {
			t.Fatal(err)
		}
	}
	by, citizen := hub.By{Actor: hub.ByDepartment("heating")}, hub.By{Actor: hub.Actor{Kind: hub.ActorCitizen}}
	sign, done := hub.SignFor{By: by, Department: "heating"}, hub.Resolve{By: by, Department: "heating", Text: "阀门已更换，室温恢复到二十度。"}
	for id, cmds := range map[hub.CaseID][]hub.Command{
		"BY1": {hub.Contact{By: by, Text: "已电话"}, sign, done, hub.Rate{By: citizen, Stars: 5}},
		"BY2": {sign, done, hub.Rate{By: citizen, Stars: 1, Text: "冷"}, hub.Reopen{By: citizen, Text: "冷"}},
		"BY3": {hub.SendBack{By: by, Department: "heating", Text: "不归我们"}},
		"BY4": {sign},
	} {
		if _, err := d.DoAll(t.Context(), id, "", cmds...); err != nil {
			t.Fatal(id, err)
		}
	}
	return db, assessments.New(db), d
}

func whole(t *testing.T, ctx context.Context, s *assessments.Store) map[hub.CaseID]assess.Fact {
	t.Helper()
	list, err := s.Facts(ctx, nine().Add(-time.Hour), nine().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	out := map[hub.CaseID]assess.Fact{}
	for _, f := range list {
		out[f.Case] = f
	}
	return out
}

func TestFactsOfCases(t *testing.T) {
	t.Parallel()
	_, s, _ := city(t)
	got := whole(t, t.Context(), s)
	if len(got) != 4 {
		t.Fatalf("%+v", got)
	}
	if f := got["BY1"]; !f.Accepted || !f.Closed || !f.OnTime || !f.ContactDue || !f.ContactInTime || f.Stars != 5 || !f.Satisfied || f.Repeat {
		t.Errorf("BY1 %+v", f)
	}
	if f := got["BY2"]; f.Closed || f.Reopened != 1 || f.ContactInTime {
		t.Errorf("BY2 %+v", f)
	}
	if f := got["BY3"]; f.SentBack != 1 || f.Department != "" {
		t.Errorf("BY3 %+v", f)
	}
	if f := got["BY4"]; !f.Repeat {
		t.Errorf("BY4, of the citizen of BY1, is no repeat: %+v", f)
	}
	housing := hub.WithScope(t.Context(), hub.Scope{{Department: "housing"}})
	if got := whole(t, housing, s); len(got) != 0 {
		t.Errorf("housing is told of %+v", got)
	}
	heating := hub.WithScope(t.Context(), hub.Scope{{Department: "heating"}})
	if got := whole(t, heating, s); len(got) != 3 || got["BY3"].Case != "" {
		t.Errorf("heating, which sent BY3 back, is told of %+v", got)
	}
}

func TestAppealsAreDecidedByAnother(t *testing.T) {
	t.Parallel()
	_, s, _ := city(t)
	ctx := t.Context()
	a := assess.Appeal{Case: "BY1", Measure: "closing", Reason: "停电", Account: "guo", At: nine()}
	housing := hub.WithScope(ctx, hub.Scope{{Department: "housing"}})
	if _, err := s.AddAppeal(housing, a); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("about another's case: %v", err)
	}
	id, err := s.AddAppeal(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddAppeal(ctx, a); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("twice: %v", err)
	}
	yes := true
	verdict := assess.Appeal{ID: id, Granted: &yes, Decision: "属实", DecidedBy: "guo", DecidedAt: nine()}
	if err := s.DecideAppeal(ctx, verdict); hub.CodeOf(err) != hub.CodeForbidden {
		t.Errorf("by oneself: %v", err)
	}
	verdict.DecidedBy = "wu"
	if err := s.DecideAppeal(housing, verdict); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("out of scope: %v", err)
	}
	if err := s.DecideAppeal(ctx, verdict); err != nil {
		t.Fatal(err)
	}
	if err := s.DecideAppeal(ctx, verdict); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("again: %v", err)
	}
	if f := whole(t, ctx, s)["BY1"]; len(f.Spared) != 1 || f.Spared[0] != "closing" {
		t.Errorf("%+v", f)
	}
	if list, err := s.Appeals(ctx, false); err != nil || len(list) != 1 || list[0].DecidedBy != "wu" {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := s.Appeals(ctx, true); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestExportsAreRecordedOrRefused(t *testing.T) {
	t.Parallel()
	db, _, _ := city(t)
	li := hub.Actor{Kind: hub.ActorPerson, ID: "li"}
	ctx := audit.From(t.Context(), audit.Source{Actor: li})
	since, until := nine().Add(-time.Hour), nine().Add(time.Hour)
	list, err := cases.New(db).ExportClosed(ctx, since, until, nine(), map[string]string{"purpose": "归档"})
	if err != nil || len(list) != 1 || list[0].Case.ID != "BY1" || list[0].Reply != "阀门已更换，室温恢复到二十度。" || list[0].Content.Reporter.Phone != "19900000001" {
		t.Fatalf("%+v, %v", list, err)
	}
	log, err := auditlog.List(ctx, db.Pool(), auditlog.Filter{Action: audit.Exported})
	if err != nil || len(log) != 1 || log[0].Actor != li || log[0].Data["rows"] != "1" || log[0].Data["purpose"] != "归档" {
		t.Errorf("%+v, %v", log, err)
	}
	if list, err := cases.New(db).ExportClosed(hub.WithScope(ctx, hub.Scope{{Department: "housing"}}), since, until, nine(), nil); err != nil || len(list) != 0 {
		t.Errorf("housing exports %+v, %v", list, err)
	}
	if _, err := db.Pool().Exec(ctx, "alter table audit add constraint full_disk check (false) not valid"); err != nil {
		t.Fatal(err)
	}
	if list, err := cases.New(db).ExportClosed(ctx, since, until, nine(), nil); err == nil || len(list) != 0 {
		t.Errorf("handed out without a record: %+v, %v", list, err)
	}
}

func TestFormulasAreKept(t *testing.T) {
	t.Parallel()
	_, s, _ := city(t)
	data, err := os.ReadFile("../../../configs/baiyin/assess.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := assess.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.SaveFormulas(t.Context(), f, nine()); err != nil {
			t.Fatal(err)
		}
	}
	stricter, err := assess.Parse(append(data, "\n# 更严\n"...)) // the same name, other words
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SaveFormulas(t.Context(), stricter, nine().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for ask, want := range map[string]string{f.Hash: f.Hash, stricter.Hash: stricter.Hash, f.Version: stricter.Hash} {
		if got, err := s.OldFormulas(t.Context(), ask); err != nil || got.Hash != want {
			t.Errorf("version %s is %+v, %v", ask, got, err)
		}
	}
	if _, err := s.OldFormulas(t.Context(), "nie"); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("a version that never was: %v", err)
	}
	if list, err := s.Versions(t.Context()); err != nil || len(list) != 2 || list[1].Hash != f.Hash {
		t.Errorf("versions %+v, %v", list, err)
	}
}
