package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/mashang-hub/mashang/configs"
)

// guide is what the guide for IT engineers says; every command of these tests
// stands in it.
func guide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../adapters/README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A workplace is an engineer's working folder with the binary.
type workplace struct {
	t     *testing.T
	dir   string
	guide string
	url   string
}

func newWorkplace(t *testing.T) *workplace {
	w := &workplace{t: t, dir: t.TempDir(), guide: guide(t), url: "http://127.0.0.1:1"}
	if err := os.CopyFS(filepath.Join(w.dir, "city"), configs.Baiyin()); err != nil {
		t.Fatal(err)
	}
	return w
}

// run runs a command of the guide, word by word.
func (w *workplace) run(command string) string {
	w.t.Helper()
	if !strings.Contains(w.guide, command) {
		w.t.Errorf("the guide does not say %q", command)
	}
	return w.do(command)
}

// do runs a command with the address of the running hub.
func (w *workplace) do(command string, input ...string) string {
	w.t.Helper()
	words := strings.Fields(strings.ReplaceAll(command, "http://127.0.0.1:8080", w.url))
	cmd := exec.CommandContext(w.t.Context(), words[0], words[1:]...)
	cmd.Dir, cmd.Env = w.dir, append(os.Environ(), "MASHANG_URL="+w.url, "MASHANG_TOKEN=")
	cmd.Stdin = strings.NewReader(strings.Join(input, ""))
	out, err := cmd.Output()
	if err != nil {
		var text []byte
		if e, ok := err.(*exec.ExitError); ok { //nolint:errorlint // of this very call
			text = e.Stderr
		}
		w.t.Fatalf("%s: %v\n%s%s", command, err, out, text)
	}
	return string(out)
}

// demo starts the hub of the guide on a free port and returns when it is ready.
func (w *workplace) demo() {
	w.t.Helper()
	command := "mashang demo --config city --data data"
	if !strings.Contains(w.guide, command) {
		w.t.Errorf("the guide does not say %q", command)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "mashang", append(strings.Fields(command)[1:], "--listen", "127.0.0.1:0", "-o", "json")...)
	cmd.Dir, cmd.Stderr = w.dir, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	var ready struct{ URL string }
	if err := json.NewDecoder(out).Decode(&ready); err != nil || ready.URL == "" {
		w.t.Fatalf("the hub did not start: %v", err)
	}
	w.url = ready.URL
}

// post sends as the guide's curl does.
func (w *workplace) post(channel, key, media string, body []byte) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/in/"+channel, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", media)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// TestSixthChannelByTheGuide wires 城建热线 (GB18030, Chinese names) as the guide
// says, and then does with it what its other chapters say.
func TestSixthChannelByTheGuide(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a hub")
	}
	w := newWorkplace(t)
	const order = `{"工单编号":"CJ001","标题":"暖气不热","内容":"大水䃎村家里暖气不热三天了","登记时间":"2026年11月23日 9时8分","联系人":"张三","电话":"139 0000 1111","地址":"人民路街道"}`
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(order))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "样例.json"), gb, 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	w.run("mashang channel new --template webhook-json --code chengjian --name 城建热线 --sample 样例.json --config city")
	w.run("mashang channel check --config city")
	w.demo()
	const media = "application/json; charset=gb18030"
	if status, text := w.post("chengjian", "demo-chengjian-key", media, gb); status != 202 || !strings.Contains(text, "tracking") {
		t.Fatalf("first message: %d %s", status, text)
	}
	await(t, "the first case", func() bool {
		return strings.Contains(w.run("mashang case list --channel chengjian"), "暖气不热")
	})
	t.Logf("first case after %v", time.Since(began).Round(time.Millisecond))
	w.run("mashang channel check chengjian --config city --url http://127.0.0.1:8080")
	w.letters()
	w.rotate(media, gb)
	w.look(media, gb)
}

