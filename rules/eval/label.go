package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
)

// A Label (标注) is what people say is right for one case. What is empty is
// not measured.
type Label struct {
	ID          string
	Category    string
	Departments []hub.DepartmentCode // any of them is right; the first is best
	Case        *hub.Submission      // nil when the file carries no text
}

// A line is one line of a file of answers or of cases: in English keys, or as
// a message board exports it.
type line struct {
	ID          word     `json:"id"`
	Channel     string   `json:"channel"`
	Title       string   `json:"title"`
	Text        string   `json:"text"`
	Time        string   `json:"time"`
	Place       string   `json:"place"`
	Category    string   `json:"category"`
	Department  string   `json:"department"`
	Departments []string `json:"departments"`

	BoardID       word   `json:"留言编号"`
	BoardTitle    string `json:"留言主题"`
	BoardText     string `json:"留言详情"`
	BoardTime     string `json:"留言时间"`
	BoardCategory string `json:"一级分类"`
	BoardLead     string `json:"主办"`
}

// A word is a JSON string or number.
type word string

// UnmarshalJSON takes a string or a number.
func (w *word) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(w))
	}
	*w = word(b)
	return nil
}

// ReadLabels reads answers: one JSON object a line with the keys id, category
// and departments (or 留言编号, 一级分类), or one tab-separated line of number
// and departments, such as "20505⇥transport,traffic_police". Lines that start
// with # are remarks.
func ReadLabels(r io.Reader) ([]Label, error) {
	var out []Label
	err := scan(r, func(text []byte) error {
		l, err := readLabel(text)
		if err == nil {
			out = append(out, l)
		}
		return err
	})
	return out, err
}

func readLabel(text []byte) (Label, error) {
	if text[0] != '{' {
		return readTSV(string(text))
	}
	var v line
	if err := json.Unmarshal(text, &v); err != nil {
		return Label{}, err
	}
	l := Label{ID: first(string(v.ID), string(v.BoardID)), Category: first(v.Category, v.BoardCategory)}
	for _, d := range append(v.Departments, split(first(v.Department, v.BoardLead))...) {
		if !slices.Contains(l.Departments, hub.DepartmentCode(d)) {
			l.Departments = append(l.Departments, hub.DepartmentCode(d))
		}
	}
	if s := v.submission(); s.Title+s.Text != "" {
		l.Case = s
	}
	if l.ID == "" {
		return l, fmt.Errorf("no id")
	}
	return l, nil
}

func readTSV(text string) (Label, error) {
	id, rest, ok := strings.Cut(text, "\t")
	if !ok {
		return Label{}, fmt.Errorf("%q is neither JSON nor number, tab, departments", text)
	}
	l := Label{ID: strings.TrimSpace(id)}
	for _, d := range split(rest) {
		l.Departments = append(l.Departments, hub.DepartmentCode(d))
	}
	return l, nil
}

// ReadCases reads cases, one JSON object a line, with English keys or as a
// message board exports them. A time that nobody can read is left out.
func ReadCases(r io.Reader) ([]*hub.Submission, error) {
	var out []*hub.Submission
	err := scan(r, func(text []byte) error {
		var v line
		if err := json.Unmarshal(text, &v); err != nil {
			return err
		}
		out = append(out, v.submission())
		return nil
	})
	return out, err
}

func (v *line) submission() *hub.Submission {
	s := &hub.Submission{
		Channel: hub.ChannelCode(first(v.Channel, "netizen")), Place: hub.PlaceCode(v.Place),
		ExternalID: first(string(v.ID), string(v.BoardID)),
	}
	s.Title, s.Text = first(v.Title, v.BoardTitle), first(v.Text, v.BoardText)
	if s.Title == "" { // as intake does
		s.Title = hub.Headline(s.Text)
	}
	if t, err := rules.ParseTime(first(v.Time, v.BoardTime)); err == nil {
		s.SubmittedAt = t
	}
	return s
}

// scan calls use for every line that says something.
func scan(r io.Reader, use func([]byte) error) error {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 16<<20)
	for n := 1; in.Scan(); n++ {
		text := bytes.TrimSpace(bytes.TrimPrefix(in.Bytes(), []byte("\xef\xbb\xbf")))
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		if err := use(text); err != nil {
			return &hub.Error{Code: hub.CodeInvalid, Key: "rules.label_line", Args: []any{n}, Err: err}
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("read lines: %w", err)
	}
	return nil
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(",，;；、| \t", r) })
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
