package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
)

// The canaries are put in at every door; nobody may hear them sing elsewhere.
const (
	canaryName   = "欧阳暗语"
	canaryPhone  = "19987654321"
	canaryID     = "620402199203045678"
	canarySecret = "canary-secret-8d1f"
)

func personal() []string { return []string{canaryName, "暗语", canaryPhone, canaryID} }

// A loudspeaker keeps all that was written to it.
type loudspeaker struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *loudspeaker) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *loudspeaker) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A mailroom is all departments' systems: it keeps what each was pushed.
type mailroom struct {
	mu     sync.Mutex
	bodies map[hub.DepartmentCode][]string
}

func (m *mailroom) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var event struct{ Data hub.Alert }
	_ = json.Unmarshal(body, &event)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bodies[event.Data.Department] = append(m.bodies[event.Data.Department], string(body))
}

func (m *mailroom) about(text string) (out []hub.DepartmentCode) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for d, bodies := range m.bodies {
		if slices.ContainsFunc(bodies, func(b string) bool { return strings.Contains(b, text) }) {
			out = append(out, d)
		}
	}
	return out
}

// town is a running hub with a token for each demo account and the case of the
// canaries.
type town struct {
	t      *testing.T
	url    string
	log    *loudspeaker
	mail   *mailroom
	tokens map[string]string // by account
	cases  map[hub.CaseID]hub.Case
	canary hub.CaseID
}

func newTown(t *testing.T) *town {
	t.Helper()
	w := openTown(t, true)
	body, err := json.Marshal(map[string]string{
		"external_id": "canary", "title": canaryName + "家暖气不热", "place": "620402001001", "name": canaryName, "phone": canaryPhone,
		"text": "我叫" + canaryName + "，电话" + canaryPhone + "，身份证" + canaryID + "，家里暖气冰凉三天了，室温只有12度",
	})
	if err != nil {
		t.Fatal(err)
	}
	w.canary = hub.CaseID(post(t, w.url+"/in/qr", string(body)).Tracking)
	await(t, "the canary's pushes", func() bool {
		w.learn()
		c := w.cases[w.canary]
		return len(c.Assignments) > 0 && len(w.mail.about(string(w.canary))) == len(c.Assignments)
	})
	return w
}

// openTown starts the hub and makes a token for each demo account; sign lets
// departments sign for cases by themselves.
func openTown(t *testing.T, sign bool) *town {
	t.Helper()
	t.Setenv("MASHANG_HOTLINE_TOKEN", canarySecret)
	w := &town{
		t: t, log: &loudspeaker{}, mail: &mailroom{bodies: map[hub.DepartmentCode][]string{}},
		tokens: map[string]string{}, cases: map[hub.CaseID]hub.Case{},
	}
	srv := httptest.NewServer(w.mail)
	t.Cleanup(srv.Close)
	handler := slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})
	w.url = runLogged(t, app.Options{Data: t.TempDir(), City: city(t, srv.URL, sign)}, handler).URL
	for _, account := range demoAccounts() {
		w.token(account)
	}
	return w
}

// token makes a token for an account.
func (w *town) token(account string) {
	w.t.Helper()
	var token struct{ Token string }
	if err := json.Unmarshal([]byte(mashang(w.t, "account", "token", account, "--url", w.url, "-o", "json")), &token); err != nil {
		w.t.Fatal(err)
	}
	w.tokens[account] = token.Token
}

func demoAccounts() []string {
	return strings.Fields("operator cadre township worker housing head supervisor leader deputy author approver it auditor security")
}

// learn reads all cases as the demonstration's own user.
func (w *town) learn() {
	w.t.Helper()
	_, body := w.ask("GET", "/api/v1/cases?limit=1000", "", "")
	var list struct{ Cases []hub.Case }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		w.t.Fatal(err)
	}
	for _, c := range list.Cases {
		w.cases[c.ID] = c
	}
}

// ask sends a request with a token; "-" is somebody from outside without one.
func (w *town) ask(method, path, token, body string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" || method == "POST" {
		r.Header.Set("Content-Type", "application/json")
	}
	switch token {
	case "":
	case "-":
		r.Header.Set("X-Forwarded-For", "198.51.100.7")
	default:
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(got)
}

// An operation is a row of the rights table as the hub publishes it.
type operation struct {
	method, path string
	Right        access.Right `json:"x-right"`
	Reach        access.Reach `json:"x-reach"`
}

