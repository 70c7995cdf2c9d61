package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/assess"
)

// Marks reads what is assessed and keeps appeals, within the scope of the
// context.
type Marks interface {
	Facts(ctx context.Context, since, until time.Time) ([]assess.Fact, error)
	AddAppeal(ctx context.Context, a assess.Appeal) (int64, error)
	DecideAppeal(ctx context.Context, a assess.Appeal) error
	Appeals(ctx context.Context, open bool) ([]assess.Appeal, error)
	// OldFormulas returns a kept version of the formulas, by its name or hash;
	// of several with that name the newest.
	OldFormulas(ctx context.Context, version string) (*assess.Formulas, error)
	// Versions lists the versions that were kept, newest first.
	Versions(ctx context.Context) ([]assess.Version, error)
}

// Assessing is what the routes of assessment stand on.
type Assessing struct {
	Marks    Marks
	Kept     Issues
	Formulas *assess.Formulas
	// Export hands out the cases closed in a period and records it.
	Export func(ctx context.Context, since, until, now time.Time, data map[string]string) ([]assess.Record, error)
	Words  assess.Words
	City   string
	Font   []byte
	Clock  hub.Clock
}

// A Behind (背后事项) is the cases behind a number.
type Behind struct {
	Total int          `json:"total"`
	Cases []hub.CaseID `json:"cases"`
}

// An AppealList (申诉列表) is appeals, newest first.
type AppealList struct {
	Appeals []assess.Appeal `json:"appeals"`
}

// A VersionList (公式版本列表) is the versions of the formulas, newest first.
type VersionList struct {
	Current  string           `json:"current"` // hash
	Versions []assess.Version `json:"versions"`
}

// An AppealRequest (申诉) says why a case ought not to count.
type AppealRequest struct {
	Case    hub.CaseID `json:"case"`
	Measure string     `json:"measure"`
	Reason  string     `json:"reason"`
}

// An AppealFiled (申诉已受理) names the appeal.
type AppealFiled struct {
	ID int64 `json:"id"`
}

// An AppealDecision (申诉裁定) grants or refuses.
type AppealDecision struct {
	Grant    bool   `json:"grant"`
	Decision string `json:"decision"`
}

// An ExportRequest (导出申请) says what is to be exported and what for.
type ExportRequest struct {
	Since   string   `json:"since"` // first day closed, 2026-11-01
	Until   string   `json:"until"` // day after the last
	Columns []string `json:"columns,omitempty"`
	Format  string   `json:"format,omitempty"` // csv or xlsx
	Purpose string   `json:"purpose"`
	// Personal asks for personal data as it is; it needs the right to reveal.
	Personal bool `json:"personal,omitempty"`
}

// The media types of reports.
const (
	mediaXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	mediaPDF  = "application/pdf"
	mediaCSV  = "text/csv; charset=utf-8"
)

