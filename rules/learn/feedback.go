package learn

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/mashang-hub/mashang/hub"
)

// A Why (依据) is what speaks against a rule's choice in one case.
type Why string

// What speaks against a choice: what was done, and what the department said of
// the alert.
const (
	BySendingBack Why = "sent_back"   // 退单
	ByRerouting   Why = "rerouted"    // 改派
	FalseAlarm    Why = "false_alarm" // 误报
	NotOurs       Why = "not_ours"    // 不归我们
	TooThin       Why = "too_thin"    // 信息不全
)

// A Remark (反馈) is what a department said of the alert of one case. Only the
// department that the rule itself chose is heard, and 不归我们 no longer when
// the desk has given it the case again.
type Remark struct {
	Case       hub.CaseID
	Rule       hub.RuleID // that decided the case
	Department hub.DepartmentCode
	Kind       Why
}

// An Against (依据) is a case that counts against a rule, and why. Department
// said so, or for ByRerouting got the case.
type Against struct {
	Case       hub.CaseID         `json:"case"`
	Why        Why                `json:"why"`
	Department hub.DepartmentCode `json:"department"`
}

// A Feedback (反馈统计) counts cases by what the department said of them. A case
// of which two things were said is in two of the counts.
type Feedback struct {
	FalseAlarm int `json:"false_alarm"`
	NotOurs    int `json:"not_ours"`
	TooThin    int `json:"too_thin"`
	ThinOnly   int `json:"thin_only"` // right, yet too thin
}

// count counts a remark and reports whether its kind is known.
func (f *Feedback) count(kind Why) bool {
	switch kind {
	case FalseAlarm:
		f.FalseAlarm++
	case NotOurs:
		f.NotOurs++
	case TooThin:
		f.TooThin++
	case BySendingBack, ByRerouting:
		return false
	default:
		return false
	}
	return true
}

// WriteScores writes scores for ReadScores, one JSON object a line.
func WriteScores(w io.Writer, list []RuleScore) error {
	enc := json.NewEncoder(w)
	for i := range list {
		if err := enc.Encode(&list[i]); err != nil {
			return fmt.Errorf("write the score of %s: %w", list[i].Rule, err)
		}
	}
	return nil
}

// ReadScores reads what WriteScores wrote or the hub answered. Shares, scores
// and verdicts are worked out again from the counts.
func ReadScores(r io.Reader) ([]RuleScore, error) {
	out := []RuleScore{}
	in := bufio.NewScanner(r)
	in.Buffer(nil, 16<<20)
	for n := 1; in.Scan(); n++ {
		text := bytes.TrimSpace(in.Bytes())
		if len(text) == 0 {
			continue
		}
		var s RuleScore
		err := json.Unmarshal(text, &s)
		if err == nil && (s.Rule == "" || s.Cases < 1 || s.ThinOnly < 0 || s.ThinOnly > s.Right || s.Right > s.Cases) {
			err = errors.New("rule is empty or the counts contradict each other")
		}
		if err != nil {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "rules.score_line", Args: []any{n}, Err: err}
		}
		s.finish()
		out = append(out, s)
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("read scores: %w", err)
	}
	worstFirst(out)
	return out, nil
}