func (w *town) operations() []operation {
	w.t.Helper()
	_, body := w.ask("GET", "/api/openapi.json", "-", "")
	var doc struct {
		Paths map[string]map[string]operation `json:"paths"`
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		w.t.Fatal(err)
	}
	var out []operation
	for path, methods := range doc.Paths {
		for method, op := range methods {
			op.method, op.path = strings.ToUpper(method), path
			out = append(out, op)
		}
	}
	slices.SortFunc(out, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return out
}

// me is who a token is.
func (w *town) me(account string) access.Principal {
	w.t.Helper()
	code, body := w.ask("GET", "/api/v1/me", w.tokens[account], "")
	var p access.Principal
	if err := json.Unmarshal([]byte(body), &p); err != nil || code != 200 {
		w.t.Fatal(account, code, err)
	}
	return p
}

// objects returns a case inside and one outside of what p may do with a right.
func (w *town) objects(p access.Principal, right access.Right) (own, foreign hub.CaseID) {
	scope := p.Scope(right)
	for id, c := range w.cases {
		if scope.Sees(c) && (own == "" || id == w.canary) {
			own = id
		}
		if !scope.Sees(c) && foreign == "" {
			foreign = id
		}
	}
	return own, foreign
}

// TestRights asks one running hub, with a token for each role.
func TestRights(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a hub and asks it two thousand times")
	}
	w := newTown(t)
	t.Run("matrix", w.matrix)
	t.Run("by hand", w.byHand)
	t.Run("commands", w.commands)
	t.Run("canaries", w.canaries)
}

// matrix tries every route of the running hub with every role, on an
// object of theirs and on a foreign one, and from outside without a token. No
// answer may hold a foreign case or the citizen's data.
func (w *town) matrix(t *testing.T) {
	ops := w.operations()
	if len(ops) < 40 {
		t.Fatalf("only %d routes", len(ops))
	}
	tried, leaks := 0, 0
	leak := func(format string, args ...any) {
		leaks++
		t.Errorf("LEAK: "+format, args...)
	}
	for _, op := range ops {
		if op.Right == access.Public {
			continue
		}
		if code, _ := w.ask(op.method, at(op.path, string(w.canary)), "-", "{}"); code != http.StatusUnauthorized {
			leak("%s %s from outside: %d", op.method, op.path, code)
		}
		for _, account := range demoAccounts() {
			p := w.me(account)
			own, foreign := w.objects(p, op.Right)
			for _, object := range []hub.CaseID{own, foreign} {
				if object == "" {
					continue
				}
				tried++
				code, body := w.ask(op.method, at(op.path, string(object)), w.tokens[account], "{}")
				w.judge(op, account, p, object, object == foreign, code, body, leak)
			}
		}
	}
	t.Logf("rights matrix: %d routes, %d roles, %d requests, %d leaks", len(ops), len(demoAccounts()), tried, leaks)
}

// at puts an object into the holes of a path.
func at(path, object string) string {
	for {
		before, rest, ok := strings.Cut(path, "{")
		if !ok {
			return path
		}
		_, after, _ := strings.Cut(rest, "}")
		path = before + object + after
	}
}

// judge compares one answer with the rights table.
func (w *town) judge(op operation, account string, p access.Principal, object hub.CaseID, foreign bool, code int, body string,
	leak func(string, ...any),
) {
	where := fmt.Sprintf("%s %s as %s on %s", op.method, op.path, account, object)
	switch {
	case !p.Can(op.Right) && code != http.StatusForbidden:
		leak("%s: %d without the right %s", where, code, op.Right)
	case p.Can(op.Right) && code == http.StatusUnauthorized:
		leak("%s: %d with the right %s", where, code, op.Right)
	case code == http.StatusInternalServerError:
		leak("%s: %d %s", where, code, body)
	case foreign && op.Reach == access.OwnCases && strings.Contains(op.path, "cases/{id}") && code < 300:
		leak("%s: %d on a foreign case", where, code)
	}
	for _, secret := range append(personal(), canarySecret) {
		if strings.Contains(body, secret) {
			leak("%s tells %q", where, secret)
		}
	}
	if op.Reach == access.OwnCases && code == http.StatusOK {
		scope := p.Scope(op.Right)
		for id, c := range w.cases {
			if !scope.Sees(c) && strings.Contains(body, string(id)) {
				leak("%s lists the foreign case %s", where, id)
			}
		}
	}
}

