package main_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/cmd/mashang/bench"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/embedded"
	"github.com/mashang-hub/mashang/hub/egress"
	"github.com/mashang-hub/mashang/hub/postgres/local"
	"github.com/mashang-hub/mashang/plugins/plugintest"
	"github.com/mashang-hub/mashang/plugins/relay/store"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// TestOneTapFromAPush is a department's phone: a case is pushed, the link in the
// push is opened, which changes nothing, and one tap signs for the case.
func TestOneTapFromAPush(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a hub")
	}
	var mu sync.Mutex
	links := map[hub.CaseID]string{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var event struct{ Data hub.Alert }
		if json.NewDecoder(r.Body).Decode(&event) == nil && event.Data.Event == hub.Assigned {
			mu.Lock()
			defer mu.Unlock()
			links[event.Data.Case] = event.Data.Content.Extra["receipt_url"]
		}
	}))
	t.Cleanup(server.Close)
	base := run(t, app.Options{Data: t.TempDir(), City: city(t, server.URL, false)}).URL
	var id hub.CaseID
	var link string
	await(t, "a push with a link", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for c, l := range links {
			if l != "" {
				id, link = c, l
				return true
			}
		}
		return false
	})
	if !strings.HasPrefix(link, base+"/d/") {
		t.Fatalf("link %s", link)
	}
	jar, _ := cookiejar.New(nil)
	phone := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	page := func() string {
		t.Helper()
		resp, err := phone.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), string(id)) {
			t.Fatalf("%d %.500s", resp.StatusCode, body)
		}
		return string(body)
	}
	if body := page(); !strings.Contains(body, `value="sign"`) {
		t.Fatalf("no button on the page: %.800s", body)
	}
	for range 2 { // the second tap changes nothing
		resp, err := phone.PostForm(link, url.Values{"do": {"sign"}})
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("tap: %v, %v", resp, err)
		}
		_ = resp.Body.Close()
	}
	if body := page(); strings.Contains(body, `value="sign"`) || !strings.Contains(body, "已于") {
		t.Errorf("after the tap: %.800s", body)
	}
	resp, err := http.Get(base + "/schemas/")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("schemas: %v, %v", resp, err)
	}
	_ = resp.Body.Close()
}

// TestTopicAndTable pushes to a real broker and a real database, twice.
func TestTopicAndTable(t *testing.T) {
	alerts := plugintest.Alerts(50)
	t.Run("table", func(t *testing.T) {
		if testing.Short() {
			t.Skip("starts a server")
		}
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // the server may run as another user
			t.Fatal(err)
		}
		pg, err := local.Start(t.Context(), filepath.Join(dir, "pg"), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pg.Stop(context.Background()) })
		dsn := pg.DSN()
		conn, err := pgx.Connect(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(t.Context()) }()
		if _, err := conn.Exec(t.Context(), `create table mashang_alert (id text primary key, case_id text, event text, at timestamptz, body jsonb)`); err != nil {
			t.Fatal(err)
		}
		table, err := store.NewTable(store.TableConfig{DSN: webhook.Secret(dsn), Table: "mashang_alert", Allow: egress.Loopback()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = table.Close() })
		for range 2 {
			for _, r := range table.Send(t.Context(), alerts) {
				if r.Outcome != hub.Delivered {
					t.Fatalf("%+v", r)
				}
			}
		}
		var n int
		err = conn.QueryRow(t.Context(), `select count(*) from mashang_alert where body->'data'->>'case' = case_id`).Scan(&n)
		if err != nil || n != 50 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
	t.Run("topic", func(t *testing.T) {
		topic := bus.Topic{Name: "heating.in", Partitions: 2, Retention: time.Hour}
		b, err := embedded.Start(t.Context(), filepath.Join(t.TempDir(), "kafka"), "127.0.0.1:0", []bus.Topic{topic})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		to, err := store.NewTopic(store.TopicConfig{Brokers: []string{b.Addr()}, Topic: "heating.in", Allow: egress.Loopback()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = to.Close() })
		for _, r := range to.Send(t.Context(), alerts) {
			if r.Outcome != hub.Delivered {
				t.Fatalf("%+v", r)
			}
		}
		c := sarama.NewConfig()
		c.Version = sarama.V2_8_0_0
		client, err := sarama.NewClient([]string{b.Addr()}, c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }()
		total := int64(0)
		for p := range int32(2) {
			n, err := client.GetOffset("heating.in", p, sarama.OffsetNewest)
			if err != nil {
				t.Fatal(err)
			}
			total += n
		}
		if total != 50 {
			t.Errorf("%d records", total)
		}
		closed, err := store.NewTopic(store.TopicConfig{Brokers: []string{b.Addr()}, Topic: "heating.in"})
		if err != nil {
			t.Fatal(err)
		}
		if r := closed.Send(t.Context(), alerts[:1])[0]; r.Outcome != hub.RetryLater {
			t.Errorf("a broker that is not allowed: %+v", r)
		}
	})
}

// TestBadDepartmentsDelayNobody is the bar of 10,000 alerts with fewer: one
// receiver hangs, one answers 500 for a while, one process is killed three
// times. The ratio is measured by "mashang bench isolation"; here nothing may be
// lost or out of order, and the other five may not wait for the bad ones.
func TestBadDepartmentsDelayNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("starts eight plugin processes")
	}
	binary, err := exec.LookPath("mashang") // the test binary itself, under that name
	if err != nil {
		t.Fatal(err)
	}
	r, err := bench.Isolation(t.Context(), bench.IsolationConfig{
		Alerts: 1600, Binary: binary, Broken: 2 * time.Second, Answer: 5 * time.Millisecond,
		Progress: func(string, ...any) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Lost != 0 || r.OutOfOrder != 0 || r.Forged != 0 || r.Killed != 3 {
		t.Errorf("%+v", r)
	}
	if r.Refused == 0 || r.AllS < r.BrokenS {
		t.Errorf("the department that is to answer 500 for two seconds did not: %+v", r)
	}
	if r.BesideS > 15 { // the lane's timeout is 30 s, the webhook's 15 s
		t.Errorf("the five waited for the bad ones: %+v", r)
	}
	t.Logf("%+v", r)
}
