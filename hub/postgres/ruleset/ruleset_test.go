package ruleset_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/access/accesstest"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/postgres/ruleset"
	"github.com/mashang-hub/mashang/hub/release"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// fixed sends every case to one department, which is its source.
type fixed string

func (f fixed) Hash() hub.RuleSetHash { return hub.RuleSetHash(fmt.Sprintf("%016x", string(f))) }
func (f fixed) Decide(*hub.Submission) hub.Decision {
	return hub.Decision{RuleSet: "computed", Lead: hub.DepartmentCode(f), Rule: "甲"}
}

// engine opens sources that are a department; "bad" does not load.
type engine struct{ failing map[string]bool }

func (e engine) Open(source []byte) (release.Rules, error) {
	if e.failing["open "+string(source)] {
		return nil, hub.Errorf(hub.CodeInvalid, "rules.invalid", 1)
	}
	return fixed(source), nil
}

func (e engine) Test(_ context.Context, source []byte) release.Gate {
	return release.Gate{OK: !e.failing["test "+string(source)], Summary: "例"}
}

func (e engine) Compare(_ context.Context, a, b release.Rules, _ time.Time) (release.Report, error) {
	return release.Report{Summary: string(a.Hash() + " " + b.Hash()), Data: map[string]int{"changed": 3}}, nil
}

func (e engine) Simulate(context.Context, release.Rules, time.Time) (release.Report, error) {
	return release.Report{Data: map[string]int{"cases": 3}}, nil
}

func (e engine) Explain(r release.Rules, s *hub.Submission) any {
	return map[string]string{"text": s.Title + string(r.Hash())}
}

func clock() time.Time { return time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC) }

func manager(t *testing.T, db *postgres.DB, e engine) *release.Manager {
	t.Helper()
	store := ruleset.New(db)
	return release.New(store, store, e, hub.ClockFunc(clock), slog.New(slog.DiscardHandler))
}

func started(t *testing.T, db *postgres.DB, e engine) *release.Manager {
	t.Helper()
	m := manager(t, db, e)
	if err := m.Adopt(t.Context(), release.Folder{Source: []byte("urban"), Started: true}); err != nil {
		t.Fatal(err)
	}
	return m
}

func lead(m *release.Manager, id hub.CaseID) hub.DepartmentCode {
	return m.Rollout().Decide(&hub.Submission{Case: id}).Lead
}

func keyOf(err error) string {
	if e, ok := errors.AsType[*hub.Error](err); ok {
		return e.Key
	}
	return fmt.Sprint(err)
}

func TestTwoPeopleAndThreeGatesPutRulesIntoForce(t *testing.T) {
	db := pgtest.Open(t)
	ctx := t.Context()
	m, other := started(t, db, engine{}), manager(t, db, engine{})
	r, gates, err := m.Propose(ctx, []byte("heating"), release.Proposal{Author: "张三", Why: "供暖"})
	if err != nil || r.State != release.Draft || len(gates) != 3 || !gates[2].OK || gates[2].Base != fixed("urban").Hash() {
		t.Fatalf("%+v %+v %v", r, gates, err)
	}
	if _, _, err := m.Promote(ctx, release.Promotion{Hash: r.Hash, To: release.Active, By: "张三"}); keyOf(err) != "release.same_person" {
		t.Errorf("the author approves: %v", err)
	}
	if got := lead(m, "1"); got != "urban" {
		t.Errorf("a draft judges: %s", got)
	}
	if _, _, err := m.Promote(ctx, release.Promotion{Hash: r.Hash, To: release.Active, By: "李四"}); err != nil {
		t.Fatal(err)
	}
	d := m.Rollout().Decide(&hub.Submission{Case: "1"})
	if d.Lead != "heating" || d.RuleSet != r.Hash {
		t.Errorf("decision %+v, want by %s", d, r.Hash)
	}
	if err := other.Refresh(ctx); err != nil || lead(other, "1") != "heating" {
		t.Errorf("the other node judges %s (%v)", lead(other, "1"), err)
	}
	records, err := auditlog.List(ctx, db.Pool(), auditlog.Filter{})
	if err != nil || len(records) != 4 || records[0].Action != "rules.promote" || records[0].Data["by"] != "李四" {
		t.Errorf("the audit has %+v (%v)", records, err)
	}
	var told []string
	if _, err := db.RelayOutbox(ctx, 100, func(out []hub.Outgoing) error {
		for _, o := range out {
			if o.Topic != bus.Rules {
				t.Errorf("topic %s", o.Topic)
			}
			told = append(told, o.ID)
		}
		return nil
	}); err != nil || len(told) != 4 {
		t.Errorf("nodes were told %v (%v), want adoption, proposal, retirement, promotion", told, err)
	}
}

