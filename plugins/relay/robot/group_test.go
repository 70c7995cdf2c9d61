package robot_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
	"github.com/mashang-hub/mashang/plugins/relay/message"
	"github.com/mashang-hub/mashang/plugins/relay/robot"
)

const secret = "SEC000"

// A group is a group robot's server that takes what the vendor's documentation
// says and refuses the rest with the vendor's codes.
type group struct {
	vendor robot.Vendor
	mu     sync.Mutex
	now    time.Time
	posts  []map[string]any
	times  []time.Time
	refuse string // answered to everything, if set
}

// Now is the time of robot and server.
func (g *group) Now() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

func (g *group) pass(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now = g.now.Add(d)
}

func (g *group) answer(w http.ResponseWriter, code int, text string) {
	if g.vendor == robot.Feishu {
		fmt.Fprintf(w, `{"code":%d,"msg":%q}`, code, text)
		return
	}
	fmt.Fprintf(w, `{"errcode":%d,"errmsg":%q}`, code, text)
}

func (g *group) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refuse != "" {
		fmt.Fprint(w, g.refuse)
		return
	}
	var body map[string]any
	raw := json.NewDecoder(r.Body)
	if raw.Decode(&body) != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		g.answer(w, 9499, "Bad Request")
		return
	}
	if code, text := g.check(r.URL.Query(), body); code != 0 {
		g.answer(w, code, text)
		return
	}
	recent := 0
	for _, t := range g.times {
		if g.now.Sub(t) < time.Minute {
			recent++
		}
	}
	if recent >= 20 {
		g.answer(w, map[robot.Vendor]int{robot.WeCom: 45009, robot.DingTalk: 130101, robot.Feishu: 11232}[g.vendor], "send too fast, exceed 20 times per minute")
		return
	}
	g.times, g.posts = append(g.times, g.now), append(g.posts, body)
	g.answer(w, 0, "ok")
}

// check is what the vendor's documentation asks of a message.
func (g *group) check(q url.Values, body map[string]any) (int, string) {
	switch g.vendor {
	case robot.WeCom:
		if q.Get("key") != "KEY" {
			return 93000, "invalid webhook url"
		}
		return g.checkWeCom(body)
	case robot.DingTalk:
		ms, _ := strconv.ParseInt(q.Get("timestamp"), 10, 64)
		if age := g.now.Sub(time.UnixMilli(ms)); q.Get("sign") != robot.DingTalkSign(secret, q.Get("timestamp")) || age > time.Hour || age < -time.Hour {
			return 310000, "sign not match"
		}
		switch body["msgtype"] {
		case "text", "markdown", "actionCard":
			return 0, ""
		}
		return 400101, "msgtype"
	case robot.Feishu:
	}
	at, _ := body["timestamp"].(string)
	s, _ := strconv.ParseInt(at, 10, 64)
	if body["sign"] != robot.FeishuSign(secret, at) || g.now.Sub(time.Unix(s, 0)) > time.Hour {
		return 19021, "sign match fail or timestamp is not within one hour from current time"
	}
	if raw, _ := json.Marshal(body); len(raw) > 20<<10 {
		return 9499, "Bad Request: body too large"
	}
	switch body["msg_type"] {
	case "text", "post", "interactive":
		return 0, ""
	}
	return 9499, "Bad Request"
}

func (g *group) checkWeCom(body map[string]any) (int, string) {
	part := func(k string) map[string]any { v, _ := body[k].(map[string]any); return v }
	switch body["msgtype"] {
	case "text":
		if s, _ := part("text")["content"].(string); s == "" || len(s) > 2048 {
			return 40058, "text.content size"
		}
	case "markdown":
		if s, _ := part("markdown")["content"].(string); s == "" || len(s) > 4096 {
			return 40058, "markdown.content exceed max length 4096"
		}
	case "template_card":
		c := part("template_card")
		list, _ := c["horizontal_content_list"].([]any)
		jumps, _ := c["jump_list"].([]any)
		if c["card_type"] != "text_notice" || c["card_action"] == nil || len(list) > 6 || len(jumps) > 3 {
			return 42045, "template_card"
		}
	default:
		return 40008, "invalid message type"
	}
	return 0, ""
}

