package relay_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins"
	"github.com/mashang-hub/mashang/plugins/plugintest"
	"github.com/mashang-hub/mashang/plugins/relay"
)

func department(*testing.T) plugins.Department {
	return relay.New(hub.ClockFunc(time.Now), slog.New(slog.DiscardHandler))
}

func TestWebhookConforms(t *testing.T) {
	plugintest.Run(t, plugintest.Suite{New: department, Config: json.RawMessage(`{"kind":"webhook","auto_sign":true}`)})
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	d := department(t)
	if err := d.Configure(t.Context(), json.RawMessage(fmt.Sprintf(`{"kind":"folder","dir":%q}`, dir))); err != nil {
		t.Fatal(err)
	}
	plugintest.Conforms(t, d)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 514 {
		t.Fatalf("%d files for 257 alerts and their checksums, %v", len(files), err)
	}
	body, err := os.ReadFile(filepath.Join(dir, "alert-7.json"))
	if err != nil || !strings.Contains(string(body), `"specversion":"1.0"`) || !strings.Contains(string(body), "BY7") {
		t.Errorf("%.200s, %v", body, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	got, err := d.Deliver(t.Context(), plugintest.Alerts(1))
	if err != nil || got[0].Outcome != hub.RetryLater {
		t.Errorf("a folder that is gone: %+v, %v", got, err)
	}
}

// TestBadConfigurations wants the first mistake of each kind refused.
func TestBadConfigurations(t *testing.T) {
	for _, raw := range []string{
		`{"kind":"pigeon"}`, `{"kind":3}`, `[]`, `{"kind":"wecom"}`, `{"kind":"wecom","url":"https://x/","format":"html"}`,
		`{"kind":"dingtalk","url":"https://x/","no_such":1}`, `{"kind":"feishu","url":"file:///x"}`,
		`{"kind":"email","server":"mail"}`, `{"kind":"email","server":"m:25","from":"a@b.cn"}`,
		`{"kind":"email","server":"m:25","from":"a@b.cn","to":["c@d.cn"],"tls":"none","password":"x"}`,
		`{"kind":"email","server":"m:25","from":"no address","to":["c@d.cn"]}`,
		`{"kind":"sms","url":"http://127.0.0.1/","phones":["13900000000"],"sign_name":"码上","template_code":"T"}`,
		`{"kind":"sms","url":"https://x.cn/","phones":["110"],"sign_name":"码上","template_code":"T"}`,
		`{"kind":"sms","url":"https://x.cn/","phones":["13900000000"]}`,
		`{"kind":"sms","url":"https://x.cn/","phones":["13900000000"],"sign_name":"码上","template_code":"T","text":"${name}"}`,
		`{"kind":"kafka","brokers":[]}`, `{"kind":"table","table":"x"}`, `{"kind":"table","dsn":"postgres://h/d","table":"a.b.c"}`,
		`{"kind":"folder","dir":"here"}`,
	} {
		if err := department(t).Configure(t.Context(), json.RawMessage(raw)); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	for _, raw := range []string{
		`{"kind":"table","dsn":"postgres://u:hunter2@h/d","table":"a.b.c"}`,
		`{"kind":"email","server":"m:25","from":"x","to":["y"],"password":"hunter2"}`,
	} {
		if err := department(t).Configure(t.Context(), json.RawMessage(raw)); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}
