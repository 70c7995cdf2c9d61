package adapters

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Mapping turns a sender's record into a submission. Its option names are
// the same in every channel that has one.
type Mapping struct {
	// Fields maps a field of the submission to the sender's name for it:
	// external_id: 留言编号.
	Fields map[string]string `yaml:"fields"`
	// TimeLayouts are tried in order, in Go's notation and China's time.
	TimeLayouts []string `yaml:"time_layouts"`
	// Kinds and Urgencies translate the sender's words: 投诉: complaint.
	Kinds     map[string]hub.Kind    `yaml:"kinds"`
	Urgencies map[string]hub.Urgency `yaml:"urgencies"`
	// Ignore lists fields that are not kept; all others go to extra.
	Ignore []string `yaml:"ignore"`
}

// targets are the names that Fields may map.
func targets() []string {
	return []string{
		"external_id", "title", "text", "submitted_at", "name", "phone",
		"id_number", "account", "place", "place_text", "kind", "urgency",
		hub.ExtraAgentNotes, hub.ExtraCallRecord, hub.ExtraConfidential,
	}
}

// Validate reports what is wrong with m.
func (m Mapping) Validate() error {
	for name := range m.Fields {
		if !slices.Contains(targets(), name) {
			return fmt.Errorf("fields: %q is not a field of a submission: use %s", name, strings.Join(targets(), ", "))
		}
	}
	if m.Fields["title"] == "" && m.Fields["text"] == "" {
		return fmt.Errorf("fields: map at least text or title")
	}
	return nil
}

// Submission maps rec.
func (m Mapping) Submission(channel hub.ChannelCode, rec Record) (hub.Submission, error) {
	of := func(name string) string { return strings.TrimSpace(rec.Fields[m.Fields[name]]) }
	s := hub.Submission{
		Channel: channel, ExternalID: of("external_id"), Place: hub.PlaceCode(of("place")),
		Raw: rec.Raw, MediaType: rec.MediaType,
		Content: hub.Content{
			Title: of("title"), Text: of("text"), PlaceText: of("place_text"),
			Reporter: hub.Reporter{Name: of("name"), Phone: of("phone"), IDNumber: of("id_number"), Account: of("account")},
		},
	}
	var err error
	if s.SubmittedAt, err = m.time(of("submitted_at")); err != nil {
		return s, err
	}
	if word := of("kind"); word != "" {
		s.Kind = m.Kinds[word] // a word that is not listed stays in extra
	}
	if word := of("urgency"); word != "" {
		s.Urgency = m.Urgencies[word]
	}
	s.Extra = m.extra(rec.Fields, s)
	for _, name := range []string{hub.ExtraAgentNotes, hub.ExtraCallRecord, hub.ExtraConfidential} {
		v := of(name)
		if name == hub.ExtraConfidential {
			v = Asked(v)
		}
		SetExtra(&s, name, v)
	}
	return s, nil
}

// Submissions maps all, and says which record is wrong.
func (m Mapping) Submissions(channel hub.ChannelCode, recs []Record) ([]hub.Submission, error) {
	subs := make([]hub.Submission, len(recs))
	for i, rec := range recs {
		s, err := m.Submission(channel, rec)
		if err != nil {
			return nil, atLine(i+1, err)
		}
		subs[i] = s
	}
	return subs, nil
}

// extra keeps every field that has no place in the submission.
func (m Mapping) extra(fields map[string]string, s hub.Submission) map[string]string {
	used := make(map[string]bool, len(m.Fields))
	for target, name := range m.Fields {
		used[name] = (target != "kind" || s.Kind != "") && (target != "urgency" || s.Urgency != "")
	}
	var extra map[string]string
	for name, v := range fields {
		if used[name] || slices.Contains(m.Ignore, name) {
			continue
		}
		if extra == nil {
			extra = map[string]string{}
		}
		extra[name] = v
	}
	return extra
}

func (m Mapping) time(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	zone := hub.China()
	for _, layout := range append(slices.Clone(m.TimeLayouts), time.RFC3339, "2006-01-02 15:04:05") {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, hub.Errorf(hub.CodeInvalid, "submission.time", text)
}

// Asked is "true" for every answer to 是否要求保密 but those that say no.
func Asked(answer string) string {
	if answer == "" || slices.Contains([]string{"否", "不", "不要求", "无", "0", "false", "no", "n"}, strings.ToLower(answer)) {
		return ""
	}
	return "true"
}

// SetExtra sets a field of the hub's own beside those of the channel; an empty
// value sets none.
func SetExtra(s *hub.Submission, name, value string) {
	if value == "" {
		return
	}
	if s.Extra == nil {
		s.Extra = map[string]string{}
	}
	s.Extra[name] = value
}
