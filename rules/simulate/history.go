package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
)

// A line is one case of a history file. Boards, the command line and the hub
// itself name its fields differently.
type line struct {
	ID          word   `json:"id"`
	ExternalID  word   `json:"external_id"`
	Channel     string `json:"channel"`
	Title       string `json:"title"`
	Text        string `json:"text"`
	Time        string `json:"time"`
	SubmittedAt string `json:"submitted_at"`
	Place       string `json:"place"`
	Lead        string `json:"lead"`
	Department  string `json:"department"`

	BoardID    word   `json:"留言编号"`
	BoardTitle string `json:"留言主题"`
	BoardText  string `json:"留言详情"`
	BoardTime  string `json:"留言时间"`
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

// Read reads history, one JSON object a line, with the keys id, channel,
// title, text, time, place and lead, as the hub writes submissions, or as a
// message board exports them (留言编号, 留言主题, 留言详情, 留言时间).
func Read(r io.Reader) ([]Case, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	lines := bytes.Split(data, []byte("\n"))
	cases, errs := make([]Case, len(lines)), make([]error, len(lines))
	parallel(len(lines), func(_, i int) {
		if text := bytes.TrimSpace(lines[i]); len(text) > 0 {
			cases[i], errs[i] = parse(text)
		}
	})
	out := cases[:0]
	for i := range cases {
		if errs[i] != nil {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "rules.history_line", Args: []any{i + 1}, Err: errs[i]}
		}
		if len(bytes.TrimSpace(lines[i])) > 0 {
			out = append(out, cases[i])
		}
	}
	return out, nil
}

func parse(text []byte) (Case, error) {
	var l line
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &l); err != nil {
		return Case{}, err
	}
	var c Case
	c.ExternalID = first(string(l.ID), string(l.ExternalID), string(l.BoardID))
	c.Case = hub.CaseID(c.ExternalID)
	c.Channel, c.Place = hub.ChannelCode(l.Channel), hub.PlaceCode(l.Place)
	c.Title, c.Text = first(l.Title, l.BoardTitle), first(l.Text, l.BoardText)
	c.Lead = hub.DepartmentCode(first(l.Lead, l.Department))
	if at := first(l.Time, l.SubmittedAt, l.BoardTime); at != "" {
		t, err := rules.ParseTime(at)
		if err != nil {
			return Case{}, err
		}
		c.SubmittedAt = t
	}
	return c, nil
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