func open(t *testing.T, v robot.Vendor, format string) (*group, *robot.Robot) {
	t.Helper()
	g := &group{vendor: v, now: time.Date(2026, 11, 22, 10, 5, 0, 0, time.UTC)}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	c := robot.Default()
	c.URL, c.Format, c.Allow, c.AtAll, c.State = server.URL+"/send?key=KEY", format, egress.Loopback(), true, t.TempDir()
	if v != robot.WeCom {
		c.Secret = secret
	}
	r, err := robot.New(v, c, g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return g, r
}

func alerts(from, n int) []hub.Alert {
	var out []hub.Alert
	for i := from; i < from+n; i++ {
		out = append(out, hub.Alert{
			ID: hub.AlertID(fmt.Sprintf("BY%04d.2.heating", i)), Case: hub.CaseID(fmt.Sprintf("BY%04d", i)),
			Event: hub.Assigned, Department: "heating", At: time.Date(2026, 11, 22, 10, 5, 0, 0, time.UTC),
			Due:   time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
			Class: hub.Class{Topic: "heating", Urgency: hub.UrgencyCritical},
			Content: hub.Content{
				Title: "暖气不热 <@all> [点我](http://evil)", Text: "请联系13912341234，身份证620402199001011234。" + strings.Repeat("冷", 3000),
				PlaceText: "人民路小区3号楼", Extra: map[string]string{message.ReceiptURL: fmt.Sprintf("https://hub.example/d/%04d", i)},
			},
		})
	}
	return out
}

func vendors() []robot.Vendor { return []robot.Vendor{robot.WeCom, robot.DingTalk, robot.Feishu} }

func TestEveryVendorTakesEveryFormat(t *testing.T) {
	for _, v := range vendors() {
		for _, format := range []string{"text", "markdown", "card"} {
			t.Run(string(v)+" "+format, func(t *testing.T) {
				g, r := open(t, v, format)
				got := r.Send(t.Context(), alerts(1, 1))
				if len(got) != 1 || got[0].Outcome != hub.Delivered || got[0].Alert != "BY0001.2.heating" {
					t.Fatalf("%+v", got)
				}
				raw, _ := json.Marshal(g.posts[0])
				body := string(raw)
				for _, want := range []string{"暖气不热", "BY0001", "https://hub.example/d/0001", "签收"} {
					if !strings.Contains(body, want) {
						t.Errorf("no %s in %.300s", want, body)
					}
				}
				for _, bad := range []string{"13912341234", "620402199001011234", "199001011234"} {
					if strings.Contains(body, bad) {
						t.Errorf("personal data in %.300s", body)
					}
				}
				if format == "markdown" && v != robot.Feishu && strings.Contains(body, "](http://evil)") {
					t.Errorf("a citizen's link works in %.300s", body)
				}
			})
		}
	}
}

// TestFiftyInAMinute is the vendor's limit: at most 20 posts within 60 s, the
// rest in digests, none lost, and no vendor ever says "too fast".
func TestFiftyInAMinute(t *testing.T) {
	for _, v := range vendors() {
		t.Run(string(v), func(t *testing.T) {
			g, r := open(t, v, "card")
			var waiting []hub.Alert
			due := map[hub.AlertID]time.Time{}
			delivered := map[hub.AlertID]int{}
			for second := range 180 {
				if second < 50 {
					waiting = append(waiting, alerts(second, 1)...)
				}
				var ready, rest []hub.Alert
				for _, a := range waiting {
					if g.Now().Before(due[a.ID]) {
						rest = append(rest, a)
					} else {
						ready = append(ready, a)
					}
				}
				waiting = rest
				for i, rc := range r.Send(t.Context(), ready) {
					switch rc.Outcome {
					case hub.Delivered:
						delivered[rc.Alert]++
					case hub.NotTried:
						if rc.RetryAfter <= 0 {
							t.Fatal("not tried, and no time to wait")
						}
						due[rc.Alert] = g.Now().Add(rc.RetryAfter)
						waiting = append(waiting, ready[i])
					default:
						t.Fatalf("%+v", rc)
					}
				}
				g.pass(time.Second)
			}
			for i, at := range g.times {
				n := 0
				for _, b := range g.times[:i+1] {
					if at.Sub(b) < time.Minute {
						n++
					}
				}
				if n > 20 {
					t.Fatalf("%d posts within a minute", n)
				}
			}
			if len(delivered) != 50 || len(g.posts) > 40 {
				t.Errorf("%d alerts in %d posts", len(delivered), len(g.posts))
			}
			for id, n := range delivered {
				if n != 1 {
					t.Errorf("%s %d times", id, n)
				}
			}
		})
	}
}

func TestManyAtOnceBecomeDigests(t *testing.T) {
	for _, v := range vendors() {
		g, r := open(t, v, "card")
		got := r.Send(t.Context(), alerts(0, 200))
		done := 0
		for _, rc := range got {
			if rc.Outcome == hub.Delivered {
				done++
			}
		}
		if done == 0 || len(g.posts) > 20 {
			t.Errorf("%s: %d of %d delivered in %d posts", v, done, len(got), len(g.posts))
		}
		raw, _ := json.Marshal(g.posts[0])
		if !strings.Contains(string(raw), "合并推送") {
			t.Errorf("%s: %.300s", v, raw)
		}
	}
}

func TestErrorCodesAreFailures(t *testing.T) {
	for _, c := range []struct {
		vendor robot.Vendor
		answer string
		reason string
		wait   time.Duration
	}{
		{robot.WeCom, `{"errcode":45009,"errmsg":"api freq out of limit"}`, "errcode 45009: api freq out of limit", time.Minute},
		{robot.WeCom, `{"errcode":93000,"errmsg":"invalid webhook url"}`, "errcode 93000", 0},
		{robot.DingTalk, `{"errcode":130101,"errmsg":"send too fast"}`, "errcode 130101", 10 * time.Minute},
		{robot.DingTalk, `{"errcode":310000,"errmsg":"sign not match"}`, "errcode 310000: sign not match", 0},
		{robot.Feishu, `{"code":19021,"msg":"sign match fail"}`, "errcode 19021: sign match fail", 0},
		{robot.Feishu, `{"code":11232,"msg":"frequency limited"}`, "errcode 11232", time.Minute},
		{robot.Feishu, `{"ok":true}`, "HTTP 200", 0},
		{robot.WeCom, `<html>login</html>`, "HTTP 200: <html>", 0},
	} {
		g, r := open(t, c.vendor, "text")
		g.refuse = c.answer
		got := r.Send(t.Context(), alerts(1, 2))
		if got[0].Outcome != hub.RetryLater || !strings.Contains(got[0].Reason, c.reason) || got[0].RetryAfter != c.wait {
			t.Errorf("%s %s: %+v", c.vendor, c.answer, got[0])
		}
		if got[1].Outcome != hub.NotTried {
			t.Errorf("after a failure: %+v", got[1])
		}
		if c.wait > 0 {
			g.refuse = ""
			if again := r.Send(t.Context(), alerts(1, 1)); again[0].Outcome != hub.NotTried || again[0].RetryAfter != c.wait {
				t.Errorf("while hushed: %+v", again)
			}
		}
	}
}

// TestSignatures holds the vendors' published examples.
func TestSignatures(t *testing.T) {
	if got := url.QueryEscape(robot.DingTalkSign("SEC000", "1700000000000")); got != "ltBBey5eZrWKh1cPzFIdz3v3xpkc4Tjx4lLsPSHqdtA%3D" {
		t.Errorf("DingTalk: %s", got)
	}
	if got := robot.FeishuSign("demo", "1700000000"); got != "8oT2n3SMKFfEnDoiwer8BUM/SjKLwe9SqoEIHlhDTKo=" {
		t.Errorf("Feishu: %s", got)
	}
}

func TestConfig(t *testing.T) {
	for _, edit := range []func(*robot.Config){
		func(c *robot.Config) { c.URL = "ftp://x" }, func(c *robot.Config) { c.URL = "" },
		func(c *robot.Config) { c.Format = "html" }, func(c *robot.Config) { c.PerMinute = 0 },
		func(c *robot.Config) { c.URL = "https://user:pw@x/" },
	} {
		c := robot.Default()
		c.URL = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K"
		edit(&c)
		if _, err := robot.New(robot.WeCom, c, hub.ClockFunc(time.Now)); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := robot.New("slack", robot.Config{URL: "https://x/", Format: "text", PerMinute: 1}, nil); err == nil {
		t.Error("an unknown vendor")
	}
}

func TestLoopbackIsRefusedUnlessAllowed(t *testing.T) {
	g, _ := open(t, robot.WeCom, "text")
	c := robot.Default()
	c.URL, c.State = "http://127.0.0.1:9/send?key=KEY", t.TempDir()
	r, err := robot.New(robot.WeCom, c, g)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Send(t.Context(), alerts(1, 1)); got[0].Outcome != hub.RetryLater || !strings.Contains(got[0].Reason, "not allowed") {
		t.Errorf("%+v", got)
	}
}
