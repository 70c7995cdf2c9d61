package petition

import (
	"context"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// maxRepresentatives is the limit of article 20 of the 信访工作条例 (2022): who
// bring a common matter in person choose at most five to speak for them.
const maxRepresentatives = 5

// levelField is the field of a submission's extra that says that this is the
// second (复查) or the last (复核) of the three levels.
const levelField = "petition_level"

// routeField is the field of a submission's extra that names its route.
const routeField = "route"

// A route is one of the six ways of article 31, with the words for it.
type route struct {
	code  string
	words []string
}

func routes() []route {
	return []route{
		{"litigation", []string{"诉讼", "涉法涉诉", "法定程序", "刑事立案"}},
		{"arbitration", []string{"仲裁"}},
		{"party_appeal", []string{"党员申诉", "申请复审", "党内申诉"}},
		{"administrative", []string{"行政复议", "行政裁决", "行政确认", "行政许可", "行政处罚", "行政程序"}},
		{"duty", []string{"履行职责", "履职", "申请查处", "查处违法"}},
		{"opinion", []string{"信访程序", "信访处理", "处理意见", "其他"}},
	}
}

// routeOf finds the route that a sender's word means; "" for none.
func routeOf(word string) string {
	for _, r := range routes() {
		if r.code == word || slices.ContainsFunc(r.words, func(w string) bool { return strings.Contains(word, w) }) {
			return r.code
		}
	}
	return ""
}

// label gives the petition's own columns the names that the hub knows.
func (c Columns) label(s *hub.Submission) {
	adapters.SetExtra(s, hub.ExtraConfidential, adapters.Asked(s.Extra[c.Confidential]))
	people := names(s.Extra[c.Petitioners] + "、" + s.Extra[c.Representatives])
	adapters.SetExtra(s, hub.ExtraPeople, strings.Join(people, "、"))
	switch level := s.Extra[c.Level]; {
	case strings.Contains(level, "复核"), strings.Contains(level, "终结"):
		adapters.SetExtra(s, levelField, "final")
	case strings.Contains(level, "复查"):
		adapters.SetExtra(s, levelField, "review")
	}
	if code := routeOf(s.Extra[c.Route]); code != "" {
		s.Extra[routeField] = code
	}
}

// check refuses what the regulation does not allow, and says by which article.
func (c Columns) check(s hub.Submission) error {
	speakers, people := names(s.Extra[c.Representatives]), names(s.Extra[c.Petitioners])
	switch {
	case len(speakers) > maxRepresentatives:
		return hub.Errorf(hub.CodeInvalid, "petition.representatives", len(speakers), maxRepresentatives)
	case len(speakers) == 0 && len(people) > maxRepresentatives && strings.Contains(s.Extra[c.Form], "走访"):
		return hub.Errorf(hub.CodeInvalid, "petition.no_representatives", len(people), maxRepresentatives)
	case s.Extra[c.Route] != "" && s.Extra[routeField] == "":
		return hub.Errorf(hub.CodeInvalid, "petition.route", s.Extra[c.Route])
	}
	return nil
}

// names splits a list of people; one named twice counts once.
func names(list string) []string {
	all := strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune("、，,；;/|\n\t ", r) })
	slices.Sort(all)
	return slices.Compact(all)
}

// screen is an Intake that takes what the regulation allows; the others of a
// batch are not touched by one that it refuses.
type screen struct {
	adapters.Intake
	columns Columns
	deps    adapters.Deps
}

// Accept implements adapters.Intake.
func (i screen) Accept(ctx context.Context, subs []hub.Submission) ([]hub.Acceptance, error) {
	answers := make([]hub.Acceptance, len(subs))
	var good []hub.Submission
	var at []int
	for n, s := range subs {
		if answers[n].Err = i.columns.check(s); answers[n].Err == nil {
			good, at = append(good, s), append(at, n)
		}
	}
	if len(good) == 0 {
		return answers, nil
	}
	got, err := i.Intake.Accept(ctx, good)
	if err != nil {
		return nil, err
	}
	for k, a := range got {
		a.Notes = i.notes(ctx, good[k], a)
		answers[at[k]] = a
	}
	return answers, nil
}

// notes says what is known of a petition that was taken. That it is taken does
// not hang on it.
func (i screen) notes(ctx context.Context, s hub.Submission, a hub.Acceptance) []string {
	if a.Err != nil || i.deps.Earlier == nil {
		return nil
	}
	notes, err := i.deps.Earlier(ctx, s, a.Case)
	if err != nil {
		i.deps.Log.Warn("earlier petitions are not known", "channel", s.Channel, "error", err)
		return []string{"暂时查不到以前的信访，是否重复请稍后在系统中核对。"}
	}
	return notes
}
