package city

import (
	"fmt"
	"time"

	"github.com/mashang-hub/mashang/hub/notice"
)

// noticesFile is a department's policy as its file says it.
type noticesFile struct {
	Groups []struct {
		Match, By      []string
		Wait, Interval string
	}
	Inhibits []struct {
		Source, Target, Equal []string
		For                   string
	}
}

// policy reads matchers and durations and checks the whole.
func (f noticesFile) policy() (notice.Policy, error) {
	var p notice.Policy
	r := reader{}
	for _, g := range f.Groups {
		p.Groups = append(p.Groups, notice.Group{
			Match: r.matchers(g.Match), By: g.By, Wait: r.duration(g.Wait, 30*time.Second), Interval: r.duration(g.Interval, 5*time.Minute),
		})
	}
	for _, i := range f.Inhibits {
		p.Inhibits = append(p.Inhibits, notice.Inhibit{
			Source: r.matchers(i.Source), Target: r.matchers(i.Target), Equal: i.Equal, For: r.duration(i.For, 6*time.Hour),
		})
	}
	if r.err != nil {
		return p, r.err
	}
	return p, p.Validate()
}

// A reader keeps the first mistake.
type reader struct{ err error }

func (r *reader) matchers(list []string) []notice.Matcher {
	out := make([]notice.Matcher, 0, len(list))
	for _, s := range list {
		m, err := notice.ParseMatcher(s)
		if err != nil && r.err == nil {
			r.err = err
		}
		out = append(out, m)
	}
	return out
}

func (r *reader) duration(s string, otherwise time.Duration) time.Duration {
	if s == "" {
		return otherwise
	}
	d, err := time.ParseDuration(s)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("duration %q: %w", s, err)
	}
	return d
}
