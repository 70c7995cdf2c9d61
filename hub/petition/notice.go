// Package petition writes the notices (告知书) that a petitioner gets on paper:
// accepted, not accepted, extended, and the opinion at the end, each with the
// article of the 信访工作条例 (2022) that it rests on.
//
// It only fills the forms: whether a petition is accepted and what the opinion
// is, people decide. Start with [Write].
package petition

import (
	"embed"
	"strings"
	"text/template"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Kind (文书种类) is a form.
type Kind string

// The forms.
const (
	Accept  Kind = "accept"  // 受理告知书
	Refuse  Kind = "refuse"  // 不予受理告知书
	Extend  Kind = "extend"  // 延期告知书
	Opinion Kind = "opinion" // 办理意见书
)

// A Notice (告知书) is a filled form.
type Notice struct {
	Case  hub.CaseID `json:"case"`
	Kind  Kind       `json:"kind"`
	Title string     `json:"title"`
	Text  string     `json:"text"`
}

// A Matter is what a notice is filled from.
type Matter struct {
	Case       hub.Case
	Submission hub.Submission
	Office     string // name of the office that handles or answers
	// Text is what only people can say: why it is not accepted or extended, or
	// the opinion with the rules that it rests on.
	Text string
	// Basis is the rule that an opinion rests on.
	Basis string
}

//go:embed notice/*.txt
var forms embed.FS

const (
	layout  = "2006年1月2日"
	days60  = 60
	unknown = "　　　　"
)

// titles are the forms' names.
func titles() map[Kind]string {
	return map[Kind]string{Accept: "信访事项受理告知书", Refuse: "信访事项不予受理告知书", Extend: "信访事项延长办理期限告知书", Opinion: "信访事项处理意见书"}
}

// needs says what people have to write for a form.
func needs(k Kind) string {
	return map[Kind]string{Refuse: "不予受理的理由", Extend: "延期的理由", Opinion: "处理意见"}[k]
}

// form is what the templates read.
type form struct {
	Title, Name, Number, Subject, Office, Text, Basis string
	Submitted, Due, Today                             string
}

// Write fills the form k. One that there is not, and one without what only
// people can say, is an Error of CodeInvalid.
func Write(k Kind, m Matter, today time.Time) (Notice, error) {
	title, known := titles()[k]
	switch {
	case !known:
		return Notice{}, hub.Errorf(hub.CodeInvalid, "petition.notice_kind", string(k))
	case needs(k) != "" && strings.TrimSpace(m.Text) == "":
		return Notice{}, hub.Errorf(hub.CodeInvalid, "petition.notice_text", title, needs(k))
	case k == Opinion && strings.TrimSpace(m.Basis) == "":
		return Notice{}, hub.Errorf(hub.CodeInvalid, "petition.notice_text", title, "依据的法律法规和政策")
	}
	zone := hub.China()
	day := func(t time.Time) string {
		if t.IsZero() {
			return unknown
		}
		return t.In(zone).Format(layout)
	}
	f := form{
		Title: title, Name: m.Submission.Reporter.Name, Number: string(m.Case.ID), Subject: m.Submission.Title, Office: m.Office,
		Text: strings.TrimSpace(m.Text), Basis: strings.TrimSpace(m.Basis), Submitted: day(m.Submission.SubmittedAt), Today: day(today),
	}
	if f.Name == "" {
		f.Name = unknown
	}
	if f.Subject == "" {
		f.Subject = hub.Headline(m.Submission.Text)
	}
	due := m.Case.OpenedAt.AddDate(0, 0, days60)
	if d, ok := m.Case.Deadline(hub.ClockClose); ok {
		due = d.Due
	}
	f.Due = day(due)
	var b strings.Builder
	t, err := template.ParseFS(forms, "notice/"+string(k)+".txt")
	if err == nil {
		err = t.Execute(&b, f)
	}
	if err != nil {
		return Notice{}, &hub.Error{Code: hub.CodeInternal, Key: "petition.notice_kind", Args: []any{string(k)}, Err: err}
	}
	return Notice{m.Case.ID, k, title, b.String()}, nil
}
