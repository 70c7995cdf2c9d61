package city

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A DemoCase (演示事项) is an invented submission and what then happened to it.
type DemoCase struct {
	Channel    hub.ChannelCode `json:"channel"`
	ExternalID string          `json:"external_id"`
	Title      string          `json:"title"`
	Text       string          `json:"text"`
	Place      hub.PlaceCode   `json:"place"`
	PlaceText  string          `json:"place_text"` // address as the citizen wrote it
	Name       string          `json:"name"`
	Phone      string          `json:"phone"`
	HoursAgo   float64         `json:"hours_ago"`
	// Lead is the department that a clerk would choose when the rules do not.
	Lead hub.DepartmentCode   `json:"lead"`
	Co   []hub.DepartmentCode `json:"co,omitempty"`
	// Life lists the steps that follow in order, "step" or "step:argument".
	// The empty life leaves the case as the rules put it. See Steps.
	Life []Step `json:"life"`
	// After says for each step how many hours after the opening it happened.
	After []float64 `json:"after"`
}

// Opened returns when the case came in, seen from now.
func (d DemoCase) Opened(now time.Time) time.Time { return now.Add(-hours(d.HoursAgo)) }

// At returns when step i of the life happened, seen from now.
func (d DemoCase) At(i int, now time.Time) time.Time {
	return d.Opened(now).Add(hours(d.After[i]))
}

func hours(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }

// A Step is one step in the life of a DemoCase, such as "sign", "rate:5" or
// "instruct:请住建局立即处理".
type Step string

// Name returns the part before the colon, one of Steps.
func (s Step) Name() string { name, _, _ := strings.Cut(string(s), ":"); return name }

// Arg returns the part after the colon.
func (s Step) Arg() string { _, arg, _ := strings.Cut(string(s), ":"); return arg }

// Steps returns the names that a life may use: each is one command of package
// hub, and its argument is the text of the command, the stars of rate, the
// budget of extend or the "channel/external id" that merge folds into.
func Steps() []string {
	return []string{
		"assign", "sign", "contact", "progress", "ask", "reply", "extend", "grant", "refuse",
		"suspend", "resume", "send_back", "resolve", "rate", "reopen", "escalate", "supervise",
		"instruct", "answer_demand", "merge", "reject", "answer", "archive",
	}
}

// loadDemo reads demo/cases.jsonl if there is one.
func (c *City) loadDemo(fsys fs.FS) error {
	const name = "demo/cases.jsonl"
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	for {
		var demo DemoCase
		switch err := d.Decode(&demo); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: case %d: %w", name, len(c.Demo)+1, err)
		}
		c.Demo = append(c.Demo, demo)
	}
}

func (c *City) checkDemo(levels map[hub.PlaceCode]hub.PlaceLevel) error {
	steps, ids := Steps(), map[string]bool{}
	for i, d := range c.Demo {
		at := fmt.Sprintf("demo/cases.jsonl:%d", i+1)
		if _, ok := levels[d.Place]; !ok {
			return fmt.Errorf("%s: no place %s", at, d.Place)
		}
		key := string(d.Channel) + "/" + d.ExternalID
		if ids[key] || d.ExternalID == "" {
			return fmt.Errorf("%s: %s is used twice or empty", at, key)
		}
		ids[key] = true
		if len(d.After) != len(d.Life) || !slices.IsSorted(d.After) {
			return fmt.Errorf("%s: after needs one rising number for each step of life", at)
		}
		for i, s := range d.Life {
			if !slices.Contains(steps, s.Name()) {
				return fmt.Errorf("%s: no step %s", at, s.Name())
			}
			if s.Name() == "merge" && !ids[s.Arg()] {
				return fmt.Errorf("%s: merge into %s, which is not a case before it", at, s.Arg())
			}
			if d.After[i] > d.HoursAgo {
				return fmt.Errorf("%s: step %s lies in the future", at, s.Name())
			}
			if err := hub.CheckReply(s.Arg()); s.Name() == "resolve" && err != nil {
				return fmt.Errorf("%s: reply %q: %w", at, s.Arg(), err)
			}
		}
	}
	return nil
}
