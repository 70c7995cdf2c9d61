// Package warnings is the pages of early warnings (预警): which are running and
// which are over, why each was opened, how many reports its spot usually has,
// its cases, what the departments were told, and closing one by hand.
//
// It judges nothing (package warning). Start with [Config.Routes].
package warnings

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/warning"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

//go:embed template/*.html
var files embed.FS

// A Store reads warnings. It is safe for concurrent use; an unknown warning is
// an Error of CodeNotFound.
type Store interface {
	// Warnings lists warnings, newest first; open leaves out those that are over.
	Warnings(ctx context.Context, open bool, limit int) ([]warning.Warning, error)
	// Warning returns a warning and its cases, oldest first.
	Warning(ctx context.Context, id string) (warning.Warning, []hub.CaseID, error)
	// Counts returns how many reports the spot had on each day since a time.
	Counts(ctx context.Context, id string, since time.Time) ([]warning.Count, error)
	// Pushes returns what departments were told, newest first.
	Pushes(ctx context.Context, id string) ([]warning.Push, error)
}

// A Config says what the pages stand on. All fields are required.
type Config struct {
	Names frame.Names
	Clock hub.Clock
	Store Store
	// Case reads a case as far as the reader may see it; one that they may not
	// is an Error of CodeNotFound.
	Case func(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error)
	// Policy returns the policy of a topic, and whether there is one.
	Policy func(topic string) (warning.Policy, bool)
	// Close ends a running warning by hand.
	Close func(ctx context.Context, id, by, why string) (warning.Warning, error)
}

// most is how many warnings a list shows, and shown how many cases of one.
const (
	most  = 200
	shown = 100
)

type book struct {
	*frame.Frame
	Config
}

// Routes returns the pages and the frame that they stand in.
func (c Config) Routes() (*frame.Frame, []frame.Route) {
	b := &book{Config: c}
	b.Frame = frame.New(c.Names, c.Clock, files, template.FuncMap{"span": warning.Span})
	return b.Frame, []frame.Route{
		{Method: "GET", Path: "/warnings", Right: access.ReadCases, Reach: access.OwnCases, Show: b.list},
		{Method: "GET", Path: "/warnings/{id}", Right: access.ReadCases, Reach: access.OwnCases, Show: b.show},
		{Method: "POST", Path: "/warnings/{id}", Right: access.CloseWarnings, Reach: access.OwnCases, Show: b.end},
	}
}

// A listing is the data of the list.
type listing struct {
	State    string // open, closed or all
	Warnings []warning.Warning
}

func (b *book) list(r *http.Request) (frame.View, error) {
	l := listing{State: r.URL.Query().Get("state")}
	if l.State != "closed" && l.State != "all" {
		l.State = "open"
	}
	all, err := b.Store.Warnings(r.Context(), l.State == "open", most)
	for _, w := range all {
		if l.State != "closed" || !w.ClosedAt.IsZero() {
			l.Warnings = append(l.Warnings, w)
		}
	}
	return frame.View{Name: "warnings", Title: "预警", Nav: "/warnings", Data: l}, err
}

// A member is one case of a warning.
type member struct {
	hub.Case
	Title string
}

// A file is the data of the page of one warning.
type file struct {
	warning.Warning
	Policy         *warning.Policy // nil when the topic is no longer watched
	Chart          chart
	Members        []member
	Hidden, Beyond int // cases that the reader may not see, or that were left out
	Pushes         []warning.Push
	MayClose       bool
	Done, Problem  string
	Typed          string
}

func (b *book) show(r *http.Request) (frame.View, error) { return b.view(r, nil) }

// view is the page of one warning, after a closing that failed.
func (b *book) view(r *http.Request, failed error) (frame.View, error) {
	f, err := b.file(r)
	if err != nil {
		return frame.View{}, err
	}
	v := frame.View{Name: "warning", Title: "预警 " + f.Spot, Nav: "/warnings"}
	if r.URL.Query().Get("done") != "" {
		f.Done = "已解除，相关部门会收到。"
	}
	if failed != nil {
		f.Problem, f.Typed = frame.Sentence(failed), r.PostFormValue("reason")
		v.Title, v.Status = "错误："+v.Title, hub.CodeOf(failed).HTTPStatus()
	}
	v.Data = f
	return v, nil
}

func (b *book) file(r *http.Request) (file, error) {
	ctx, id := r.Context(), r.PathValue("id")
	w, cases, err := b.Store.Warning(ctx, id)
	if err != nil {
		return file{}, err
	}
	f := file{Warning: w, MayClose: w.ClosedAt.IsZero() && access.Of(ctx).Can(access.CloseWarnings)}
	since := w.OpenedAt.AddDate(0, 0, -14)
	if p, ok := b.Policy(w.Topic); ok {
		f.Policy, since = &p, w.OpenedAt.Add(-p.Baseline)
	}
	counts, err := b.Store.Counts(ctx, id, since)
	if err != nil {
		return file{}, err
	}
	f.Chart = newChart(counts, w.OpenedAt, since)
	if f.Pushes, err = b.Store.Pushes(ctx, id); err != nil {
		return file{}, err
	}
	return f, b.gather(ctx, &f, cases)
}

// gather opens the newest cases that the reader may see.
func (b *book) gather(ctx context.Context, f *file, cases []hub.CaseID) error {
	f.Beyond = max(0, len(cases)-shown)
	for i := len(cases) - 1; i >= f.Beyond; i-- {
		c, s, err := b.Case(ctx, cases[i])
		switch hub.CodeOf(err) {
		case "":
			f.Members = append(f.Members, member{c, mask.Text(s.Title)})
		case hub.CodeNotFound:
			f.Hidden++
		default:
			return err
		}
	}
	return nil
}

// end closes the warning, then shows it.
func (b *book) end(r *http.Request) (frame.View, error) {
	id := r.PathValue("id")
	_, err := b.Close(r.Context(), id, access.Of(r.Context()).Name, r.PostFormValue("reason"))
	if err != nil {
		return b.view(r, err)
	}
	return frame.View{To: "/warnings/" + url.PathEscape(id) + "?done=1"}, nil
}
