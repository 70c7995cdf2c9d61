// Package message puts an alert into the words that a department's people read
// on a phone: a title, a few facts, the text and one link.
//
// It knows no vendor and refuses to show a citizen's name, telephone or
// identity number: groups have many readers. Start with New and Digest.
package message

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// ReceiptURL is the key in Content.Extra of the link with which a department
// signs for a case on a phone.
const ReceiptURL = "receipt_url"

// Notice is the key in Content.Extra of what a department that reads its cases
// wants its people to see, in place of the citizen's own words: a line that is
// the title, and lines below it.
const Notice = "notice"

// A Level (紧要程度) is how loud a message is.
type Level int

// The levels.
const (
	Plain  Level = iota // 派单、答复
	Warn                // 催办、临期
	Severe              // 超期、督办、批示、特急
)

// A Fact (要素) is one line of a message.
type Fact struct{ Name, Value string }

// A Message (消息) is what is said about one alert, or about many.
type Message struct {
	ID    string // stays the same over retries
	Level Level
	Title string
	Facts []Fact
	Text  string
	Link  string
	At    time.Time
	Of    int // how many alerts it stands for
}

// New puts a into words.
func New(a hub.Alert) Message {
	m := Message{
		ID: string(a.ID), Level: level(a), At: a.At, Of: 1, Link: a.Content.Extra[ReceiptURL],
		Title: name("event", string(a.Event)), Text: Mask(orElse(a.Content.Text, a.Text)),
	}
	if n := a.Content.Extra[Notice]; n != "" {
		return noticed(m, a, n)
	}
	if a.Class.Topic != "" {
		m.Title = name("topic", a.Class.Topic) + " · " + m.Title
	}
	if a.Content.Title != "" {
		m.Title += "：" + Mask(a.Content.Title)
	}
	m.add("事项", string(a.Case))
	m.add("地点", orElse(a.Content.PlaceText, string(a.Place)))
	if a.Class.Urgency != "" && a.Class.Urgency != hub.UrgencyNormal {
		m.add("紧急", name("urgency", string(a.Class.Urgency)))
	}
	if by, ok := a.CheckBy(); ok {
		m.add("核查", local(by)+" 前反馈是否属实")
	}
	if !a.Due.IsZero() {
		m.add("时限", local(a.Due))
	}
	if a.Content.Text != "" && a.Text != "" {
		m.add("要求", Mask(a.Text))
	}
	return m
}

// noticed is m as the department words it.
func noticed(m Message, a hub.Alert, notice string) Message {
	title, text, _ := strings.Cut(notice, "\n")
	m.Title, m.Text = Mask(title), Mask(text)
	m.add("事项", string(a.Case))
	if !a.Due.IsZero() {
		m.add("时限", local(a.Due))
	}
	return m
}

func (m *Message) add(name, value string) {
	if value != "" {
		m.Facts = append(m.Facts, Fact{name, value})
	}
}

// level is as loud as the event or the case is.
func level(a hub.Alert) Level {
	switch a.Event { //nolint:exhaustive // the rest is plain
	case hub.Overran, hub.Supervised, hub.Instructed:
		return Severe
	case hub.Warned, hub.Reminded, hub.Reopened:
		return Warn
	}
	if a.Class.Urgency == hub.UrgencyCritical {
		return Severe
	}
	return Plain
}

// Digest folds ms into one message; the loudest sets its level.
func Digest(ms []Message) Message {
	if len(ms) == 1 {
		return ms[0]
	}
	d := Message{ID: ms[0].ID, At: ms[len(ms)-1].At, Title: fmt.Sprintf("合并推送 %d 条", len(ms))}
	var b strings.Builder
	for i, m := range ms {
		d.Level, d.Of = max(d.Level, m.Level), d.Of+m.Of
		fmt.Fprintf(&b, "%d. %s", i+1, m.Title)
		for _, f := range m.Facts {
			if f.Name == "事项" || f.Name == "时限" {
				b.WriteString("，" + f.Value)
			}
		}
		if m.Link != "" {
			b.WriteString(" " + m.Link)
		}
		b.WriteByte('\n')
	}
	d.Text = strings.TrimRight(b.String(), "\n")
	return d
}

// Plain is m as plain text of at most limit bytes; the link is never cut.
func (m Message) Plain(limit int) string {
	var b strings.Builder
	b.WriteString(m.Title)
	for _, f := range m.Facts {
		b.WriteString("\n" + f.Name + "：" + f.Value)
	}
	if m.Text != "" {
		b.WriteString("\n" + m.Text)
	}
	link := ""
	if m.Link != "" {
		link = "\n签收：" + m.Link
	}
	return Cut(b.String(), limit-len(link)) + link
}

// Cut shortens s to at most n bytes without breaking a character.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const dots = "…"
	end := max(n-len(dots), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + dots
}

var (
	phone    = regexp.MustCompile(`(^|[^0-9])(1[3-9][0-9])[0-9]{4}([0-9]{4})($|[^0-9])`)
	identity = regexp.MustCompile(`(^|[^0-9])([1-9][0-9]{5})[0-9]{8}([0-9]{3}[0-9Xx])($|[^0-9])`)
)

// Mask hides telephone and identity numbers in a text.
func Mask(s string) string {
	s = identity.ReplaceAllString(s, "${1}${2}********${3}${4}")
	return phone.ReplaceAllString(s, "${1}${2}****${3}${4}")
}

func name(kind, code string) string {
	if code == "" {
		return ""
	}
	return glossary.In(kind, code)
}

func local(t time.Time) string { return t.In(hub.China()).Format("01-02 15:04") }

// Local writes t as people in China read it.
func Local(t time.Time) string { return local(t) }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
