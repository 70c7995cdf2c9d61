package studio_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/simulate"
	"github.com/mashang-hub/mashang/rules/studio"
)

const text = `版本: 1
负责人: 张三
规则:
  - 编号: 甲
    名称: 锅炉
    当: 含任一("锅炉")
    则: {主办: urban}
    例:
      - 中: {标题: 锅炉坏了, 主办: urban}
      - 不中: {标题: 路灯坏了}
`

func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "锅炉.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

type client struct {
	t     *testing.T
	url   string
	token string
}

func serve(t *testing.T, dir string) client {
	t.Helper()
	cases, err := simulate.Read(strings.NewReader(`{"id":"1","title":"锅炉坏了","text":"请修"}` + "\n" + `{"id":"2","title":"路灯","text":"不亮"}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := studio.New(studio.Options{Dir: dir, Known: []hub.DepartmentCode{"urban", "heating"}, History: cases})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return client{t, srv.URL, s.Token()}
}

func (c client) do(method, path string, body any) (int, string) {
	c.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(string(b)))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("X-Studio-Token", c.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, string(out)
}

func (c client) want(method, path string, body any, status int, parts ...string) string {
	c.t.Helper()
	got, out := c.do(method, path, body)
	for _, p := range parts {
		if got != status || !strings.Contains(out, p) {
			c.t.Errorf("%s %s %v: %d %s, want %d with %s", method, path, body, got, out, status, p)
		}
	}
	return out
}

func draft(text string) map[string]string {
	return map[string]string{"name": "锅炉.yaml", "text": text}
}

func TestAnAuthorsDay(t *testing.T) {
	dir := folder(t)
	c := serve(t, dir)
	c.want("GET", "/api/files", nil, 200, `"name":"锅炉.yaml"`, `"id":"甲"`, `"to":"城管"`, `"heating":"供热"`)
	var file struct{ Text, Version string }
	if err := json.Unmarshal([]byte(c.want("GET", "/api/file?name=锅炉.yaml", nil, 200, "锅炉")), &file); err != nil || file.Text != text {
		t.Fatalf("%v %q", err, file.Text)
	}
	wrong := strings.Replace(text, "urban}\n    例", "nobody}\n    例", 1)
	c.want("POST", "/api/check", draft(wrong), 200, `"line":7`, `"code":"M24"`)
	c.want("POST", "/api/check", draft("规则: ["), 200, `"problems":[{`)
	c.want("POST", "/api/test", draft(wrong), 409, "个问题")
	better := strings.ReplaceAll(text, "urban", "heating")
	c.want("POST", "/api/check", draft(better), 200, `"problems":[]`, `"rules":1`)
	c.want("POST", "/api/test", draft(better), 200, `"passed":2`, `"failed":0`)
	c.want("POST", "/api/test", draft(strings.ReplaceAll(text, "标题: 路灯坏了", "标题: 锅炉")), 200, `"failed":1`, `"line":10`)
	c.want("POST", "/api/diff", draft(better), 200, `"matrix":[{"from":"urban","to":"heating","cases":1}]`)
	try := map[string]string{"name": "锅炉.yaml", "text": better, "title": "锅炉坏了", "time": "2026-11-24T09:00"}
	c.want("POST", "/api/explain", try, 200, `"to":"heating"`, `"verdict":"taken"`, "规则 甲 派给供热")
	if now, _ := os.ReadFile(filepath.Join(dir, "锅炉.yaml")); string(now) != text {
		t.Error("a draft was written")
	}
	save := map[string]string{"name": "锅炉.yaml", "text": better, "version": file.Version}
	c.want("PUT", "/api/file", save, 200, `"version"`)
	if now, _ := os.ReadFile(filepath.Join(dir, "锅炉.yaml")); string(now) != better {
		t.Errorf("saved %q", now)
	}
	c.want("PUT", "/api/file", save, 409, "在别处被改过")
	c.want("PUT", "/api/file", map[string]string{"name": "新.yaml", "text": "版本: 1\n"}, 200, `"version"`)
	c.want("PUT", "/api/file", map[string]string{"name": "新.yaml", "text": "版本: 2\n"}, 409, "在别处被改过")
}

func TestItServesOnePersonOnly(t *testing.T) {
	c := serve(t, folder(t))
	for _, name := range []string{"../x.yaml", "/etc/x.yaml", "a/../../x.yaml", "x.sh", ".hidden.yaml", ""} {
		if status, out := c.do("PUT", "/api/file", map[string]string{"name": name, "text": "x"}); status != 422 {
			t.Errorf("%q: %d %s", name, status, out)
		}
	}
	other := c
	other.token = "guess"
	other.want("GET", "/api/files", nil, 401, "令牌")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("another name for this machine: %d", resp.StatusCode)
	}
	rec := httptest.NewRecorder()
	far := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/", nil)
	far.RemoteAddr = "10.0.0.9:1"
	s, err := studio.New(studio.Options{Dir: folder(t)})
	if err != nil {
		t.Fatal(err)
	}
	if s.ServeHTTP(rec, far); rec.Code != http.StatusForbidden {
		t.Errorf("from another machine: %d", rec.Code)
	}
	for _, name := range []string{"", "studio.js", "studio.css"} {
		status, page := c.do("GET", "/"+name, nil)
		for _, far := range []string{"https://", "//cdn", "innerHTML", "onclick=\"", "style=\""} {
			if status != 200 || strings.Contains(page, far) {
				t.Errorf("/%s: %d, has %s", name, status, far)
			}
		}
	}
	if _, err := studio.New(studio.Options{Dir: filepath.Join(t.TempDir(), "nowhere")}); err == nil {
		t.Error("a folder that is not there is opened")
	}
}
