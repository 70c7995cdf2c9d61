package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/assess"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/courier"
)

// A village is a demonstration hub as its people meet it, by command.
type village struct {
	t      *testing.T
	data   string
	ready  app.Ready
	tokens map[string]string
}

func newVillage(t *testing.T) *village {
	t.Helper()
	v := &village{t: t, data: t.TempDir(), tokens: map[string]string{}}
	v.ready = run(t, app.Options{Data: v.data, City: awake(t)})
	for _, account := range demoAccounts() {
		var token struct{ Token string }
		v.as("", &token, "account", "token", account)
		v.tokens[account] = token.Token
	}
	return v
}

// awake is the demo city without quiet hours and without gathering, whatever
// the time of the test.
func awake(t *testing.T) fs.FS {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, configs.Baiyin()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "notices.yaml")
	b, err := os.ReadFile(file)
	if err == nil {
		b = []byte(strings.NewReplacer(`quiet: "21:00-08:00"`, `quiet: "00:00-00:00"`, "merge: 1m", "merge: 10ms").Replace(string(b)))
		err = os.WriteFile(file, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return os.DirFS(dir)
}

// as runs a command as an account of the demonstration, "" the hub's own user.
func (v *village) as(account string, out any, args ...string) {
	v.t.Helper()
	v.t.Setenv("MASHANG_TOKEN", v.tokens[account])
	text := mashang(v.t, append(args, "--url", v.ready.URL, "-o", "json")...)
	if out != nil {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			v.t.Fatalf("%v: %v in %s", args, err, text)
		}
	}
}

func TestPeopleByCommand(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a hub")
	}
	v := newVillage(t)
	t.Run("a deputy rates and sends back", v.deputies)
	t.Run("a cadre is away", v.leaves)
	t.Run("people are told", v.notices)
	t.Run("citizens are called back", v.visits)
	t.Run("an appeal is granted and the report of before can be made again", v.appeals)
	t.Run("a pasted notice of holidays counts", v.holidays)
	t.Run("data is kept by law", v.holds)
	t.Run("a node with other keys is refused", v.otherKeys)
	t.Run("all is as it was written", v.audit)
}

// send is a request of an account and returns its status.
func (v *village) send(t *testing.T, account, method, path, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, v.ready.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+v.tokens[account])
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}

func (v *village) deputies(t *testing.T) {
	v.t = t
	var list api.DeputyList
	v.as("deputy", &list, "deputy", "list", "--status", "resolved")
	if len(list.Cases) < 2 {
		t.Fatalf("the demonstration has %d resolved cases in the deputy's district", len(list.Cases))
	}
	one, other := string(list.Cases[0].ID), string(list.Cases[1].ID)
	v.as("deputy", nil, "deputy", "rate", one, "--marks", "5,4,4,5,5", "--suggest", "望常态化巡查")
	v.as("deputy", nil, "deputy", "send-back", other, "--marks", "1,2,1,1,2", "--reason", "仍未解决")
	var report api.ActivityReport
	v.as("supervisor", &report, "deputy", "report", "--all")
	if len(report.Deputies) != 1 || report.Deputies[0].Counts["rated"] != 1 || report.Deputies[0].Counts["sent_back"] != 1 {
		t.Errorf("the report is %+v", report.Deputies)
	}
	var again hub.Case
	v.as("operator", &again, "case", "show", other)
	if !again.Status.Open() || !again.Supervised || again.Round != 2 {
		t.Errorf("the case that was sent back is %+v", again)
	}
}

func (v *village) leaves(t *testing.T) {
	v.t = t
	var forecast api.Forecast
	id := v.report(t)
	v.as("operator", &forecast, "deadline", "simulate", string(id))
	holder := func() string {
		v.as("operator", &forecast, "deadline", "simulate", string(id))
		for _, s := range forecast.Steps {
			if s.Rung == 2 {
				return s.Name
			}
		}
		return ""
	}
	before := holder()
	var set struct {
		ID          int64
		Name        string
		StandInName string `json:"stand_in_name"`
	}
	until := time.Now().AddDate(0, 0, 5).Format(time.DateOnly)
	v.as("supervisor", &set, "people", "leave", "set", "p0014", "--until", until, "--stand-in", "p0013", "--reason", "年休假")
	if set.Name != before || holder() != set.StandInName {
		t.Errorf("before %s, on leave %+v, now %s", before, set, holder())
	}
	var list, later api.LeaveList
	if v.as("supervisor", &list, "people", "leave", "list"); len(list.Leaves) != 1 {
		t.Errorf("%+v", list)
	}
	v.as("supervisor", nil, "people", "leave", "end", "1")
	if holder() != before {
		t.Errorf("back early, and yet the post is %s's", holder())
	}
	if v.as("supervisor", &later, "people", "leave", "list"); len(later.Leaves) != 0 {
		t.Errorf("%+v", later)
	}
}