// Routes returns the routes of assessment.
func (s *Assessing) Routes() []Route {
	period := []Param{
		{"since", "从这天收件的起，如 2026-11-01"},
		{"until", "到这天为止（不含）；都不填是本月"},
		{"formulas", "用哪一版公式重算：版本名或哈希；不填用现行的"},
		{"appeals", "none 不计申诉裁定，看申诉前公布的数"},
		{"issue", "签发号：用签发时留下的事实和公式，时段和版本随它"},
	}
	by := append(slices.Clone(period), Param{"by", "按什么分：all、department、county、township、channel、category"})
	read := func(method, path, summary string, h func(*http.Request) (any, error), query []Param, answer any, media string) Route {
		return Route{
			Method: method, Path: "/api/v1/assess" + path, Right: access.ReadAssessment, Reach: access.OwnCases,
			Handle: h, Summary: summary, Query: query, Answer: answer, Media: media,
		}
	}
	return append(s.issueRoutes(), []Route{
		read("GET", "", "考核表，得分高的在前", s.table, by, assess.Table{}, ""),
		read("GET", "/cases", "一个数背后的事项", s.behind, append(by, Param{"value", "哪一行"}, Param{"measure", "哪个指标"},
			Param{"part", "numerator 分子，denominator 分母"}), Behind{}, ""),
		read("GET", "/report.xlsx", "考核月报，带图表", s.xlsx, period, nil, mediaXLSX),
		read("GET", "/report.pdf", "考核月报，A4 打印", s.pdf, period, nil, mediaPDF),
		read("GET", "/formulas", "考核公式的各个版本，新的在前", s.versions, nil, VersionList{}, ""),
		read("GET", "/appeals", "考核申诉", s.appeals, []Param{{"open", "true 只看未裁定的"}}, AppealList{}, ""),
		{
			Method: "POST", Path: "/api/v1/assess/appeals", Right: access.Appeal, Reach: access.OwnCases, Handle: s.appeal,
			Summary: "对一个事项的考核提出申诉", Body: AppealRequest{}, Answer: AppealFiled{},
		},
		{
			Method: "POST", Path: "/api/v1/assess/appeals/{appeal}/decision", Right: access.JudgeAppeal, Reach: access.OwnCases,
			Handle: s.decide, Summary: "裁定申诉；同意的从那个指标里剔除", Body: AppealDecision{}, Answer: Done{},
		},
		{
			Method: "POST", Path: "/api/v1/exports", Right: access.Export, Reach: access.OwnCases, Handle: s.export,
			Summary: "办结导出：选列、写用途，记入审计；个人信息默认遮盖", Body: ExportRequest{}, Media: mediaCSV,
		},
	}...)
}

// month is the calendar month of Beijing that holds t.
func month(t time.Time) (since, until time.Time) {
	t = t.In(hub.China())
	since = time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, t.Location())
	return since, since.AddDate(0, 1, 0)
}

// A basis is what tables are computed from.
type basis struct {
	facts        []assess.Fact
	since, until time.Time
	formulas     *assess.Formulas
	issue        *assess.Issue // whose facts and formulas they are
}

// basis returns what r asks for: a report that was issued as it was then, else
// the facts of a period, this month if none, by a version of the formulas, the
// present one if none.
func (s *Assessing) basis(r *http.Request) (b basis, err error) {
	q := r.URL.Query()
	if text := q.Get("issue"); text != "" {
		return s.issued(r.Context(), text)
	}
	if b.since, b.until, err = s.period(q); err != nil {
		return b, err
	}
	if b.facts, err = s.Marks.Facts(r.Context(), b.since, b.until); err != nil {
		return b, err
	}
	switch q.Get("appeals") {
	case "":
	case "none":
		for i := range b.facts {
			b.facts[i].Spared = nil
		}
	default:
		return b, hub.Errorf(hub.CodeInvalid, "query.invalid", "appeals")
	}
	b.formulas = s.Formulas
	if version := q.Get("formulas"); version != "" {
		b.formulas, err = s.Marks.OldFormulas(r.Context(), version)
	}
	return b, err
}

// table computes one dimension of b.
func (b basis) table(by assess.Dimension) (assess.Table, error) {
	t, err := b.formulas.Evaluate(b.facts, by)
	t.Since, t.Until, t.Issue = b.since, b.until, b.issue
	return t, err
}

// period is the one that q asks for, this month if none.
func (s *Assessing) period(q url.Values) (since, until time.Time, err error) {
	if since, until, err = days(q); err != nil {
		return since, until, err
	}
	first, next := month(s.Clock.Now())
	if since.IsZero() {
		since = first
	}
	if until.IsZero() {
		until = next
	}
	if !until.After(since) || until.Sub(since) > 400*24*time.Hour {
		return since, until, hub.Errorf(hub.CodeInvalid, "query.invalid", "until")
	}
	return since, until, nil
}

