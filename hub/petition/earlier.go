package petition

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/duplicate"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// ExtraLevel is the field of a submission's extra with the level of handling:
// none for 办理, LevelReview and LevelFinal for 复查 and 复核, the review and
// re-review of articles 35 and 36. After the last a matter is finished (三级终结).
const (
	ExtraLevel  = "petition_level"
	LevelReview = "review"
	LevelFinal  = "final"
)

// A Register (信访登记) knows what was brought before. Its methods are safe for
// concurrent use.
type Register interface {
	OfPerson(ctx context.Context, idNumber string, since time.Time, n int) ([]hub.CaseID, error)
	Case(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error)
}

// Earlier tells at the door what is known of a petition: whether the same
// person's same matter was brought, is accepted or is finished. It refuses
// nothing: whether a petition is accepted, the petition office decides.
type Earlier struct {
	Register Register
	Clock    hub.Clock
	// Department names a department.
	Department func(hub.DepartmentCode) string
}

const (
	lookBack = 10 * 365 * 24 * time.Hour // a finished matter stays finished
	mostRead = 20                        // cases of one person that are read
)

// Notes says in Chinese what is known of s, which has become the case own; the
// weightiest first, at most three. A review is of an earlier one by its nature.
func (e Earlier) Notes(ctx context.Context, s hub.Submission, own hub.CaseID) ([]string, error) {
	ids, err := e.Register.OfPerson(ctx, s.Reporter.IDNumber, e.Clock.Now().Add(-lookBack), mostRead)
	if err != nil {
		return nil, fmt.Errorf("earlier petitions: %w", err)
	}
	var finished, accepted, repeated []string
	for _, id := range ids {
		if id == own {
			continue
		}
		c, before, err := e.Register.Case(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("read earlier petition %s: %w", id, err)
		}
		final := before.Extra[ExtraLevel] == LevelFinal && !c.Status.Open() && c.Status != hub.StatusRejected
		if !e.same(s, c, before, final) {
			continue
		}
		name := fmt.Sprintf("%s（事项 %s，%s登记）", before.ExternalID, c.ID, day(c.OpenedAt))
		switch {
		case final:
			finished = append(finished, fmt.Sprintf("同一人、同一事项已三级终结：复核件 %s已于%s办结。《信访工作条例》第三十六条：仍以同一事实和理由提出的，不再受理。本件已登记，由信访部门告知信访人。", name, day(c.ClosedAt)))
		case c.Status.Open():
			accepted = append(accepted, fmt.Sprintf("同一人、同一事项已经受理：%s现%s%s。《信访工作条例》第十九条：已经受理或者正在办理的，不再重复受理。本件已登记，是否受理由信访部门决定。", name, glossary.In("status", string(c.Status)), e.with(c)))
		default:
			repeated = append(repeated, fmt.Sprintf("疑为重复信访：同一人、同一事项曾有 %s，已于%s%s。本件已登记，请信访部门核对后决定是否受理。", name, day(c.ClosedAt), strings.TrimPrefix(glossary.In("status", string(c.Status)), "已")))
		}
	}
	notes := finished
	if s.Extra[ExtraLevel] == "" {
		notes = append(append(finished, accepted...), repeated...)
	}
	return notes[:min(3, len(notes))], nil
}

// same reports whether an earlier case is the same matter. A finished one is
// compared as if it were of today: it does not grow old.
func (e Earlier) same(s hub.Submission, c hub.Case, before hub.Submission, final bool) bool {
	now := duplicate.Report{Title: s.Title, Text: s.Text, PlaceText: s.PlaceText, Place: s.Place, IDNumber: s.Reporter.IDNumber, At: e.Clock.Now()}
	then := duplicate.Report{
		Title: before.Title, Text: before.Text, PlaceText: before.PlaceText, Place: c.Place, IDNumber: before.Reporter.IDNumber, At: c.OpenedAt,
	}
	if final {
		then.At = now.At
	}
	return duplicate.Compare(now, then).Petitioned()
}

func (e Earlier) with(c hub.Case) string {
	if c.Lead() == "" {
		return ""
	}
	return "，由" + e.Department(c.Lead()) + "办理"
}

func day(t time.Time) string { return t.In(hub.China()).Format(layout) }