// report is a citizen's report in a village of the street of p0014.
func (v *village) report(t *testing.T) hub.CaseID {
	t.Helper()
	body := `{"external_id":"people-1","title":"暖气不热","text":"我叫` + canaryName + `，家里暖气冰凉三天了，室温只有12度","place":"620402001001","name":"` +
		canaryName + `","phone":"` + canaryPhone + `"}`
	id := hub.CaseID(post(t, v.ready.URL+"/in/qr", body).Tracking)
	await(t, "the case", func() bool { return v.send(t, "operator", "GET", "/api/v1/cases/"+string(id), "") == http.StatusOK })
	return id
}

func (v *village) notices(t *testing.T) {
	v.t = t
	var list api.NoticeList
	id := string(v.report(t)) // the same one again
	await(t, "the cadre's notice", func() bool {
		v.as("operator", &list, "notice", "list", "--case", id)
		return len(list.Notices) == 1
	})
	n := list.Notices[0]
	if n.Rung != 1 || n.Person == "" || n.Event != hub.Assigned {
		t.Errorf("the first notice is %+v", n)
	}
	await(t, "the heating office to ask", func() bool { // its system signs for the case by itself
		return v.send(t, "worker", "POST", "/api/v1/cases/"+id+"/commands", `{"type":"ask","department":"heating","text":"请问是几号楼？"}`) == http.StatusOK
	})
	await(t, "the citizen's notice", func() bool {
		list = api.NoticeList{}
		v.as("operator", &list, "notice", "list", "--case", id)
		return len(list.Notices) == 2 && list.Notices[0].Status == courier.Sent && list.Notices[1].Status == courier.Sent
	})
	citizens := list.Notices[0]
	if citizens.Person != "" || citizens.Event != hub.InfoAsked {
		t.Errorf("the citizen's notice is %+v", citizens)
	}
	await(t, "the message in the folder", func() bool { return strings.Contains(v.dropped(t), citizens.ID) })
	text := v.dropped(t)
	if !strings.Contains(text, "/t/"+id+"?k=") || strings.Contains(text, canaryPhone) || strings.Contains(text, canaryName) {
		t.Errorf("the citizen is told %s", text)
	}
}

