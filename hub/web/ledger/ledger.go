// Package ledger is the pages of the audit (审计): who did what, who looked at
// personal data and what for, and whether the record is as it was written.
//
// It changes nothing. Start with [Config.Routes].
package ledger

import (
	"context"
	"crypto/ed25519"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

//go:embed template/*.html
var files embed.FS

// A Config says what the pages stand on.
type Config struct {
	Names       frame.Names
	Clock       hub.Clock
	Ledger      api.Ledger
	Checkpoints api.OwnMarks
}

type desk struct {
	*frame.Frame
	Config
}

// Routes returns the pages and the frame that they stand in.
func (c Config) Routes() (*frame.Frame, []frame.Route) {
	d := &desk{Config: c}
	d.Frame = frame.New(c.Names, c.Clock, files, template.FuncMap{"did": did, "datum": datum, "shown": shown})
	page := func(method, path string, show frame.Shower) frame.Route {
		return frame.Route{Method: method, Path: path, Right: access.ReadAudit, Reach: access.NoCases, Show: show}
	}
	return d.Frame, []frame.Route{
		page("GET", "/audit", d.list), page("GET", "/audit/state", d.state), page("POST", "/audit/state", d.verify),
	}
}

// did says what an action is called: that of the event for changes of cases.
func did(action string) string {
	if event, ok := strings.CutPrefix(action, "case."); ok {
		return glossary.In("event", event)
	}
	return glossary.In("audit", action)
}

// datum is what a field of a record is called.
func datum(key string) string { return glossary.In("datum", key) }

// shown lists the fields of a record for people: the session is for machines.
func shown(e audit.Entry) []frame.Option {
	var out []frame.Option
	for key, value := range e.Data {
		if key != "session" && key != "seq" && value != "" {
			out = append(out, frame.Option{Value: value, Label: datum(key)})
		}
	}
	slices.SortFunc(out, func(a, b frame.Option) int { return strings.Compare(a.Label, b.Label) })
	return out
}

// perPage is how many records a page lists.
const perPage = 100

// A listing is the data of the list of records.
type listing struct {
	auditlog.Filter
	From, To string // days
	Records  []audit.Entry
	Actions  []frame.Option
	Older    string // link
}

func actions() []frame.Option {
	var out []frame.Option
	for _, code := range []string{
		"case.", audit.Revealed, audit.Exported, audit.LoginDone, audit.LoginFailed, "account.", "token.", "rules.", "appeal.", "visit.", audit.Deleted,
		audit.DeliveriesRedone, audit.LaneSet,
	} {
		label := glossary.In("audit", strings.TrimSuffix(code, "."))
		out = append(out, frame.Option{Value: code, Label: label})
	}
	return out
}

func (d *desk) list(r *http.Request) (frame.View, error) {
	q := r.URL.Query()
	l := listing{
		Filter: auditlog.Filter{
			Actor: strings.TrimSpace(q.Get("actor")), Action: q.Get("action"), Object: strings.TrimSpace(q.Get("object")), Limit: perPage,
		},
		From: q.Get("from"), To: q.Get("to"), Actions: actions(),
	}
	for text, at := range map[string]*time.Time{l.From: &l.Since, l.To: &l.Until} {
		if text == "" {
			continue
		}
		t, err := time.ParseInLocation("2006-01-02", text, hub.China())
		if err != nil {
			return frame.View{}, &hub.Error{Code: hub.CodeInvalid, Key: "query.invalid", Args: []any{text}, Err: err}
		}
		*at = t
	}
	if !l.Until.IsZero() {
		l.Until = l.Until.AddDate(0, 0, 1) // the day is meant whole
	}
	if t, err := time.Parse(time.RFC3339Nano, q.Get("before")); err == nil {
		l.Until = t
	}
	var err error
	if l.Records, err = d.Ledger.Audit(r.Context(), l.Filter); err != nil {
		return frame.View{}, err
	}
	if n := len(l.Records); n == perPage {
		to := url.Values{"before": {l.Records[n-1].At.Format(time.RFC3339Nano)}}
		for _, key := range []string{"actor", "action", "object", "from", "to"} {
			if q.Get(key) != "" {
				to.Set(key, q.Get(key))
			}
		}
		l.Older = "/audit?" + to.Encode()
	}
	return frame.View{Name: "audit", Title: "审计", Nav: "/audit", Data: l}, nil
}

// A state is the data of the page about the record itself.
type state struct {
	Last    *audit.Checkpoint
	Marks   int
	Keys    []string // of all nodes
	Verdict *api.Verdict
}

func (d *desk) state(r *http.Request) (frame.View, error) {
	s, _, _, err := d.marks(r.Context())
	return frame.View{Name: "state", Title: "审计是否完好", Nav: "/audit", Data: s}, err
}

func (d *desk) marks(ctx context.Context) (s state, marks []audit.Checkpoint, keys []ed25519.PublicKey, err error) {
	if marks, keys, err = d.Checkpoints(ctx); err != nil {
		return s, nil, nil, err
	}
	for _, key := range keys {
		s.Keys = append(s.Keys, audit.KeyID(key))
	}
	if s.Marks = len(marks); s.Marks > 0 {
		s.Last = &marks[len(marks)-1]
	}
	return s, marks, keys, nil
}

func (d *desk) verify(r *http.Request) (frame.View, error) {
	s, marks, keys, err := d.marks(r.Context())
	if err != nil {
		return frame.View{}, err
	}
	v := frame.View{Name: "state", Title: "审计是否完好", Nav: "/audit"}
	verdict, err := api.CheckAudit(r.Context(), d.Ledger, marks, keys)
	if err != nil {
		return frame.View{}, err
	}
	s.Verdict = &verdict
	v.Data = s
	return v, nil
}
