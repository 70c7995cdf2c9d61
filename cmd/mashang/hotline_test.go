package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub"
)

// A platform is the hotline's own system: it is told what becomes of its work
// orders, and can be out of order.
type platform struct {
	mu   sync.Mutex
	out  bool
	told []string // order number, step, text
	keys []string // idempotency keys
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	var step struct{ No, Step, Text string }
	_ = json.Unmarshal(body, &step)
	p.told = append(p.told, strings.Join([]string{step.No, step.Step, step.Text}, " "))
	p.keys = append(p.keys, r.Header.Get("Idempotency-Key"))
}

// heard reports whether the platform was told so.
func (p *platform) heard(what string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.told, what)
}

// fail puts the platform out of order, or in again.
func (p *platform) fail(out bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = out
}

// hotlineTown starts a hub whose hotline is told of its orders.
func hotlineTown(t *testing.T) (*town, *platform) {
	t.Helper()
	p := &platform{}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	dir := filepath.Join(t.TempDir(), "city")
	if err := os.CopyFS(dir, configs.Baiyin()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "channels", "hotline.yaml")
	b, err := os.ReadFile(file)
	if err == nil {
		b = regexp.MustCompile(`body: '[^']*'`).ReplaceAll(b, []byte(`body: '{"no": external_id, "step": step, "text": text}'`))
		err = os.WriteFile(file, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("MASHANG_HOTLINE_STATUS_URL", server.URL)
	w := &town{t: t, tokens: map[string]string{}, cases: map[hub.CaseID]hub.Case{}}
	w.url = run(t, app.Options{Data: t.TempDir(), City: os.DirFS(dir)}).URL
	for _, account := range []string{"operator", "supervisor", "worker"} {
		w.token(account)
	}
	return w, p
}

// call hands in work orders, as many lines as there are, and returns what each
// was answered.
func (w *town) call(orders ...map[string]string) []struct {
	Tracking  hub.CaseID
	Receipt   string
	Duplicate bool
} {
	w.t.Helper()
	var lines []string
	for _, o := range orders {
		b, err := json.Marshal(o)
		if err != nil {
			w.t.Fatal(err)
		}
		lines = append(lines, string(b))
	}
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/in/hotline", strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("Authorization", "Bearer demo-hotline-token")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Results []struct {
			Tracking  hub.CaseID
			Receipt   string
			Duplicate bool
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || len(got.Results) != len(orders) {
		w.t.Fatalf("orders: %d %+v %v", resp.StatusCode, got, err)
	}
	return got.Results
}

// command carries out one command of the operator.
func (w *town) command(id hub.CaseID, body string) {
	w.t.Helper()
	if code, got := w.ask("POST", "/api/v1/cases/"+string(id)+"/commands", "", body); code != http.StatusOK {
		w.t.Fatalf("%s on %s: %d %s", body, id, code, got)
	}
}

const reply = "已抢修供热管道，室温恢复到20度，来电人表示满意。"

// solve has all departments of a case report it done, the lead last.
func (w *town) solve(id hub.CaseID) {
	w.t.Helper()
	await(w.t, "all sign for "+string(id), func() bool {
		w.learn()
		return !slices.ContainsFunc(w.cases[id].Assignments, func(a hub.Assignment) bool { return a.SignedAt.IsZero() })
	})
	lead := w.cases[id].Lead()
	w.command(id, fmt.Sprintf(`{"type":"contact","department":%q,"text":"已电话联系"}`, lead))
	for _, a := range w.cases[id].Assignments {
		if a.Role == hub.RoleCo {
			w.command(id, fmt.Sprintf(`{"type":"resolve","department":%q,"text":"已配合查明小区管网情况。"}`, a.Department))
		}
	}
	w.command(id, fmt.Sprintf(`{"type":"resolve","department":%q,"text":%q}`, lead, reply))
}

// known reports when all of these cases are with a department.
func (w *town) known(ids ...hub.CaseID) func() bool {
	return func() bool {
		w.learn()
		return !slices.ContainsFunc(ids, func(id hub.CaseID) bool { return len(w.cases[id].Assignments) == 0 })
	}
}

const caller, record = "19912340987", "REC-20261124-0007"

func order(no, text string) map[string]string {
	return map[string]string{
		"工单编号": no, "诉求内容": text, "来电人": "王秀兰", "来电号码": caller, "区划代码": "620402001001",
		"话务员备注": "王秀兰情绪激动，家有老人，回拨" + caller, "录音编号": record,
	}
}

// One caller calls twice about one thing: the second call is suggested, with
// the reason, and merged; each order keeps its own numbers, and the platform is
// told of each how it ended.
func TestTwoCallsOfOneCaller(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a hub")
	}
	w, p := hotlineTown(t)
	got := w.call(order("G1", "朝阳小区3号楼暖气冰凉三天了，室温只有12度"), order("G2", "朝阳小区3号楼暖气冰凉，室温12度，再次来电催促"))
	first, second := got[0].Tracking, got[1].Tracking
	if first == second || got[0].Receipt == got[1].Receipt {
		t.Fatalf("two calls have one number: %+v", got)
	}
	await(t, "both cases", w.known(first, second))
	_, similar := w.ask("GET", "/api/v1/cases/"+string(second)+"/similar", w.tokens["operator"], "")
	if !strings.Contains(similar, string(first)) || !strings.Contains(similar, "同一电话再次来电") {
		t.Errorf("not suggested: %s", similar)
	}
	w.agentNotes(first)
	w.command(second, fmt.Sprintf(`{"type":"merge","into":%q,"text":"同一来电人、同一事项"}`, first))
	w.solve(first)
	for _, want := range []string{
		"G2 merged 同一来电人、同一事项", "G1 resolved " + reply,
		"G2 resolved " + reply,
	} {
		await(t, want, func() bool { return p.heard(want) })
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Sort(p.keys); len(slices.Compact(slices.Clone(p.keys))) != len(p.keys) {
		t.Errorf("a key came twice: %v", p.keys)
	}
	for _, id := range []hub.CaseID{first, second} {
		if code, body := w.ask("GET", "/api/v1/status/"+string(id), "-", ""); code != http.StatusOK || !strings.Contains(body, string(id)) {
			t.Errorf("the caller's own number %s: %d %s", id, code, body)
		}
	}
}

// agentNotes: who handles the case reads what the agent noted; the way to the
// recording is for those who may know who called.
func (w *town) agentNotes(id hub.CaseID) {
	w.t.Helper()
	for _, path := range []string{"/api/v1/cases/", "/cases/"} {
		_, open := w.ask("GET", path+string(id), w.tokens["operator"], "")
		_, masked := w.ask("GET", path+string(id), w.tokens["supervisor"], "")
		if !strings.Contains(open, "情绪激动") || !strings.Contains(open, record) {
			w.t.Errorf("%s does not show the operator notes and recording", path)
		}
		if !strings.Contains(masked, "王**情绪激动") || strings.Contains(masked, record) || strings.Contains(masked, caller) {
			w.t.Errorf("%s shows who may not know: %s", path, masked)
		}
	}
}

// After an outage the platform hands in all it has once more, in one batch, and
// what it was not told comes to it in order: nothing is doubled or lost.
func TestTheHotlineCatchesUpAfterAnOutage(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a hub")
	}
	w, p := hotlineTown(t)
	before := w.call(order("G1", "朝阳小区3号楼暖气冰凉三天了，室温只有12度"))[0]
	await(t, "the case from before", w.known(before.Tracking))
	p.fail(true)
	w.solve(before.Tracking)
	missed := order("G2", "朝阳小区5号楼电梯停运，物业不修")
	missed["来电时间"] = "2026-11-24 03:15:00"
	after := w.call(order("G1", "朝阳小区3号楼暖气冰凉三天了，室温只有12度"), missed, missed)
	if after[0].Receipt != before.Receipt || !after[0].Duplicate {
		t.Errorf("the order from before has new numbers: %+v, %+v", before, after[0])
	}
	if after[1].Tracking == "" || after[2].Receipt != after[1].Receipt || !after[2].Duplicate {
		t.Errorf("an order twice in the batch: %+v", after)
	}
	await(t, "the missed case", w.known(after[1].Tracking))
	var view struct {
		Submitted string `json:"submitted_at"`
	}
	_, body := w.ask("GET", "/api/v1/cases/"+string(after[1].Tracking), w.tokens["operator"], "")
	if err := json.Unmarshal([]byte(body), &view); err != nil || !strings.HasPrefix(view.Submitted, "2026-11-23T19:15:00") {
		t.Errorf("the call keeps its own time: %s, %v", view.Submitted, err)
	}
	p.fail(false)
	await(t, "what happened meanwhile", func() bool { return p.heard("G1 resolved " + reply) })
	p.mu.Lock()
	defer p.mu.Unlock()
	var steps []string
	for _, told := range p.told {
		if no, rest, _ := strings.Cut(told, " "); no == "G1" {
			step, _, _ := strings.Cut(rest, " ")
			steps = append(steps, step)
		}
	}
	if signed, resolved := slices.Index(steps, "signed_for"), slices.Index(steps, "resolved"); signed > resolved || resolved < 0 {
		t.Errorf("out of order: %v", steps)
	}
}
