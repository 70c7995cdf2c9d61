package webhook_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// pushed is one request as a receiver got it.
type pushed struct {
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Secret  string            `json:"secret"`
	Want    bool              `json:"want"` // whether it is to be accepted
	Why     string            `json:"why"`
}

func (p pushed) header() http.Header {
	h := http.Header{}
	for k, v := range p.Headers {
		h.Set(k, v)
	}
	return h
}

// pushes captures a push of every event type, signed with two secrets and a
// key pair, and adds those that a receiver must refuse.
func pushes(t *testing.T) ([]pushed, ed25519.PublicKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []pushed
	l := serve(t, webhook.Config{
		Allow: loopback, OldSecret: old, PrivateKey: webhook.Secret("whsk_" + base64.StdEncoding.EncodeToString(private.Seed())),
	}, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p := pushed{Headers: map[string]string{}, Body: string(body), Secret: secret, Want: true, Why: "as pushed"}
		for _, k := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
			p.Headers[k] = r.Header.Get(k)
		}
		all = append(all, p)
	})
	for i, e := range webhook.Events() {
		it := item(hub.AlertID("m"+strconv.Itoa(i)), "A")
		it.Alert.Event = e
		if r := l.Push(t.Context(), []webhook.Item{it}); r[0].Outcome != hub.Delivered {
			t.Fatal(r)
		}
	}
	first := all[0]
	vary := func(why string, want bool, edit func(*pushed)) {
		p := first
		p.Headers = map[string]string{}
		maps.Copy(p.Headers, first.Headers)
		p.Why, p.Want = why, want
		edit(&p)
		all = append(all, p)
	}
	vary("the old secret, while rotating", true, func(p *pushed) { p.Secret = old })
	vary("one changed byte", false, func(p *pushed) { p.Body = strings.Replace(p.Body, "停", "断", 1) })
	vary("a wrong secret", false, func(p *pushed) { p.Secret = "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)) })
	vary("another id", false, func(p *pushed) { p.Headers["webhook-id"] = "other" })
	vary("no signature", false, func(p *pushed) { p.Headers["webhook-signature"] = "" })
	vary("an old timestamp", false, func(p *pushed) {
		p.Headers["webhook-timestamp"] = strconv.FormatInt(time.Now().Add(-6*time.Minute).Unix(), 10)
	})
	vary("a signature that is cut off", false, func(p *pushed) {
		p.Headers["webhook-signature"] = p.Headers["webhook-signature"][:20]
	})
	return all, public
}

func TestTheGoLibraryVerifiesEveryPush(t *testing.T) {
	all, public := pushes(t)
	if len(all) < len(webhook.Events())+7 {
		t.Fatalf("%d pushes", len(all))
	}
	for _, p := range all {
		v, err := standard.NewWebhook(p.Secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Verify([]byte(p.Body), p.header()); (err == nil) != p.Want {
			t.Errorf("%s: %v", p.Why, err)
		}
	}
	// The library knows no v1a: verified by hand.
	p := all[0]
	_, v1a, ok := strings.Cut(p.Headers["webhook-signature"], "v1a,")
	signature, err := base64.StdEncoding.DecodeString(v1a)
	text := p.Headers["webhook-id"] + "." + p.Headers["webhook-timestamp"] + "." + p.Body
	if !ok || err != nil || !ed25519.Verify(public, []byte(text), signature) || ed25519.Verify(public, []byte(text+" "), signature) {
		t.Errorf("v1a: %s, %v", p.Headers["webhook-signature"], err)
	}
}

const receiverJS = `
const { Webhook } = require("standardwebhooks");
const all = JSON.parse(require("fs").readFileSync(0, "utf8"));
let bad = 0;
for (const p of all) {
  let ok = true;
  try { new Webhook(p.secret).verify(p.body, p.headers); } catch (e) { ok = false; }
  if (ok !== p.want) { bad++; console.log(p.why + ": " + ok); }
}
console.log(all.length + " checked");
process.exit(bad ? 1 : 0);
`

// TestTheNpmLibraryVerifiesEveryPush is a receiver in JavaScript with the public
// library, installed from the registry that npm is set up with.
func TestTheNpmLibraryVerifiesEveryPush(t *testing.T) {
	if testing.Short() {
		t.Skip("npm install takes a while: not in short mode")
	}
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not on this machine", program)
		}
	}
	dir := t.TempDir()
	install := exec.CommandContext(t.Context(), "npm", "install", "--no-audit", "--no-fund", "--prefix", dir, "standardwebhooks@1.0.0")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("npm cannot install standardwebhooks: %v %.300s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "receiver.js"), []byte(receiverJS), 0o600); err != nil {
		t.Fatal(err)
	}
	all, _ := pushes(t)
	in, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", filepath.Join(dir, "receiver.js"))
	node.Dir, node.Stdin = dir, bytes.NewReader(in)
	out, err := node.CombinedOutput()
	if err != nil || !strings.Contains(string(out), strconv.Itoa(len(all))+" checked") {
		t.Errorf("%v\n%.2000s", err, out)
	}
}

func TestSamplesSatisfyTheirSchemas(t *testing.T) {
	server := httptest.NewServer(webhook.Schemas())
	t.Cleanup(server.Close)
	fetch := func(path string) any {
		t.Helper()
		resp, err := http.Get(server.URL + path) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		v, err := jsonschema.UnmarshalJSON(resp.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return v
	}
	for _, e := range webhook.Events() {
		path := "/schemas/" + webhook.EventType(e) + ".json"
		c := jsonschema.NewCompiler()
		c.DefaultDraft(jsonschema.Draft2020)
		c.AssertFormat()
		if err := c.AddResource("mem://x"+path, fetch(path)); err != nil {
			t.Fatal(err)
		}
		s, err := c.Compile("mem://x" + path)
		if err != nil {
			t.Fatal(err)
		}
		sample := fetch(path + "?sample")
		if err := s.Validate(sample); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		sample.(map[string]any)["type"] = "other"
		if s.Validate(sample) == nil {
			t.Errorf("%s takes another type", path)
		}
	}
	if list, ok := fetch("/schemas/").(map[string]any)["schemas"].([]any); !ok || len(list) != len(webhook.Events()) {
		t.Errorf("list: %v", list)
	}
}
