package assessments_test

import (
	"os"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/assess"
)

// A report that was issued gives the same numbers when the cases have moved
// on, beside what today would say; a second version says why; whoever changes
// what is kept is found out; a department sees its own.
func TestAnIssuedReportStaysAsItWas(t *testing.T) {
	t.Parallel()
	db, s, d := city(t)
	data, err := os.ReadFile("../../../configs/baiyin/assess.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := assess.Parse(data)
	if err == nil {
		err = s.SaveFormulas(t.Context(), f, nine())
	}
	if err != nil {
		t.Fatal(err)
	}
	office := access.Bind(t.Context(), access.Principal{Account: "wu", Grants: []access.Grant{{Role: access.Supervisor}}}, access.JudgeAppeal)
	head := access.Bind(t.Context(), access.Principal{Account: "guo", Grants: []access.Grant{{Role: access.Head, Department: "heating"}}}, access.ReadAssessment)
	now := nine()
	a := &api.Assessing{Marks: s, Kept: s, Formulas: f, Clock: hub.ClockFunc(func() time.Time { return now })}
	november := api.IssueRequest{Since: "2026-11-01", Until: "2026-12-01"}
	if _, err := a.Issue(office, november); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("a month that is not over is issued: %v", err)
	}
	now = nine().AddDate(0, 1, 0)
	if _, err := a.Issue(head, november); hub.CodeOf(err) != hub.CodeForbidden {
		t.Errorf("a department issues: %v", err)
	}
	first, err := a.Issue(office, november)
	if err != nil || first.Version != 1 || first.Cases != 4 {
		t.Fatalf("%+v, %v", first, err)
	}
	if p, err := a.Prove(office, first.ID); err != nil || !p.Whole || len(p.Differences) != 0 {
		t.Fatalf("at once: %+v, %v", p, err)
	}

	by := hub.By{Actor: hub.ByDepartment("heating")}
	if _, err := d.DoAll(t.Context(), "BY4", "", hub.Resolve{By: by, Department: "heating", Text: "阀门已更换，室温恢复到二十度。"}); err != nil {
		t.Fatal(err)
	}
	p, err := a.Prove(office, first.ID)
	if err != nil || !p.Whole || len(p.Differences) == 0 {
		t.Fatalf("after one was resolved: %+v, %v", p, err)
	}
	closing := p.Differences[0]
	if closing.Measure != "closing" || closing.By != assess.ByAll || closing.Was.Numerator != 1 || closing.Is.Numerator != 2 {
		t.Errorf("the closing rate %+v", closing)
	}
	if _, facts, err := s.Issued(office, first.ID); err != nil || len(facts) != 4 || facts[3].Closed || !facts[3].Repeat || facts[3].Who != "" {
		t.Errorf("the facts are now %+v, %v", facts, err)
	}
	if _, facts, err := s.Issued(head, first.ID); err != nil || len(facts) != 3 {
		t.Errorf("heating is told of %+v, %v", facts, err)
	}

	if _, err := a.Issue(office, november); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("issued twice without a reason: %v", err)
	}
	november.Reason = "申诉裁定后更正"
	second, err := a.Issue(office, november)
	if err != nil || second.Version != 2 || second.Hash == first.Hash {
		t.Errorf("%+v, %v", second, err)
	}
	if _, err := db.Pool().Exec(t.Context(), `update assess_issue_fact set fact = replace(fact, '"SentBack":1', '"SentBack":0') where issue = $1`, first.ID); err != nil {
		t.Fatal(err)
	}
	if p, err := a.Prove(office, first.ID); err != nil || p.Whole {
		t.Errorf("a mark was changed and nobody notices: %v", err)
	}
}