// commands tries every command with every role on an own
// and a foreign case.
func (w *town) commands(t *testing.T) {
	for command := range strings.FieldsSeq("assign reject answer merge archive sign_for send_back contact progress ask ask_extension " +
		"resolve answer_demand reply rate reopen decide_extension suspend resume supervise escalate instruct") {
		right, _ := access.RightFor(command)
		for _, account := range demoAccounts() {
			p := w.me(account)
			_, foreign := w.objects(p, right)
			if foreign == "" {
				continue
			}
			body := fmt.Sprintf(`{"type":%q,"text":"越权","department":"heating","lead":"heating","stars":5,"within":"1d"}`, command)
			code, got := w.ask("POST", "/api/v1/cases/"+string(foreign)+"/commands", w.tokens[account], body)
			if code != http.StatusForbidden && code != http.StatusNotFound {
				t.Errorf("LEAK: %s on the foreign case %s as %s: %d %s", command, foreign, account, code, got)
			}
		}
	}
}

// canaries looks for the citizen and for secrets in all
// that the hub says by itself: logs, metrics, pushes to others, the deputies'
// view and the files that the store keeps.
func (w *town) canaries(t *testing.T) {
	c := w.cases[w.canary]
	for _, d := range w.mail.about(canaryPhone) {
		if _, assigned := c.Assignment(d); !assigned {
			t.Errorf("%s was pushed the citizen's telephone", d)
		}
	}
	if got := w.mail.about(canaryPhone); len(got) != len(c.Assignments) {
		t.Errorf("pushed to %v, assigned %v", got, c.Assignments)
	}
	said := map[string]string{}
	for path, token := range map[string]string{
		"/metrics": "", "/api/v1/deputy/cases?limit=1000": w.tokens["deputy"], "/api/v1/deputy/cases/" + string(w.canary): w.tokens["deputy"],
		"/api/v1/status/" + string(w.canary): "-", "/t/" + string(w.canary): "-", "/api/v1/cases/NO" + canaryPhone: w.tokens["operator"],
		"/cases/" + string(w.canary): "", "/cases?text=" + canaryPhone[:6]: "", "/api/v1/audit?limit=1000": w.tokens["auditor"],
		"/deputy": "", "/deputy/" + string(w.canary): "",
	} {
		code, body := w.ask("GET", path, token, "")
		if code == http.StatusInternalServerError {
			t.Errorf("%s: %d", path, code)
		}
		said[path] = strings.ReplaceAll(body, "NO"+canaryPhone, "")
	}
	w.ask("POST", "/api/v1/cases/"+string(w.canary)+"/reveal", w.tokens["operator"], `{"purpose":"核对诉求"}`)
	w.ask("POST", "/api/v1/status/"+string(w.canary)+"/reply", "-", `{"tail":"0000","text":"`+canaryPhone+`"}`)
	w.ask("POST", "/in/qr", "-", `{"title":1,"phone":"`+canaryPhone+`"`)
	w.ask("POST", "/api/v1/accounts", "", `{"id":"x","name":"x","grants":[],"password":"`+canarySecret+`","phone":"`+canaryPhone+`"}`)
	said["the log"] = w.log.String()
	for where, text := range said {
		for _, secret := range append(personal(), canarySecret, w.tokens["operator"]) {
			if strings.Contains(text, secret) {
				t.Errorf("LEAK: %s tells %q", where, secret)
			}
		}
	}
	code, body := w.ask("POST", "/api/v1/cases/"+string(w.canary)+"/reveal", w.tokens["operator"], `{"purpose":"核对诉求"}`)
	if code != 200 || !strings.Contains(body, canaryPhone) {
		t.Errorf("who may reveal and says why is not told: %d %s", code, body)
	}
	if _, body = w.ask("GET", "/api/v1/audit?action=personal.revealed", w.tokens["auditor"], ""); !strings.Contains(body, "核对诉求") {
		t.Errorf("the reveal is not on record: %s", body)
	}
	if out := mashang(t, "audit", "verify", "--url", w.url, "-o", "json"); !strings.Contains(out, `"ok":true`) {
		t.Errorf("audit: %s", out)
	}
}