func (s *Assessing) versions(r *http.Request) (any, error) {
	list, err := s.Marks.Versions(r.Context())
	return VersionList{s.Formulas.Hash, list}, err
}

// Dimension is what q wants the table to be broken down by, departments if
// nothing.
func Dimension(q url.Values) (assess.Dimension, error) {
	by := assess.Dimension(q.Get("by"))
	if by == "" {
		by = assess.ByDepartment
	}
	if !slices.Contains(assess.Dimensions(), by) {
		return by, hub.Errorf(hub.CodeInvalid, "query.invalid", "by")
	}
	return by, nil
}

func (s *Assessing) table(r *http.Request) (any, error) { return s.Table(r) }

// Table is the table that r asks for.
func (s *Assessing) Table(r *http.Request) (assess.Table, error) {
	by, err := Dimension(r.URL.Query())
	if err != nil {
		return assess.Table{}, err
	}
	b, err := s.basis(r)
	if err != nil {
		return assess.Table{}, err
	}
	t, err := b.table(by)
	t.Generated = s.Clock.Now()
	return t, err
}

// Behind returns the facts behind the number that r asks for.
func (s *Assessing) Behind(r *http.Request) ([]assess.Fact, error) {
	q := r.URL.Query()
	by, err := Dimension(q)
	if err != nil {
		return nil, err
	}
	b, err := s.basis(r)
	if err != nil {
		return nil, err
	}
	return b.formulas.Behind(b.facts, by, q.Get("value"), q.Get("measure"), q.Get("part") != "denominator")
}

func (s *Assessing) behind(r *http.Request) (any, error) {
	list, err := s.Behind(r)
	if err != nil {
		return nil, err
	}
	out := Behind{Total: len(list), Cases: make([]hub.CaseID, len(list))}
	for i := range list {
		out.Cases[i] = list[i].Case
	}
	return out, nil
}

func (s *Assessing) report(r *http.Request) (assess.Report, time.Time, error) {
	out := assess.Report{City: s.City, Name: s.Name}
	b, err := s.basis(r)
	if err != nil {
		return out, b.since, err
	}
	out.Formulas = b.formulas
	for _, by := range assess.Dimensions() {
		t, err := b.table(by)
		if err != nil {
			return out, b.since, err
		}
		out.Tables = append(out.Tables, t)
	}
	return out, b.since, nil
}

// Name says what a value of a dimension is called.
func (s *Assessing) Name(by assess.Dimension, value string) string {
	name := value
	switch by {
	case assess.ByAll:
		name = s.City
	case assess.ByDepartment:
		name = s.Words.Department(hub.DepartmentCode(value))
	case assess.ByChannel:
		name = s.Words.Channel(hub.ChannelCode(value))
	case assess.ByCounty, assess.ByTownship:
		name = s.Words.Place(hub.PlaceCode(value))
	case assess.ByCategory:
	}
	if name == "" {
		return value
	}
	return name
}

func (s *Assessing) xlsx(r *http.Request) (any, error) { return s.XLSX(r) }

// XLSX is the report of a period as a workbook.
func (s *Assessing) XLSX(r *http.Request) (File, error) {
	report, since, err := s.report(r)
	if err != nil {
		return File{}, err
	}
	data, err := report.XLSX()
	return File{"考核月报-" + since.Format("2006-01") + ".xlsx", mediaXLSX, data}, err
}

func (s *Assessing) pdf(r *http.Request) (any, error) { return s.PDF(r) }

// PDF is the report of a period to be printed.
func (s *Assessing) PDF(r *http.Request) (File, error) {
	report, since, err := s.report(r)
	if err != nil {
		return File{}, err
	}
	data, err := report.PDF(s.Font)
	return File{"考核月报-" + since.Format("2006-01") + ".pdf", mediaPDF, data}, err
}

