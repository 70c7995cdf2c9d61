package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub"
)

// folderCity copies the demo city to a folder with one small file of rules.
func folderCity(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "city")
	if err := os.CopyFS(dir, configs.Baiyin()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "rules")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "rules"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeRules(t, dir, "urban")
	return dir
}

// writeRules makes rules that send boilers (锅炉) to a department.
func writeRules(t *testing.T, dir, department string) {
	t.Helper()
	text := fmt.Sprintf("版本: 1\n负责人: 张三\n规则:\n  - 编号: 锅炉\n    当: 含任一(\"锅炉\")\n    则: {主办: %s}\n"+
		"    例:\n      - 中: {标题: 锅炉坏了}\n      - 不中: {标题: 路灯坏了}\n", department)
	if err := os.WriteFile(filepath.Join(dir, "rules", "锅炉.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// leadOf sends a case in and returns who got it and by which rule set.
func leadOf(t *testing.T, url, id string) (lead, hash string) {
	t.Helper()
	got := post(t, url+"/in/qr", fmt.Sprintf(`{"external_id":%q,"title":"锅炉坏了","text":"请修","phone":"19900000001"}`, id))
	var v struct{ Events []hub.Event }
	await(t, "the case of "+id, func() bool {
		resp, err := http.Get(url + "/api/v1/cases/" + got.Tracking + "/events")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return err == nil && json.Unmarshal(b, &v) == nil && len(v.Events) > 1
	})
	for _, e := range v.Events {
		if d := e.Data.Decision; d != nil {
			return string(d.Lead), string(d.RuleSet)
		}
	}
	t.Fatalf("no decision in %+v", v)
	return "", ""
}

func body(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Two nodes on one broker and database: what is published on one judges on
// both, and one command takes it back within a second.
func TestRulesSwitchOnAllNodes(t *testing.T) {
	dir := folderCity(t)
	data, other := t.TempDir(), t.TempDir()
	one := run(t, app.Options{Data: data, City: os.DirFS(dir)})
	keys, err := os.ReadFile(filepath.Join(data, "keys")) // of personal data: the nodes share them
	if err == nil {
		err = os.WriteFile(filepath.Join(other, "keys"), keys, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	two := run(t, app.Options{Data: other, City: os.DirFS(dir), Kafka: []string{one.Kafka}, Postgres: one.Postgres})
	release := func(node app.Ready) string {
		for line := range strings.Lines(body(t, node.URL+"/metrics")) {
			if v, ok := strings.CutPrefix(line, "mashang_rules_release "); ok {
				return strings.TrimSpace(v)
			}
		}
		return ""
	}
	if got, _ := leadOf(t, one.URL, "first"); got != "urban" || release(two) != "1" {
		t.Fatalf("before: %s, node two has release %s", got, release(two))
	}
	writeRules(t, dir, "heating")
	mashang(t, "rules", "publish", dir, "--url", one.URL, "--author", "张三", "--approver", "李四", "--why", "归供热")
	await(t, "the second node switches", func() bool { return release(two) == "2" })
	lead, hash := leadOf(t, two.URL, "second")
	if lead != "heating" {
		t.Fatalf("after publishing: %s", lead)
	}
	start := time.Now()
	mashang(t, "rules", "rollback", "--url", one.URL, "--by", "王五", "--why", "误派")
	took := time.Since(start)
	if release(one) != "1" || took > time.Second {
		t.Errorf("rollback took %v, node one has release %s", took, release(one))
	}
	await(t, "the second node switches back", func() bool { return release(two) == "1" })
	t.Logf("rollback: %v on the node that was asked, %v until both had switched", took, time.Since(start))
	if got, h := leadOf(t, two.URL, "third"); got != "urban" || h == hash {
		t.Errorf("after rollback: %s by %s", got, h)
	}
	log := mashang(t, "rules", "releases", "--url", two.URL)
	for _, want := range []string{"张三", "李四", "王五", "误派", "归供热"} {
		if !strings.Contains(log, want) {
			t.Errorf("the history does not say %s:\n%s", want, log)
		}
	}
}

// A folder that is edited while the hub runs: good rules judge, bad ones are
// shown and leave the old ones at work.
func TestTheFolderIsReadAgain(t *testing.T) {
	dir := folderCity(t)
	node := run(t, app.Options{Data: t.TempDir(), City: os.DirFS(dir), CityDir: dir})
	healthy := func() bool {
		return strings.Contains(body(t, node.URL+"/metrics"), "\nmashang_rules_last_reload_successful 1")
	}
	if got, _ := leadOf(t, node.URL, "first"); got != "urban" || !healthy() {
		t.Fatalf("before: %s", got)
	}
	writeRules(t, dir, "nobody")
	await(t, "bad rules are noticed", func() bool { return !healthy() })
	if got, _ := leadOf(t, node.URL, "second"); got != "urban" {
		t.Errorf("bad rules judge: %s", got)
	}
	if page := body(t, node.URL+"/"); !strings.Contains(page, "规则目录有误") || !strings.Contains(page, "锅炉.yaml:6") {
		t.Errorf("the console does not say what is wrong:\n%s", page[:min(2000, len(page))])
	}
	writeRules(t, dir, "heating")
	await(t, "good rules are taken", healthy)
	if got, _ := leadOf(t, node.URL, "third"); got != "heating" {
		t.Errorf("good rules do not judge: %s", got)
	}
	if strings.Contains(body(t, node.URL+"/"), "规则目录有误") {
		t.Error("the banner stays")
	}
}

// TestTenMinutes walks the guide for rule authors with a running hub.
func TestTenMinutes(t *testing.T) {
	dir := folderCity(t)
	node := run(t, app.Options{Data: t.TempDir(), City: os.DirFS(dir)})
	testscript.Run(t, testscript.Params{
		Dir: "testdata/hub",
		Setup: func(e *testscript.Env) error {
			e.Setenv("MASHANG_URL", node.URL)
			guide, err := os.ReadFile("../../rules/README.md")
			return errors.Join(err, os.WriteFile(filepath.Join(e.WorkDir, "guide.md"), guide, 0o644),
				os.CopyFS(filepath.Join(e.WorkDir, "city"), os.DirFS(dir)))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"send": send, "explain": explainCase, "replace": replaceText, "capture": capture,
		},
	})
}

// send sends a case in: id, title, text; its number becomes $CASE.
func send(ts *testscript.TestScript, _ bool, args []string) {
	b, err := json.Marshal(map[string]string{"external_id": args[0], "title": args[1], "text": args[2], "phone": "19900000001"})
	ts.Check(err)
	resp, err := http.Post(ts.Getenv("MASHANG_URL")+"/in/qr", "application/json", strings.NewReader(string(b)))
	ts.Check(err)
	defer resp.Body.Close()
	var a acceptance
	ts.Check(json.NewDecoder(resp.Body).Decode(&a))
	ts.Setenv("CASE", a.Tracking)
}

// explainCase waits until the case is there and explains it.
func explainCase(ts *testscript.TestScript, _ bool, args []string) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); ; <-tick.C {
		err := ts.Exec("mashang", "rules", "explain", args[0])
		if err == nil {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("case %s: %v", args[0], err)
		}
	}
}

// replaceText replaces a text that must be in the file; | is a new line.
func replaceText(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	text = strings.ReplaceAll(text, args[1], strings.ReplaceAll(args[2], "|", "\n"))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// capture keeps what the first group of a pattern matches in the last output.
func capture(ts *testscript.TestScript, _ bool, args []string) {
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) < 2 {
		ts.Fatalf("no %s in the output", args[1])
	}
	ts.Setenv(args[0], m[1])
}
