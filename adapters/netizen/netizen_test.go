package netizen_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/netizen"
)

func open(t *testing.T, options, dir string) (adapters.Adapter, *adaptertest.Intake) {
	t.Helper()
	s := adaptertest.Suite{Spec: netizen.Spec(), Options: options, Deps: adapters.Deps{Dir: dir}}
	in := &adaptertest.Intake{}
	a, err := s.New(in)
	if err != nil {
		t.Fatal(err)
	}
	return a, in
}

func TestRealMessages(t *testing.T) {
	f, err := os.Open("../../../shared/data/replied.jsonl")
	if err != nil {
		t.Skip("no real messages here: ", err)
	}
	defer f.Close()
	a, in := open(t, "token: t", "")
	subs, err := a.(adapters.Decoder).Decode(t.Context(), f, "replied.jsonl", "")
	if err != nil {
		t.Fatal(err)
	}
	answers, err := adapters.AcceptAll(t.Context(), in, subs)
	if err != nil || len(answers) != 1784 {
		t.Fatalf("%d answers, %v", len(answers), err)
	}
	for _, s := range in.Taken() {
		if s.ExternalID == "" || s.Text == "" || s.SubmittedAt.IsZero() || s.Extra["答复意见"] != "" {
			t.Fatalf("badly mapped: %+v", s)
		}
	}
}

func TestBatchIsAnsweredLineByLine(t *testing.T) {
	a, _ := open(t, "token: t", "")
	body := `{"留言编号":"1","留言详情":"停水"}` + "\n" + `{"留言编号":"2"}` + "\n" + `{"留言编号":"1","留言详情":"停水"}`
	r := httptest.NewRequest(http.MethodPost, "/in/netizen", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("Authorization", "Bearer t")
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	want := `{"results":[` +
		`{"external_id":"1","receipt":"r_1","tracking":"BY1","status_url":"/t/BY1"},` +
		`{"external_id":"2","code":"invalid","detail":"没有写内容。请写明发生了什么、在哪里。"},` +
		`{"external_id":"1","receipt":"r_1","tracking":"BY1","status_url":"/t/BY1","duplicate":true}]}`
	if w.Code != http.StatusAccepted || strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestPullGoesOnAfterTheCursor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	board := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("cursor") {
		case "":
			fmt.Fprint(w, `{"items":[{"留言编号":"1","留言详情":"停水"}],"next":"c1"}`)
		case "c1":
			fmt.Fprint(w, `{"items":[{"留言编号":2,"留言详情":"停电"}],"next":"c2"}`)
		default:
			fmt.Fprint(w, `{"items":[],"next":"c2"}`)
			cancel()
		}
	}))
	defer board.Close()
	dir := t.TempDir()
	a, in := open(t, "token: t\ncursor_file: cursor\npull: "+board.URL, dir)
	if err := a.Run(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "cursor"))
	if err != nil || strings.TrimSpace(string(got)) != "c2" || len(in.Taken()) != 2 {
		t.Errorf("cursor %q, %v; taken %d", got, err, len(in.Taken()))
	}
}
