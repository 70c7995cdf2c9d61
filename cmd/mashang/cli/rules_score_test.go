package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/cmd/mashang/cli"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/feedback"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/receipt"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// run runs one command and returns its exit code and what it wrote.
func run(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = cli.Run(t.Context(), args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// TestScoreReadsWhatDepartmentsSaid follows 24 cases of one rule in a real
// database: six were sent back and given to somebody else.
func TestScoreReadsWhatDepartmentsSaid(t *testing.T) {
	dsn := pgtest.Migrated(t)
	db := pgtest.OpenAt(t, dsn)
	for i := range 24 {
		events := []string{`{"lead":"urban","decision":{"rule":"城管-017","lead":"urban"}}`}
		if i < 6 {
			events = append(events, `{"department":"urban","text":"不归我们"}`, `{"lead":"power"}`)
		}
		insert(t, db, fmt.Sprintf("BY-%02d", i), events)
	}
	code, out, errOut := run(t, "rules", "score", "--postgres", dsn, "--since", "30d", "-o", "json")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	var r struct {
		Cases int `json:"cases"`
		Rules []struct {
			Rule      string  `json:"rule"`
			SentBack  int     `json:"sent_back"`
			Rerouted  int     `json:"rerouted"`
			Precision float64 `json:"precision"`
			Verdict   string  `json:"verdict"`
		} `json:"rules"`
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Cases != 24 || len(r.Rules) != 1 {
		t.Fatalf("%s, %v", out, err)
	}
	if k := r.Rules[0]; k.Rule != "城管-017" || k.SentBack != 6 || k.Rerouted != 6 || k.Precision != 0.75 || k.Verdict != "tune" {
		t.Errorf("score %+v", k)
	}
	if _, text, _ := run(t, "rules", "score", "--postgres", dsn); !strings.Contains(text, "调整，多改派到 power（6）") {
		t.Errorf("text\n%s", text)
	}
}

func TestScoreSaysWhenThereIsNothingOrNoDatabase(t *testing.T) {
	dsn := pgtest.Migrated(t)
	pgtest.OpenAt(t, dsn)
	if code, out, _ := run(t, "rules", "score", "--postgres", dsn); code != 0 || !strings.Contains(out, "没有规则派出的事项") {
		t.Errorf("exit %d: %s", code, out)
	}
	t.Setenv("MASHANG_POSTGRES", "")
	for want, args := range map[int][]string{
		2: {"rules", "score", "--feedback", "没有这个文件.jsonl"},
		3: {"rules", "score", "--postgres", "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"},
	} {
		if code, _, errOut := run(t, args...); code != want {
			t.Errorf("%v: exit %d, want %d: %s", args, code, want, errOut)
		}
	}
	if code, _, _ := run(t, "rules", "score", "--postgres", dsn, "--since", "昨天"); code != 2 {
		t.Errorf("a time that nobody can read: exit %d", code)
	}
}

// TestNotOursLowersTheScore is a department that twice says 不归我们 of what a
// rule sent it: the rule's author asks the hub, sees the score fall and the two
// cases behind it, and keeps the scores for a day without a network.
func TestNotOursLowersTheScore(t *testing.T) {
	db := pgtest.Open(t)
	t.Setenv("MASHANG_POSTGRES", "")
	t.Setenv("MASHANG_TOKEN", "author")
	clock := hub.ClockFunc(time.Now)
	server := httptest.NewServer(api.New(api.Config{
		Routes: app.ScoreRoutes(db, clock), Gate: &access.Gate{Clock: clock, Service: "author"},
	}))
	for i := range 20 {
		insert(t, db, fmt.Sprintf("BY-%02d", i), []string{`{"lead":"urban","decision":{"rule":"城管-017","lead":"urban"}}`})
	}
	file := filepath.Join(t.TempDir(), "成绩.jsonl")
	if _, text, errOut := run(t, "rules", "score", "--url", server.URL); !strings.Contains(text, "100.0  保留") {
		t.Fatalf("before: %s%s", text, errOut)
	}
	say := func(id string, kind receipt.Kind) {
		t.Helper()
		ticket := receipt.Ticket{Alert: hub.AlertID(id + ".1"), Case: hub.CaseID(id), Department: "urban"}
		if err := feedback.New(db.Pool()).Save(t.Context(), receipt.Feedback{Ticket: ticket, Kind: kind, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	say("BY-03", receipt.NotOurs)
	say("BY-11", receipt.NotOurs)
	say("BY-11", receipt.FalseAlarm) // the same case is wrong once
	say("BY-12", receipt.TooThin)
	for _, args := range [][]string{{"--url", server.URL, "--save", file}, {"--feedback", file, "--url", "http://127.0.0.1:1"}} {
		code, text, errOut := run(t, append([]string{"rules", "score"}, args...)...)
		for _, want := range []string{"90.0%", "69.9%–97.2%", "87.5  保留", "不归我们：BY-03、BY-11", "误报：BY-11", "信息不全：BY-12"} {
			if code != 0 || !strings.Contains(text, want) {
				t.Errorf("%v: exit %d, no %s in\n%s%s", args, code, want, text, errOut)
			}
		}
	}
	t.Setenv("MASHANG_TOKEN", "stranger")
	if code, text, _ := run(t, "rules", "score", "--url", server.URL); code != 1 || text != "" {
		t.Errorf("a stranger: exit %d: %s", code, text)
	}
	server.Close()
	if code, _, errOut := run(t, "rules", "score", "--url", server.URL); code != 3 || !strings.Contains(errOut, "连不上") {
		t.Errorf("without a hub: exit %d: %s", code, errOut)
	}
}

// TestScoresAreForThoseWhoReadRules reads the row of the rights table and what
// the OpenAPI document makes of it.
func TestScoresAreForThoseWhoReadRules(t *testing.T) {
	routes := app.ScoreRoutes(nil, hub.ClockFunc(time.Now))
	if r := routes[0]; r.Right != access.ReadRules || r.Reach != access.NoCases {
		t.Errorf("%s may be asked with %s, %s", r.Path, r.Right, r.Reach)
	}
	doc, err := json.Marshal(api.Document(routes))
	for _, want := range []string{"get_rules_feedback", `"against"`, `"not_ours"`, `"since"`} {
		if err != nil || !bytes.Contains(doc, []byte(want)) {
			t.Errorf("no %s in %s, %v", want, doc, err)
		}
	}
}

func insert(t *testing.T, db *postgres.DB, id string, events []string) {
	t.Helper()
	_, err := db.Pool().Exec(t.Context(), `insert into cases (id, version, status, channel, receipt, lead, place, category, kind,
			urgency, topic, title, rung, opened_at, head, state)
		values ($1, $2, 'assigned', 'qr', $1, '', '', '', 'help', 'normal', '', '', 1, $3, ''::bytea, '{}')`, id, len(events), time.Now())
	kinds := []string{"assigned", "sent_back", "assigned"}
	for i, data := range events {
		if err == nil {
			_, err = db.Pool().Exec(t.Context(), `insert into event (case_id, seq, type, at, actor, data, hash)
				values ($1, $2, $3, $4, '{}', $5::text::json, sha256(''::bytea))`, id, i+1, kinds[i], time.Now(), data)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
