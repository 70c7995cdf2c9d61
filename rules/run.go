package rules

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/mashang-hub/mashang/hub"
)

// input is a line of the stream that Run reads.
type input struct {
	ID      string `json:"id"`
	Channel string `json:"channel"`
	Title   string `json:"title"`
	Text    string `json:"text"`
	Time    string `json:"time"`
	Place   string `json:"place"`
}

// output is a line that Run writes.
type output struct {
	ID         string               `json:"id"`
	Category   string               `json:"category"`
	Kind       hub.Kind             `json:"kind"`
	Urgency    hub.Urgency          `json:"urgency"`
	Topic      string               `json:"topic"`
	Department hub.DepartmentCode   `json:"department"`
	Co         []hub.DepartmentCode `json:"co"`
	Rule       hub.RuleID           `json:"rule"`
	Matched    []hub.RuleID         `json:"matched"`
	Confidence float64              `json:"confidence"`
}

// Run reads submissions from r, one JSON object a line, and writes what set
// decides, in the same order. It holds one line at a time.
func Run(set *Set, r io.Reader, w io.Writer) error {
	in, out := bufio.NewReaderSize(r, 1<<20), bufio.NewWriterSize(w, 1<<20)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read line %d: %w", n, err)
		}
		if text := trim(line); len(text) > 0 {
			if e := runLine(set, enc, text); e != nil {
				return fmt.Errorf("line %d: %w", n, errors.Join(e, out.Flush()))
			}
		}
		if err != nil {
			break
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write decisions: %w", err)
	}
	return nil
}

func trim(line []byte) []byte {
	for len(line) > 0 && line[len(line)-1] <= ' ' {
		line = line[:len(line)-1]
	}
	return line
}

func runLine(set *Set, enc *json.Encoder, line []byte) error {
	var in input
	if err := json.Unmarshal(line, &in); err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "rules.bad_line", Err: err}
	}
	s := &hub.Submission{Channel: hub.ChannelCode(in.Channel), ExternalID: in.ID, Place: hub.PlaceCode(in.Place)}
	s.Title, s.Text = in.Title, in.Text
	if s.Title == "" { // as intake does
		s.Title = hub.Headline(s.Text)
	}
	if in.Time != "" {
		// A time that nobody can read must not stop a file of thousands: the
		// case is decided without it.
		if t, err := ParseTime(in.Time); err == nil {
			s.SubmittedAt = t
		}
	}
	d := set.Decide(s)
	o := output{
		ID: in.ID, Category: d.Class.Category, Kind: d.Class.Kind, Urgency: d.Class.Urgency, Topic: d.Class.Topic,
		Department: d.Lead, Co: d.Co, Rule: d.Rule, Confidence: d.Confidence, Matched: []hub.RuleID{},
	}
	if o.Co == nil {
		o.Co = []hub.DepartmentCode{}
	}
	for _, m := range d.Matches {
		o.Matched = append(o.Matched, m.Rule)
	}
	if err := enc.Encode(o); err != nil {
		return fmt.Errorf("write decision of %s: %w", in.ID, err)
	}
	return nil
}
