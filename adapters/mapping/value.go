package mapping

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/file"
	"github.com/go-json-experiment/json"

	"github.com/mashang-hub/mashang/hub"
)

// Kinds returns the kinds that a channel may give.
func Kinds() []hub.Kind {
	return []hub.Kind{
		hub.KindConsult, hub.KindHelp, hub.KindComplaint, hub.KindReport, hub.KindSuggest, hub.KindThanks,
	}
}

// Urgencies returns the urgencies that a channel may give.
func Urgencies() []hub.Urgency {
	return []hub.Urgency{hub.UrgencyNormal, hub.UrgencyUrgent, hub.UrgencyCritical}
}

// kindWords are known without being listed.
func kindWords() map[string]hub.Kind {
	words := map[string]hub.Kind{
		"咨询": hub.KindConsult, "求助": hub.KindHelp, "求决": hub.KindHelp, "投诉": hub.KindComplaint,
		"举报": hub.KindReport, "建议": hub.KindSuggest, "意见建议": hub.KindSuggest, "表扬": hub.KindThanks,
	}
	for _, k := range Kinds() {
		words[string(k)] = k
	}
	return words
}

func urgencyWords() map[string]hub.Urgency {
	words := map[string]hub.Urgency{
		"一般": hub.UrgencyNormal, "普通": hub.UrgencyNormal, "紧急": hub.UrgencyUrgent,
		"加急": hub.UrgencyUrgent, "特急": hub.UrgencyCritical,
	}
	for _, u := range Urgencies() {
		words[string(u)] = u
	}
	return words
}

// putKind translates; a word that nobody knows stays in extra.
func (c Config) putKind(s *hub.Submission, v any) error {
	word, err := asText(v)
	if s.Kind = c.Kinds[word]; s.Kind == "" {
		s.Kind = kindWords()[word]
	}
	return err
}

func (c Config) putUrgency(s *hub.Submission, v any) error {
	word, err := asText(v)
	if s.Urgency = c.Urgencies[word]; s.Urgency == "" {
		s.Urgency = urgencyWords()[word]
	}
	return err
}

// asText returns the text of a value that can be one; lists and maps cannot.
func asText(v any) (string, error) {
	switch v.(type) {
	case map[string]any, []any, []string:
		return "", fmt.Errorf("是一组值，不是文字：%.60s", Plain(v))
	}
	return strings.TrimSpace(Plain(v)), nil
}

// Plain writes a value as people would: numbers with their spelling, groups as
// JSON.
func Plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return v.Format(time.RFC3339)
	case hub.PlaceCode:
		return string(v)
	}
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// mistake tells where in the expression it is.
func mistake(name string, err error) Mistake {
	m := Mistake{Field: name, Err: err}
	if e, ok := err.(*file.Error); ok { //nolint:errorlint // expr returns it unwrapped
		m.Column, m.Err = e.Column, errors.New(e.Message)
		if strings.Contains(e.Message, "func(") {
			m.Err = fmt.Errorf("%s（这个字段与函数同名，请写成 doc.字段名）", e.Message)
		}
	}
	return m
}
