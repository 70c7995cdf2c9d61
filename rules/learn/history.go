package learn

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/mashang-hub/mashang/hub"
)

// ReadOutcomes reads what became of cases, one JSON object a line: outcomes
// (case, rule, lead, final, sent_back), or a case's events as the hub exports
// them (case, type, data). Both may be mixed.
func ReadOutcomes(r io.Reader) ([]Outcome, error) {
	var out []Outcome
	var f Folder
	in := bufio.NewScanner(r)
	in.Buffer(nil, 16<<20)
	for n := 1; in.Scan(); n++ {
		text := bytes.TrimSpace(in.Bytes())
		if len(text) == 0 {
			continue
		}
		var v struct {
			Type hub.EventType `json:"type"`
			Outcome
		}
		err := json.Unmarshal(text, &v)
		switch {
		case err == nil && v.Type != "":
			var e hub.Event
			if err = json.Unmarshal(text, &e); err == nil {
				f.Add(e)
			}
		case err == nil && (v.Rule == "" || v.Lead == ""):
			err = fmt.Errorf("rule and lead are needed")
		case err == nil:
			out = append(out, v.Outcome)
		}
		if err != nil {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "rules.outcome_line", Args: []any{n}, Err: err}
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("read outcomes: %w", err)
	}
	return append(out, f.Outcomes()...), nil
}