func TestAFailedGateIsPassedOnlyWithAReason(t *testing.T) {
	ctx := t.Context()
	m := started(t, pgtest.Open(t), engine{failing: map[string]bool{"test heating": true}})
	r, _, err := m.Propose(ctx, []byte("heating"), release.Proposal{Author: "张三", Why: "供暖"})
	if err != nil {
		t.Fatal(err)
	}
	p := release.Promotion{Hash: r.Hash, To: release.Active, By: "李四"}
	if _, _, err := m.Promote(ctx, p); keyOf(err) != "release.gate" {
		t.Errorf("a failed test is let through: %v", err)
	}
	p.Force = "寒潮，先用"
	if r, _, err = m.Promote(ctx, p); err != nil || r.Forced != "寒潮，先用" {
		t.Errorf("%+v %v", r, err)
	}
}

func TestASetThatDoesNotLoadLeavesTheOldOne(t *testing.T) {
	db := pgtest.Open(t)
	ctx := t.Context()
	failing := map[string]bool{"open bad": true}
	m := started(t, db, engine{failing: failing})
	if _, _, err := m.Propose(ctx, []byte("bad"), release.Proposal{Author: "张三", Why: "x"}); keyOf(err) != "rules.invalid" {
		t.Errorf("proposed: %v", err)
	}
	if err := m.Adopt(ctx, release.Folder{Source: []byte("bad")}); err != nil || m.Banner() == "" || lead(m, "1") != "urban" {
		t.Errorf("bad folder: %v, banner %q, %s", err, m.Banner(), lead(m, "1"))
	}
	if err := m.Adopt(ctx, release.Folder{Source: []byte("water")}); err != nil || m.Banner() != "" || lead(m, "1") != "water" {
		t.Errorf("good folder: %v, banner %q, %s", err, m.Banner(), lead(m, "1"))
	}
	// Another node, with a program that cannot read what was released.
	old := started(t, db, engine{failing: map[string]bool{"open heating": true}})
	r, _, err := m.Propose(ctx, []byte("heating"), release.Proposal{Author: "张三", Why: "供暖"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Promote(ctx, release.Promotion{Hash: r.Hash, To: release.Active, By: "李四"}); err != nil {
		t.Fatal(err)
	}
	if err := old.Refresh(ctx); err == nil || old.Banner() == "" || lead(old, "1") != "water" {
		t.Errorf("the old node: %v, banner %q, judges %s", err, old.Banner(), lead(old, "1"))
	}
	if err := manager(t, db, engine{}).Adopt(ctx, release.Folder{Err: errors.New("no folder"), Started: true}); err != nil {
		t.Errorf("a node starts on what was released, whatever its folder: %v", err)
	}
}

// Nodes that start at the same time with different folders agree on one set.
func TestNodesThatStartTogetherAgree(t *testing.T) {
	db := pgtest.Open(t)
	nodes := make([]*release.Manager, 4)
	var all sync.WaitGroup
	for i := range nodes {
		nodes[i] = manager(t, db, engine{})
		all.Go(func() {
			f := release.Folder{Source: fmt.Append(nil, "dept", i), Started: true}
			if err := nodes[i].Adopt(t.Context(), f); err != nil {
				t.Errorf("node %d: %v", i, err)
			}
		})
	}
	all.Wait()
	list, err := ruleset.New(db).Releases(t.Context(), 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d releases (%v), want one: %+v", len(list), err, list)
	}
	for i, m := range nodes {
		if got := m.Rollout().Decide(&hub.Submission{}).RuleSet; got != list[0].Hash {
			t.Errorf("node %d judges by %s, want %s", i, got, list[0].Hash)
		}
	}
}

func TestWithoutAnyRulesNothingStarts(t *testing.T) {
	m := manager(t, pgtest.Open(t), engine{failing: map[string]bool{"open bad": true}})
	if err := m.Adopt(t.Context(), release.Folder{Source: []byte("bad"), Started: true}); keyOf(err) != "rules.invalid" {
		t.Errorf("%v", err)
	}
}

func TestAShadowIsComparedAndACanaryJudgesItsPart(t *testing.T) {
	db := pgtest.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	m := started(t, db, engine{})
	r, _, err := m.Propose(ctx, []byte("heating"), release.Proposal{Author: "张三", Why: "供暖"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Promote(ctx, release.Promotion{Hash: r.Hash, To: release.Shadow, By: "李四"}); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if got := lead(m, hub.CaseID(fmt.Sprint("c", i%10))); got != "urban" {
			t.Fatalf("a shadow judges: %s", got)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	store := ruleset.New(db)
	report, err := release.ShadowReport{}, error(nil)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); report.Cases < 10; <-tick.C {
		if report, err = store.ShadowSummary(ctx, r.Hash, 5); err != nil || time.Now().After(end) {
			t.Fatalf("%+v %v", report, err)
		}
	}
	if report.Cases != 10 || report.Same != 0 || len(report.Matrix) != 1 || report.Matrix[0] != (release.Move{From: "urban", To: "heating", Cases: 10}) ||
		len(report.Samples) != 5 || report.Samples[0].After.RuleSet != r.Hash {
		t.Errorf("%+v", report)
	}
	cancel()
	<-ended
	ctx = t.Context()
	if _, _, err := m.Promote(ctx, release.Promotion{Hash: r.Hash, To: release.Canary, By: "李四", Scope: release.Scope{Percent: 30}}); err != nil {
		t.Fatal(err)
	}
	canary := 0
	for i := range 1000 {
		if lead(m, hub.CaseID(fmt.Sprint("case", i))) == "heating" {
			canary++
		}
	}
	if canary < 250 || canary > 350 {
		t.Errorf("a canary of 30 %% judges %d of 1,000", canary)
	}
	if _, err := m.Rollback(ctx, release.Rollback{By: "王五", Why: "误派"}); err != nil || lead(m, "case1") != "urban" || lead(m, "case2") != "urban" {
		t.Errorf("after rollback: %v", err)
	}
}

func TestTheDatabaseRefusesOnePersonAlone(t *testing.T) {
	db := pgtest.Open(t)
	started(t, db, engine{})
	for _, sql := range []string{
		"update rule_release set author = 'a', approver = 'a'",
		"update rule_release set origin = 'people', author = 'a'",
		`insert into rule_release (hash, state, origin, author, approver, why, forced, scope, created_at)
			select hash, 'active', 'folder', 'x', '', '', '', '{}', now() from rule_set`,
	} {
		if _, err := db.Pool().Exec(t.Context(), sql); err == nil {
			t.Errorf("accepted: %s", sql)
		}
	}
}

func TestTheAPIOfTheLifeCycle(t *testing.T) {
	db := pgtest.Open(t)
	m := started(t, db, engine{})
	srv := httptest.NewServer(api.New(api.Config{
		Gate: &access.Gate{Service: "t", Clock: hub.ClockFunc(clock)}, Routes: m.Routes(ruleset.New(db)),
	}))
	defer srv.Close()
	do := func(method, path, body string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer t")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var raw json.RawMessage
		if err := json.NewDecoder(resp.Body).Decode(&raw); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(raw)
	}
	// aGVhdGluZw== is heating.
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/api/v1/rules", "", 200, `"origin":"folder"`},
		{"POST", "/api/v1/rules/releases", `{"author":"张三","why":"供暖","source":"aGVhdGluZw=="}`, 200, `"state":"draft"`},
		{"GET", "/api/v1/rules", "", 200, `"drafts":[{`},
		{"POST", "/api/v1/rules/diff", `{"versions":[{"ref":"active"},{"source":"aGVhdGluZw=="}],"since":"30d"}`, 200, `{"changed":3}`},
		{"POST", "/api/v1/rules/diff", `{"versions":[],"since":"30d"}`, 422, `release.versions`},
		{"POST", "/api/v1/rules/simulate", `{"since":"30d"}`, 200, `{"cases":3}`},
		{"POST", "/api/v1/rules/simulate", `{"since":"soon"}`, 422, `budget.invalid`},
		{"GET", "/api/v1/rules/shadow", "", 404, `release.no_shadow`},
		{"POST", "/api/v1/rules/promote", fmt.Sprintf(`{"hash":%q,"to":"active","by":"李四"}`, fixed("heating").Hash()), 200, `"state":"active"`},
		{"GET", "/api/v1/rules/gates/" + string(fixed("heating").Hash()), "", 200, `"gate":"diff"`},
		{"POST", "/api/v1/rules/rollback", `{"by":"王五","why":"误派"}`, 200, `"origin":"folder"`},
		{"GET", "/api/v1/rules/releases", "", 200, `"action":"rollback"`},
		{"GET", "/api/v1/rules/tail", "", 200, `"decisions":[]`},
		{"GET", "/api/v1/rules/tail?after=x", "", 422, `query.invalid`},
		{"POST", "/api/v1/rules/rollback", `{`, 422, `json.invalid`},
	} {
		if status, body := do(c.method, c.path, c.body); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: %d %s, want %d with %s", c.method, c.path, status, body, c.status, c.want)
		}
	}
	resp, err := http.Get(srv.URL + "/api/v1/rules")
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the token: %v %v", resp, err)
	}
	resp.Body.Close()
}

// Whoever is logged in cannot act under another name.
func TestPeopleAreTakenByTheirLogIn(t *testing.T) {
	db := pgtest.Open(t)
	m := started(t, db, engine{})
	as := func(account string, role access.Role, path, body string) string {
		gate := accesstest.As(access.Grant{Role: role})
		gate.Account = account
		h := api.New(api.Config{Gate: gate, Routes: m.Routes(ruleset.New(db))})
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		return rec.Body.String()
	}
	if got := as("zhang", access.Author, "/api/v1/rules/releases", `{"author":"别人","why":"供暖","source":"aGVhdGluZw=="}`); !strings.Contains(got, `"author":"zhang"`) {
		t.Errorf("proposed: %s", got)
	}
	promote := fmt.Sprintf(`{"hash":%q,"to":"active","by":"别人"}`, fixed("heating").Hash())
	if got := as("zhang", access.Author, "/api/v1/rules/promote", promote); !strings.Contains(got, `"status":403`) {
		t.Errorf("an author approves: %s", got)
	}
	if got := as("zhang", access.Approver, "/api/v1/rules/promote", promote); !strings.Contains(got, "release.same_person") {
		t.Errorf("the same person approves: %s", got)
	}
	if got := as("li", access.Approver, "/api/v1/rules/promote", promote); !strings.Contains(got, `"approver":"li"`) {
		t.Errorf("another approves: %s", got)
	}
}