// letters is chapter 5: a broken message is kept, repaired and replayed.
func (w *workplace) letters() {
	if status, _ := w.post("chengjian", "demo-chengjian-key", "application/json", []byte(`{"工单编号":"CJ009"`)); status != 400 {
		w.t.Errorf("broken message: %d", status)
	}
	var list struct{ Letters []struct{ ID json.Number } }
	if err := json.Unmarshal([]byte(w.do("mashang dead list --channel chengjian -o json")), &list); err != nil || len(list.Letters) == 0 {
		w.t.Fatalf("letters: %v", err)
	}
	id := list.Letters[0].ID.String()
	if got := w.do("mashang dead show " + id); !strings.Contains(got, "CJ009") {
		w.t.Errorf("letter shows %q", got)
	}
	w.do("mashang dead repair "+id+" -", `{"工单编号":"CJ009","内容":"路灯不亮"}`)
	if got := w.do("mashang dead replay " + id); !strings.Contains(got, "已重投") {
		w.t.Errorf("replay: %s", got)
	}
	await(w.t, "the repaired case", func() bool { return strings.Contains(w.do("mashang case list --channel chengjian"), "路灯不亮") })
	if got := w.do("mashang replay --from 2026-01-01 --to 2099-01-01 --channel chengjian --dry-run -o json"); !strings.Contains(got, `"found":2,"existing":2,"missing":0`) {
		w.t.Errorf("replay of a window: %s", got)
	}
}

// rotate is the end of chapter 1: two live keys, and then one.
func (w *workplace) rotate(media string, body []byte) {
	var made struct{ Key string }
	if err := json.Unmarshal([]byte(w.do("mashang channel rotate chengjian -o json")), &made); err != nil || made.Key == "" {
		w.t.Fatalf("rotate: %v", err)
	}
	for _, k := range []string{"demo-chengjian-key", made.Key} {
		if status, text := w.post("chengjian", k, media, body); status != 202 {
			w.t.Errorf("both keys are live: %d %s", status, text)
		}
	}
	w.run("mashang channel rotate chengjian --promote")
	if status, _ := w.post("chengjian", "demo-chengjian-key", media, body); status != 401 {
		w.t.Errorf("old key after promotion: %d", status)
	}
	if status, _ := w.post("chengjian", made.Key, media, body); status != 202 {
		w.t.Errorf("new key after promotion: %d", status)
	}
	if got := w.do("mashang channel tail chengjian --follow=false -o json"); strings.Contains(got, "13900001111") || strings.Contains(got, made.Key) || !strings.Contains(got, `"outcome":"denied"`) {
		w.t.Errorf("tail shows what it must not, or not what it must:\n%.2000s", got)
	}
}

// look is chapter 4: a test address stores nothing.
func (w *workplace) look(media string, body []byte) {
	var test struct{ Path, Token string }
	resp, err := http.Post(w.url+"/api/v1/channels/kuaiban/listen", "", nil) //nolint:noctx // a test
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&test); err != nil || test.Path == "" {
		w.t.Fatalf("listen: %v", err)
	}
	before := w.do("mashang case list --limit 1 -o json")
	status, _ := w.post("test/"+test.Token, "", media, body)
	if status != 401 {
		w.t.Errorf("a test address asks for the same proof: %d", status)
	}
	if after := w.do("mashang case list --limit 1 -o json"); before != after {
		w.t.Error("a test address stored something")
	}
}

// TestSeventhChannelInPython does chapter 7 of the guide.
func TestSeventhChannelInPython(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a hub")
	}
	if exec.Command("/usr/bin/python3", "-c", "import grpc, google.protobuf").Run() != nil {
		t.Skip("no /usr/bin/python3 with grpcio: apt-get install python3-grpcio python3-protobuf")
	}
	w := newWorkplace(t)
	if err := os.CopyFS(filepath.Join(w.dir, "data", "adapters"), os.DirFS("../../adapters/external/example/python")); err != nil {
		t.Fatal(err)
	}
	w.run("mashang channel new --template external-python --code qihao --name 第七热线 --config city")
	w.do("mashang channel check --config city")
	w.demo()
	await(t, "the program to run and take its first message", func() bool {
		status, _ := w.post("qihao", "demo-qihao-key", "text/plain", []byte("Q1|家里暖气不热|139 0000 1111|2026-11-23 09:08"))
		return status == 202
	})
	await(t, "its case", func() bool { return strings.Contains(w.do("mashang case list --channel qihao"), "家里暖气不热") })
}
