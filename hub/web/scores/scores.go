// Package scores is the pages of assessment (考核): the measures with the cases
// behind every number, the red and black list (红黑榜), appeals, reports to
// print and the export of closed cases.
//
// It measures nothing: package assess does. Start with [Config.Routes].
package scores

import (
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/assess"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

//go:embed template/*.html
var files embed.FS

// A Config says what the pages stand on.
type Config struct {
	Names     frame.Names
	Assessing *api.Assessing
}

type board struct {
	*frame.Frame
	assess *api.Assessing
}

// Routes returns the pages and the frame that they stand in.
func (c Config) Routes() (*frame.Frame, []frame.Route) {
	b := &board{assess: c.Assessing}
	b.Frame = frame.New(c.Names, c.Assessing.Clock, files, template.FuncMap{"named": c.Assessing.Name, "measure": b.measure, "share": share, "granted": func(g *bool) bool { return *g }})
	page := func(method, path string, right access.Right, show frame.Shower) frame.Route {
		return frame.Route{Method: method, Path: path, Right: right, Reach: access.OwnCases, Show: show}
	}
	return b.Frame, []frame.Route{
		page("GET", "/assess", access.ReadAssessment, b.table),
		page("GET", "/assess/issues", access.ReadAssessment, b.issues),
		page("POST", "/assess/issues", access.JudgeAppeal, b.issue),
		page("GET", "/assess/issues/{id}", access.ReadAssessment, b.proof),
		page("GET", "/assess/cases", access.ReadAssessment, b.behind),
		page("GET", "/assess/report.xlsx", access.ReadAssessment, report(c.Assessing.XLSX)),
		page("GET", "/assess/report.pdf", access.ReadAssessment, report(c.Assessing.PDF)),
		page("GET", "/assess/appeals", access.ReadAssessment, b.appeals),
		page("POST", "/assess/appeals", access.Appeal, b.appeal),
		page("POST", "/assess/appeals/{id}", access.JudgeAppeal, b.judge),
		page("GET", "/assess/export", access.Export, b.exportForm),
		page("POST", "/assess/export", access.Export, b.export),
	}
}

// A sheet is the data of the page of measures.
type sheet struct {
	assess.Table
	Dimensions []frame.Option
	Red, Black []assess.Row
	From, To   string // first and last day
	Period     string // of the query, for links
	Month      string // of the query of its tab
	Months     []frame.Option
	Issued     *assess.Issue // the newest of this period
	Small      int
	Score      string
	Appeal     bool
	Export     bool
}

func (b *board) table(r *http.Request) (frame.View, error) {
	t, err := b.assess.Table(r)
	if err != nil {
		return frame.View{}, err
	}
	issued, err := b.newest(r, t)
	if err != nil {
		return frame.View{}, err
	}
	if q := r.URL.Query(); issued != nil && t.Issue == nil && q.Get("now") == "" && q.Get("formulas") == "" && q.Get("appeals") == "" {
		return frame.View{To: "/assess?" + url.Values{"by": {string(t.By)}, "issue": {strconv.FormatInt(issued.ID, 10)}}.Encode()}, nil
	}
	p := access.Of(r.Context())
	d := sheet{
		Table: t, From: day(t.Since), To: day(t.Until.AddDate(0, 0, -1)),
		Period: url.Values{"since": {day(t.Since)}, "until": {day(t.Until)}}.Encode(),
		Months: months(b.Clock.Now()), Issued: issued, Small: b.assess.Formulas.Small, Score: b.assess.Formulas.Score,
		Appeal: p.Can(access.Appeal) || p.Can(access.JudgeAppeal), Export: p.Can(access.Export),
	}
	if d.Month = d.Period; t.Issue != nil {
		d.Period = url.Values{"issue": {strconv.FormatInt(t.Issue.ID, 10)}}.Encode()
	}
	for _, by := range assess.Dimensions() {
		d.Dimensions = append(d.Dimensions, frame.Option{Value: string(by), Label: assess.Title(by)})
	}
	for _, row := range t.Rows {
		switch row.List {
		case "red":
			d.Red = append(d.Red, row)
		case "black":
			d.Black = append(d.Black, row)
		}
	}
	return frame.View{Name: "assess", Title: "考核", Nav: "/assess", Data: d}, nil
}

func day(t time.Time) string { return frame.Beijing(t).Format("2006-01-02") }

// months are this month and the five before it, as queries.
func months(now time.Time) []frame.Option {
	now = frame.Beijing(now)
	var out []frame.Option
	for i := range 6 {
		first := time.Date(now.Year(), now.Month()-time.Month(i), 1, 0, 0, 0, 0, now.Location())
		q := url.Values{"since": {day(first)}, "until": {day(first.AddDate(0, 1, 0))}}
		out = append(out, frame.Option{Value: q.Encode(), Label: first.Format("2006年1月")})
	}
	return out
}

// share writes a rate as people say it; no denominator is no rate.
func share(r assess.Rate) string {
	if r.Denominator == 0 {
		return "—"
	}
	return strconv.FormatFloat(100*r.Value, 'f', 1, 64) + "%"
}

// measure is what a measure is called.
func (b *board) measure(code string) string {
	i := slices.IndexFunc(b.assess.Formulas.Measures, func(m assess.Measure) bool { return m.Code == code })
	if i < 0 {
		return code
	}
	return b.assess.Formulas.Measures[i].Name
}

// perPage is how many cases behind a number a page lists.
const perPage = 200

// A pile is the data of the cases behind a number.
type pile struct {
	By               assess.Dimension
	Value, Measure   string
	Numerator        bool
	Total            int
	Facts            []assess.Fact
	Back             string
	Appeal, ReadCase bool
}

func (b *board) behind(r *http.Request) (frame.View, error) {
	q := r.URL.Query()
	facts, err := b.assess.Behind(r)
	if err != nil {
		return frame.View{}, err
	}
	by, err := api.Dimension(q)
	p := access.Of(r.Context())
	d := pile{
		By: by, Value: q.Get("value"), Measure: q.Get("measure"), Numerator: q.Get("part") != "denominator", Total: len(facts),
		Facts: facts[:min(len(facts), perPage)], Appeal: p.Can(access.Appeal), ReadCase: p.Can(access.ReadCases),
		Back: "/assess?" + url.Values{"by": {string(by)}, "since": q["since"], "until": q["until"], "issue": q["issue"]}.Encode(),
	}
	return frame.View{Name: "behind", Title: b.measure(d.Measure) + "背后的事项", Nav: "/assess", Data: d}, err
}

// report makes a page of a file.
func report(f func(*http.Request) (api.File, error)) frame.Shower {
	return func(r *http.Request) (frame.View, error) {
		file, err := f(r)
		return frame.View{File: &frame.File{Name: file.Name, Media: file.Media, Data: file.Data}}, err
	}
}

// A docket is the data of the page of appeals.
type docket struct {
	Appeals       []assess.Appeal
	Measures      []assess.Measure
	Judge, Appeal bool
	Case          hub.CaseID // that is to be appealed about
	Measure       string
	Me            string
	Done, Problem string
	Typed         string
}

func (b *board) appeals(r *http.Request) (frame.View, error) { return b.appealsAfter(r, docket{}, nil) }

func (b *board) appealsAfter(r *http.Request, d docket, failed error) (frame.View, error) {
	list, err := b.assess.Marks.Appeals(r.Context(), false)
	if err != nil {
		return frame.View{}, err
	}
	p, q := access.Of(r.Context()), r.URL.Query()
	d.Appeals, d.Measures, d.Me = list, b.assess.Formulas.Measures, p.Account
	d.Judge, d.Appeal = p.Can(access.JudgeAppeal), p.Can(access.Appeal)
	if d.Case == "" {
		d.Case, d.Measure = hub.CaseID(q.Get("case")), q.Get("measure")
	}
	switch q.Get("done") {
	case "filed":
		d.Done = "申诉已提交，等督查室裁定。"
	case "judged":
		d.Done = "已裁定。"
	}
	v := frame.View{Name: "appeals", Title: "考核申诉", Nav: "/assess", Data: d}
	if failed != nil {
		d.Problem = v.Refuse(failed)
		v.Data = d
	}
	return v, nil
}

func (b *board) appeal(r *http.Request) (frame.View, error) {
	f := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	d := docket{Case: hub.CaseID(strings.ToUpper(f("case"))), Measure: f("measure"), Typed: f("reason")}
	_, err := b.assess.File(r.Context(), api.AppealRequest{Case: d.Case, Measure: d.Measure, Reason: d.Typed})
	if err != nil {
		return b.appealsAfter(r, d, err)
	}
	return frame.View{To: "/assess/appeals?done=filed"}, nil
}

func (b *board) judge(r *http.Request) (frame.View, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return frame.View{}, hub.Errorf(hub.CodeNotFound, "appeal.not_found", r.PathValue("id"))
	}
	err = b.assess.Judge(r.Context(), id, api.AppealDecision{Grant: r.PostFormValue("grant") == "yes", Decision: r.PostFormValue("decision")})
	if err != nil {
		return b.appealsAfter(r, docket{}, err)
	}
	return frame.View{To: "/assess/appeals?done=judged"}, nil
}

