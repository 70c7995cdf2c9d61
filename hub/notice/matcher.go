// Package notice decides which alerts go out one by one, which are gathered
// into one notice (合并通知), and which are muted: because one that says more
// inhibits them (抑制), or because a person silenced them (静默).
//
// It follows Alertmanager in its words and rules, but everything it decides is
// durable, and what is muted stays visible and comes back when the reason ends.
// It does not store (package hub/postgres/notices) or push. Start with
// [Policy.Decide] and [Desk].
package notice

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// A Matcher (匹配条件) compares one label of an alert, written as topic=heating,
// urgency!=critical, place=~620402.* or place!~620403.*; patterns match whole.
type Matcher struct {
	Label, Op, Value string
	pattern          *regexp.Regexp
}

// Labels lists what a matcher may name.
func Labels() []string {
	return []string{"department", "event", "role", "topic", "category", "kind", "urgency", "place", "tag", "case"}
}

// ParseMatcher reads a matcher.
func ParseMatcher(s string) (Matcher, error) {
	for _, op := range []string{"!=", "!~", "=~", "="} {
		label, value, ok := strings.Cut(s, op)
		if !ok {
			continue
		}
		m := Matcher{Label: strings.TrimSpace(label), Op: op, Value: strings.TrimSpace(value)}
		known := false
		for _, l := range Labels() {
			known = known || l == m.Label
		}
		if !known {
			continue // a longer operator may stand before
		}
		if op == "=~" || op == "!~" {
			p, err := regexp.Compile("^(?:" + m.Value + ")$")
			if err != nil {
				return m, &hub.Error{Code: hub.CodeInvalid, Key: "notice.matcher", Args: []any{s}, Err: err}
			}
			m.pattern = p
		}
		return m, nil
	}
	return Matcher{}, hub.Errorf(hub.CodeInvalid, "notice.matcher", s)
}

// String is the matcher as ParseMatcher reads it.
func (m Matcher) String() string { return m.Label + m.Op + m.Value }

// MarshalJSON writes the matcher as a string.
func (m Matcher) MarshalJSON() ([]byte, error) { return json.Marshal(m.String()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Matcher) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return hub.Errorf(hub.CodeInvalid, "notice.matcher", string(b))
	}
	got, err := ParseMatcher(s)
	*m = got
	return err
}

// Matches reports whether a has what m asks for. Of several tags one is enough.
func (m Matcher) Matches(a hub.Alert) bool {
	if m.Label != "tag" {
		return m.holds(Value(a, m.Label))
	}
	if m.Op == "!=" || m.Op == "!~" { // none of them
		for _, t := range a.Class.Tags {
			if !m.holds(t) {
				return false
			}
		}
		return true
	}
	return slices.ContainsFunc(a.Class.Tags, m.holds)
}

func (m Matcher) holds(v string) bool {
	switch m.Op {
	case "=":
		return v == m.Value
	case "!=":
		return v != m.Value
	case "=~":
		return m.pattern.MatchString(v)
	}
	return !m.pattern.MatchString(v)
}

// Value returns a label of an alert.
func Value(a hub.Alert, label string) string {
	switch label {
	case "department":
		return string(a.Department)
	case "event":
		return string(a.Event)
	case "role":
		return string(a.Role)
	case "topic":
		return a.Class.Topic
	case "category":
		return a.Class.Category
	case "kind":
		return string(a.Class.Kind)
	case "urgency":
		return string(a.Class.Urgency)
	case "place":
		return string(a.Place)
	case "case":
		return string(a.Case)
	case "tag":
		return strings.Join(a.Class.Tags, ",")
	}
	return ""
}

// all reports whether every matcher holds.
func all(ms []Matcher, a hub.Alert) bool {
	for _, m := range ms {
		if !m.Matches(a) {
			return false
		}
	}
	return true
}
