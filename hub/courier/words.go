package courier

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/mask"
)

// A Told (通知事由) is what a notice is about, as it was read when the message
// goes out.
type Told struct {
	Case    hub.Case
	Content hub.Content
	Event   hub.Event
	// Whose is what the citizen of the event's case said, when it is another
	// case than the one whose citizen is told.
	Whose hub.Content
	Link  string
	Place string // name of the place
	Post  string // title of the rung
	City  string
}

// fields puts t into the words that templates use. What the citizen wrote is
// masked: a short message is read by many.
func (t Told) fields(a Address) map[string]string {
	e := t.Event
	v := map[string]string{
		"case": string(t.Case.ID), "title": mask.Said(t.Content.Title, t.Content), "place": t.Place, "post": t.Post, "name": a.Name,
		"event": glossary.In("event", string(e.Type)), "reason": mask.Said(mask.Said(reason(e), t.Whose), t.Content), "link": t.Link, "count": "1",
		"cases": string(t.Case.ID), "city": t.City, "department": "", "clock": "", "rung": "", "due": "",
	}
	if d := t.Case.Lead(); d != "" {
		v["department"] = glossary.In("department", string(d))
	}
	if e.Data.Clock != "" {
		v["clock"] = glossary.In("clock", string(e.Data.Clock))
	}
	if e.Data.Duty != nil {
		v["rung"] = strconv.Itoa(int(e.Data.Duty.Rung))
	}
	if d, ok := t.Case.Deadline(hub.ClockClose); ok {
		v["due"] = d.Due.In(hub.China()).Format("01-02 15:04")
	}
	return v
}

// reason is why, in the words of whoever decided.
func reason(e hub.Event) string {
	if e.Data.Extension != nil && e.Data.Extension.Reason != "" {
		return e.Data.Extension.Reason
	}
	return e.Data.Text
}

// Fill puts values into the words of a template, and returns the ones that it
// used.
func Fill(text string, values map[string]string) (string, map[string]string) {
	used := map[string]string{}
	out := field.ReplaceAllStringFunc(text, func(s string) string {
		name := s[2 : len(s)-1]
		used[name] = values[name]
		return values[name]
	})
	return out, used
}

// Words writes the message that n alone would be now.
func (c *Courier) Words(ctx context.Context, n Notice) (Message, error) {
	t, err := c.Book.Told(ctx, n)
	if err != nil {
		return Message{}, err
	}
	to, err := c.Book.Address(ctx, n, t)
	if err != nil {
		return Message{}, err
	}
	return c.audience(n).write([]Notice{n}, t, to), nil
}

func (c *Courier) audience(n Notice) Audience {
	if n.Person == "" {
		return c.Policy.Citizen
	}
	return c.Policy.Staff
}

// write puts the notices of one message into words, by what its first is about.
func (a Audience) write(group []Notice, told Told, to Address) Message {
	first := group[0]
	m := Message{ID: first.Message, To: to, Template: a.Templates[string(first.Event)], Critical: first.Critical, At: first.At, Of: len(group), Link: told.Link}
	values := told.fields(to)
	if len(group) > 1 {
		m.Template = a.Templates[Merged]
		values = maps.Clone(values)
		values["count"], values["cases"] = strconv.Itoa(len(group)), numbers(group)
	}
	m.Text, m.Params = Fill(m.Template.Text, values)
	return m
}

// numbers lists the cases of a group, each once.
func numbers(group []Notice) string {
	var ids []string
	for _, n := range group {
		if !slices.Contains(ids, string(n.Case)) {
			ids = append(ids, string(n.Case))
		}
	}
	return strings.Join(ids, "、")
}