// An order is the data of the page of exports.
type order struct {
	Since, Until, Purpose, Format string
	Columns                       []assess.Column
	Personal, MayReveal           bool
	Problem                       string
}

func (b *board) exportForm(r *http.Request) (frame.View, error) {
	now := frame.Beijing(b.Clock.Now())
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, now.Location())
	return exportView(r, order{Since: day(first), Until: day(now.AddDate(0, 0, 1)), Format: "xlsx"}, nil), nil
}

func exportView(r *http.Request, d order, failed error) frame.View {
	d.Columns, d.MayReveal = assess.Columns(), access.Of(r.Context()).Can(access.Reveal)
	v := frame.View{Name: "export", Title: "办结导出", Nav: "/assess"}
	if failed != nil {
		d.Problem = v.Refuse(failed)
	}
	v.Data = d
	return v
}

func (b *board) export(r *http.Request) (frame.View, error) {
	f := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	d := order{Since: f("since"), Until: f("until"), Purpose: f("purpose"), Format: f("format"), Personal: f("personal") == "1"}
	file, err := b.assess.Closed(r.Context(), api.ExportRequest{
		Since: d.Since, Until: d.Until, Columns: r.PostForm["columns"], Format: d.Format, Purpose: d.Purpose, Personal: d.Personal,
	})
	if err != nil {
		return exportView(r, d, err), nil
	}
	return frame.View{File: &frame.File{Name: file.Name, Media: file.Media, Data: file.Data}}, nil
}
