package hub

import (
	"strings"
	"time"
)

// A Kind (诉求类型) says what the citizen wants.
type Kind string

// The kinds.
const (
	KindConsult   Kind = "consult"   // 咨询
	KindHelp      Kind = "help"      // 求助
	KindComplaint Kind = "complaint" // 投诉
	KindReport    Kind = "report"    // 举报
	KindSuggest   Kind = "suggest"   // 建议
	KindThanks    Kind = "thanks"    // 表扬
)

// An Urgency (紧急程度) says how fast a case must move.
type Urgency string

// The urgencies, lowest first.
const (
	UrgencyNormal   Urgency = "normal"   // 一般
	UrgencyUrgent   Urgency = "urgent"   // 紧急
	UrgencyCritical Urgency = "critical" // 特急
)

// A Reporter (反映人) is the citizen behind a submission. It is personal data:
// it is stored with the content, never in events.
type Reporter struct {
	Name      string `json:"name,omitempty"`
	Phone     string `json:"phone,omitempty"`
	IDNumber  string `json:"id_number,omitempty"`
	Account   string `json:"account,omitempty"` // name or id inside the channel
	Anonymous bool   `json:"anonymous,omitempty"`
}

// An Attachment (附件) is a photo or document, kept by content address.
type Attachment struct {
	SHA256    string `json:"sha256"`
	Name      string `json:"name,omitempty"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"`
}

// Content (内容) is what the citizen said and who said it.
type Content struct {
	Title       string            `json:"title"`
	Text        string            `json:"text"`
	Reporter    Reporter          `json:"reporter,omitzero"`
	PlaceText   string            `json:"place_text,omitempty"` // address as written
	Attachments []Attachment      `json:"attachments,omitempty"`
	Extra       map[string]string `json:"extra,omitempty"` // the channel's own fields
}

// Fields of a content's extra that the hub itself knows.
const (
	// ExtraConfidential says, by any value, that the citizen asked to stay
	// unknown (要求保密).
	ExtraConfidential = "confidential"
	// ExtraPeople are the names of all who brought the matter, with 、 between.
	ExtraPeople = "people"
	// ExtraAgentNotes (话务员备注) is what the hotline's agent wrote down beside
	// what the caller said, and ExtraCallRecord (通话录音编号) where the call is kept.
	ExtraAgentNotes = "agent_notes"
	ExtraCallRecord = "call_record"
	// ExtraService is what was asked for among the services of an Open311
	// channel. It is not personal and stays readable where the rest is sealed.
	ExtraService = "service_code"
)

// Confidential reports whether who spoke is hidden wholly wherever other
// citizens' names are shown masked, and from handling departments altogether.
func (c Content) Confidential() bool { return c.Extra[ExtraConfidential] != "" }

// People are the names of all who brought the matter, beside the reporter's.
func (c Content) People() []string {
	if c.Extra[ExtraPeople] == "" {
		return nil
	}
	return strings.Split(c.Extra[ExtraPeople], "、")
}

// A Submission (来件) is one request as a channel handed it in.
//
// Channel and ExternalID together are the idempotency key: however often and
// to whichever node it is sent, it becomes one case.
type Submission struct {
	Content
	Receipt    ReceiptID   `json:"receipt"`
	Case       CaseID      `json:"case"`
	Channel    ChannelCode `json:"channel"`
	ExternalID string      `json:"external_id"`
	// Heuristic is set when the channel gave no id and one was made from the
	// content and a ten-minute bucket.
	Heuristic   bool      `json:"heuristic,omitempty"`
	Place       PlaceCode `json:"place,omitempty"`
	Kind        Kind      `json:"kind,omitempty"`    // as the channel said; "" if it did not
	Urgency     Urgency   `json:"urgency,omitempty"` // as the channel said
	SubmittedAt time.Time `json:"submitted_at"`      // when the citizen spoke
	ReceivedAt  time.Time `json:"received_at"`       // when intake took it
	// Hold is why no rule may send this on without a clerk's look, such as a
	// flood from one QR code; "" for all others. It becomes a case all the same.
	Hold string `json:"hold,omitempty"`
	// Raw is what arrived, byte for byte, and MediaType what it was.
	Raw       []byte `json:"raw,omitempty"`
	MediaType string `json:"media_type,omitempty"`
}

// An Acceptance (回执) answers one submission: it is on disk and will become
// exactly one case.
type Acceptance struct {
	Receipt   ReceiptID `json:"receipt"`
	Case      CaseID    `json:"tracking"`
	Duplicate bool      `json:"duplicate,omitempty"`
	// Notes say in Chinese what the sender should know although it was
	// accepted, such as that the matter was accepted before.
	Notes []string `json:"notes,omitempty"`
	// Err says why this submission was not accepted; the others of its batch
	// are not touched by it.
	Err error `json:"-"`
}

// Headline is the title of a message that has none: its first line, cut to 30
// characters.
func Headline(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	runes := []rune(strings.TrimSpace(line))
	if len(runes) > 30 {
		return string(runes[:29]) + "…"
	}
	return string(runes)
}