func (s *Assessing) appeals(r *http.Request) (any, error) {
	list, err := s.Marks.Appeals(r.Context(), r.URL.Query().Get("open") == "true")
	if list == nil {
		list = []assess.Appeal{}
	}
	return AppealList{list}, err
}

func (s *Assessing) appeal(r *http.Request) (any, error) {
	var req AppealRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	id, err := s.File(r.Context(), req)
	return AppealFiled{id}, err
}

// File files an appeal of whoever asks.
func (s *Assessing) File(ctx context.Context, req AppealRequest) (int64, error) {
	if req.Reason = strings.TrimSpace(req.Reason); req.Reason == "" {
		return 0, hub.Errorf(hub.CodeInvalid, "reason.required")
	}
	if !slices.ContainsFunc(s.Formulas.Measures, func(m assess.Measure) bool { return m.Code == req.Measure }) {
		return 0, hub.Errorf(hub.CodeInvalid, "assess.measure", req.Measure)
	}
	return s.Marks.AddAppeal(ctx, assess.Appeal{
		Case: req.Case, Measure: req.Measure, Reason: req.Reason, Account: access.Of(ctx).Account, At: s.Clock.Now(),
	})
}

func (s *Assessing) decide(r *http.Request) (any, error) {
	var req AppealDecision
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	id, err := strconv.ParseInt(r.PathValue("appeal"), 10, 64)
	if err != nil {
		return nil, hub.Errorf(hub.CodeNotFound, "appeal.not_found", r.PathValue("appeal"))
	}
	return Done{true}, s.Judge(r.Context(), id, req)
}

// Judge decides an appeal, as whoever asks.
func (s *Assessing) Judge(ctx context.Context, id int64, req AppealDecision) error {
	if req.Decision = strings.TrimSpace(req.Decision); req.Decision == "" {
		return hub.Errorf(hub.CodeInvalid, "reason.required")
	}
	return s.Marks.DecideAppeal(ctx, assess.Appeal{
		ID: id, Granted: &req.Grant, Decision: req.Decision, DecidedBy: access.Of(ctx).Account, DecidedAt: s.Clock.Now(),
	})
}

func (s *Assessing) export(r *http.Request) (any, error) {
	var req ExportRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	return s.Closed(r.Context(), req)
}

// Closed hands out closed cases; personal data as it is needs the right to
// reveal it wherever the export reaches.
func (s *Assessing) Closed(ctx context.Context, req ExportRequest) (File, error) {
	if req.Purpose = strings.TrimSpace(req.Purpose); len([]rune(req.Purpose)) < 2 {
		return File{}, hub.Errorf(hub.CodeInvalid, "purpose.required")
	}
	since, until, err := days(url.Values{"since": {req.Since}, "until": {req.Until}})
	if err != nil || since.IsZero() || !until.After(since) {
		return File{}, hub.Errorf(hub.CodeInvalid, "query.invalid", "since, until")
	}
	columns, err := assess.Pick(req.Columns)
	if err != nil {
		return File{}, err
	}
	if req.Personal {
		p := access.Of(ctx)
		reveals := p.Scope(access.Reveal)
		for _, g := range p.Scope(access.Export) {
			if !slices.Contains(reveals, g) {
				return File{}, hub.Errorf(hub.CodeForbidden, "right.missing", string(access.Reveal))
			}
		}
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Code
	}
	records, err := s.Export(ctx, since, until, s.Clock.Now(), map[string]string{
		"purpose": req.Purpose, "columns": strings.Join(names, ","), "personal": strconv.FormatBool(req.Personal), "until": req.Until,
	})
	if err != nil {
		return File{}, err
	}
	name, write, media := "办结导出-"+req.Since+".csv", assess.CSV, mediaCSV
	if req.Format == "xlsx" {
		name, write, media = "办结导出-"+req.Since+".xlsx", assess.Workbook, mediaXLSX
	}
	data, err := write(records, columns, s.Words, req.Personal)
	return File{name, media, data}, err
}