// dropped is all that the demonstration would have sent.
func (v *village) dropped(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(v.data, "notices", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}

func (v *village) visits(t *testing.T) {
	v.t = t
	var list api.VisitList
	await(t, "somebody to call back", func() bool {
		v.as("operator", &list, "visit", "list")
		return len(list.Visits) > 0
	})
	first := list.Visits[0]
	v.as("operator", nil, "visit", "record", string(first.Case), "--round", fmt.Sprint(first.Round), "--solved", "--satisfied", "--text", "已通暖")
	v.as("operator", &list, "visit", "list", "--all")
	for _, w := range list.Visits {
		if w.Case == first.Case && w.Round == first.Round && (w.Reached == nil || !*w.Solved) {
			t.Errorf("recorded %+v", w)
		}
	}
}

func (v *village) appeals(t *testing.T) {
	v.t = t
	var list api.VersionList
	if v.as("supervisor", &list, "assess", "formulas"); len(list.Versions) != 1 || list.Versions[0].Hash != list.Current {
		t.Fatalf("%+v", list)
	}
	total := func(extra ...string) int {
		var table assess.Table
		args := append([]string{
			"assess", "show", "--by", "all", "--since", time.Now().AddDate(0, -2, 0).Format(time.DateOnly),
			"--until", time.Now().AddDate(0, 0, 2).Format(time.DateOnly),
		}, extra...)
		v.as("supervisor", &table, args...)
		if len(table.Rows) != 1 || table.Hash != list.Current {
			t.Fatalf("%+v", table)
		}
		return table.Rows[0].Rates["closing"].Denominator
	}
	before := total()
	var filed api.AppealFiled
	var all struct{ Cases []hub.Case }
	v.as("head", &all, "case", "list")
	v.as("head", &filed, "assess", "appeal", string(all.Cases[len(all.Cases)-1].ID), "--measure", "closing", "--reason", "同一事项重复登记")
	v.as("supervisor", nil, "assess", "decide", fmt.Sprint(filed.ID), "--grant", "--decision", "情况属实")
	after := total()
	if after != before-1 || total("--without-appeals") != before || total("--formula-version", list.Current) != after {
		t.Errorf("before %d, after %d, without appeals %d", before, after, total("--without-appeals"))
	}
	var appeals api.AppealList
	if v.as("supervisor", &appeals, "assess", "appeals"); len(appeals.Appeals) != 1 || !*appeals.Appeals[0].Granted {
		t.Errorf("%+v", appeals)
	}
}

// holidays pastes a notice of the State Council as people find it; the year is
// invented.
func (v *village) holidays(t *testing.T) {
	v.t = t
	file := filepath.Join(t.TempDir(), "通知.txt")
	notice := "国务院办公厅关于2027年部分节假日安排的通知\n一、元旦：1月1日（周五）至3日（周日）放假调休，共3天。\n" +
		"二、春节：2月5日（周五）至11日（周四）放假调休，共7天。1月31日（周日）、2月14日（周日）上班。\n"
	if err := os.WriteFile(file, []byte(notice), 0o600); err != nil {
		t.Fatal(err)
	}
	explain := func() (e struct {
		Due         time.Time
		Provisional bool
	},
	) {
		v.as("operator", &e, "calendar", "explain", "--from", "2027-02-03 16:00", "--budget", "5个工作日", "--live")
		return e
	}
	if e := explain(); !e.Provisional {
		t.Errorf("before the notice: %+v", e)
	}
	v.as("", nil, "calendar", "import", file, "--dry-run")
	if e := explain(); !e.Provisional {
		t.Errorf("a trial counts: %+v", e)
	}
	v.as("", nil, "calendar", "import", file)
	// The 4th, the 12th, the Sunday that is worked, the 15th and the 16th.
	if e := explain(); e.Provisional || e.Due.Format(time.DateOnly) != "2027-02-16" {
		t.Errorf("after the notice: %+v", e)
	}
}

func (v *village) holds(t *testing.T) {
	v.t = t
	var holds api.HoldList
	id := string(v.report(t))
	v.as("security", nil, "retention", "hold", id, "--reason", "行政复议")
	if v.as("security", &holds, "retention", "holds"); len(holds.Holds) != 1 || holds.Holds[0].By != "security" {
		t.Errorf("%+v", holds)
	}
	v.as("security", nil, "retention", "release", id, "--reason", "复议已结")
	if v.as("security", &holds, "retention", "holds"); len(holds.Holds) != 0 {
		t.Errorf("%+v", holds)
	}
	var term api.Term
	if v.as("", &term, "retention", "status"); term.Days != 3*365 || term.Due != 0 {
		t.Errorf("%+v", term)
	}
	v.as("", nil, "retention", "run")
}

func (v *village) otherKeys(t *testing.T) {
	opts := app.Options{
		Data: t.TempDir(), City: configs.Baiyin(), Listen: "127.0.0.1:0", Demo: true, Kafka: []string{v.ready.Kafka}, Postgres: v.ready.Postgres,
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := app.New(opts, slog.New(slog.DiscardHandler)).Run(ctx, func(app.Ready) { cancel() })
	if err == nil || !strings.Contains(err.Error(), "keys.other") {
		t.Errorf("a node with keys of its own: %v", err)
	}
}

func (v *village) audit(t *testing.T) {
	v.t = t
	var verdict struct {
		OK        bool
		Histories audit.Histories
	}
	if v.as("auditor", &verdict, "audit", "verify"); !verdict.OK || verdict.Histories.Cases == 0 || verdict.Histories.FirstBad != nil {
		t.Errorf("%+v", verdict)
	}
}
