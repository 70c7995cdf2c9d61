package notice

import (
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Policy (通知策略) is how one department wants its alerts.
type Policy struct {
	Groups   []Group   `json:"groups,omitempty"`
	Inhibits []Inhibit `json:"inhibits,omitempty"`
}

// A Group (合并规则) gathers matching alerts with equal labels into one notice.
// The first that matches counts.
type Group struct {
	Match []Matcher `json:"match"`
	By    []string  `json:"by"`
	// Wait is from the first alert to the notice, Interval between two notices
	// of the same group.
	Wait     time.Duration `json:"wait"`
	Interval time.Duration `json:"interval"`
}

// An Inhibit (抑制规则) mutes the targets while a source with the same labels is
// less than For old: an outage at a place mutes what each flat says.
type Inhibit struct {
	Source []Matcher     `json:"source"`
	Target []Matcher     `json:"target"`
	Equal  []string      `json:"equal"`
	For    time.Duration `json:"for"`
}

// Validate says the first thing that is wrong.
func (p Policy) Validate() error {
	for _, g := range p.Groups {
		if err := labels(g.By); err != nil {
			return err
		}
		if g.Wait < 0 || g.Interval < 0 || len(g.By) == 0 {
			return hub.Errorf(hub.CodeInvalid, "notice.group")
		}
	}
	for _, i := range p.Inhibits {
		if err := labels(i.Equal); err != nil {
			return err
		}
		if len(i.Source) == 0 || len(i.Target) == 0 || i.For <= 0 {
			return hub.Errorf(hub.CodeInvalid, "notice.inhibit")
		}
	}
	return nil
}

func labels(names []string) error {
	for _, n := range names {
		if _, err := ParseMatcher(n + "="); err != nil {
			return hub.Errorf(hub.CodeInvalid, "notice.label", n)
		}
	}
	return nil
}

// A Silence (静默) mutes what matches for a time. Somebody answers for it.
type Silence struct {
	ID       int64     `json:"id"`
	Matchers []Matcher `json:"matchers"`
	Author   string    `json:"author"`
	Reason   string    `json:"reason"`
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
	// Muted is how many alerts it holds now.
	Muted int `json:"muted"`
}

// Longest is the longest time that a silence may last.
const Longest = 31 * 24 * time.Hour

// Validate says the first thing that is wrong.
func (s Silence) Validate() error {
	switch {
	case len(s.Matchers) == 0:
		return hub.Errorf(hub.CodeInvalid, "silence.matchers")
	case strings.TrimSpace(s.Author) == "":
		return hub.Errorf(hub.CodeInvalid, "silence.author")
	case strings.TrimSpace(s.Reason) == "":
		return hub.Errorf(hub.CodeInvalid, "silence.reason")
	case !s.EndsAt.After(s.StartsAt) || s.EndsAt.Sub(s.StartsAt) > Longest:
		return hub.Errorf(hub.CodeInvalid, "silence.ends")
	}
	return nil
}

// A Source (抑制源) is an alert that inhibits others until a time.
type Source struct {
	Key   string
	Until time.Time
}

// A Verdict (处置) is what becomes of an alert.
type Verdict struct {
	Status hub.DeliveryStatus // pending, held or muted
	// Group and FlushAt say where a held one waits; Interval is the group's.
	Group    string
	FlushAt  time.Time
	Interval time.Duration
	// MutedBy names the silence or the source, Until its end.
	MutedBy string
	Until   time.Time
	// Sources are what this alert inhibits others by.
	Sources []Source
}

// Facts are what a decision needs beside the alert.
type Facts struct {
	Silences []Silence
	// Source returns the alert that inhibits by a key, and until when.
	Source func(key string) (hub.AlertID, time.Time, bool)
	Now    time.Time
}

// Decide says what becomes of a. It is pure.
func (p Policy) Decide(a hub.Alert, f Facts) Verdict {
	v := Verdict{Status: hub.DeliveryPending}
	for i, in := range p.Inhibits {
		if all(in.Source, a) {
			v.Sources = append(v.Sources, Source{in.key(i, a), a.At.Add(in.For)})
		}
	}
	for _, s := range f.Silences {
		if !f.Now.Before(s.StartsAt) && f.Now.Before(s.EndsAt) && all(s.Matchers, a) {
			v.Status, v.MutedBy, v.Until = hub.DeliveryMuted, "silence:"+strconv.FormatInt(s.ID, 10), s.EndsAt
			return v
		}
	}
	for i, in := range p.Inhibits {
		if !all(in.Target, a) || all(in.Source, a) { // a source is never muted by its own rule
			continue
		}
		if id, until, ok := f.Source(in.key(i, a)); ok && f.Now.Before(until) && id != a.ID {
			v.Status, v.MutedBy, v.Until = hub.DeliveryMuted, "alert:"+string(id), until
			return v
		}
	}
	for i, g := range p.Groups {
		if all(g.Match, a) {
			v.Status, v.Group, v.FlushAt, v.Interval = hub.DeliveryHeld, key("g", i, g.By, a), f.Now.Add(g.Wait), g.Interval
			return v
		}
	}
	return v
}

// Keys returns the keys by which a could be inhibited.
func (p Policy) Keys(a hub.Alert) []string {
	var out []string
	for i, in := range p.Inhibits {
		if all(in.Target, a) {
			out = append(out, in.key(i, a))
		}
	}
	return out
}

func (in Inhibit) key(i int, a hub.Alert) string { return key("i", i, in.Equal, a) }

// key names a rule and the values of labels; values cannot run into each other.
func key(kind string, i int, labels []string, a hub.Alert) string {
	var b strings.Builder
	b.WriteString(kind + strconv.Itoa(i))
	for _, l := range labels {
		b.WriteString("\x1f" + l + "=" + strings.ReplaceAll(Value(a, l), "\x1f", " "))
	}
	return b.String()
}
