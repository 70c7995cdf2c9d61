package intake

import (
	"strings"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
)

// Limits of one submission, in bytes.
const (
	MaxText  = 256 << 10 // title and text
	MaxRaw   = 512 << 10 // as it arrived
	MaxField = 4 << 10   // any other field
	MaxID    = 200       // external id
	maxExtra = 100       // number of the channel's own fields
)

// Check reports what is wrong with a submission, as Accept would.
func Check(s hub.Submission) error { return check(s) }

// check refuses what could not be stored for ever: Postgres takes neither NUL
// nor broken UTF-8, and the bus has a size limit.
func check(s hub.Submission) error {
	if s.Channel == "" {
		return hub.Errorf(hub.CodeInvalid, "submission.channel")
	}
	if strings.TrimSpace(s.Title) == "" && strings.TrimSpace(s.Text) == "" {
		return hub.Errorf(hub.CodeInvalid, "submission.empty")
	}
	if len(s.Title)+len(s.Text) > MaxText {
		return hub.Errorf(hub.CodeTooLarge, "submission.too_long", MaxText)
	}
	if len(s.Raw) > MaxRaw {
		return hub.Errorf(hub.CodeTooLarge, "submission.raw_too_long", MaxRaw)
	}
	if len(s.ExternalID) > MaxID {
		return hub.Errorf(hub.CodeTooLarge, "submission.id_too_long", MaxID)
	}
	if err := clean("title", s.Title); err != nil {
		return err
	}
	if err := clean("text", s.Text); err != nil {
		return err
	}
	return checkFields(s)
}

func checkFields(s hub.Submission) error {
	if len(s.Extra) > maxExtra {
		return hub.Errorf(hub.CodeTooLarge, "submission.field_too_long", "extra", maxExtra)
	}
	r := s.Reporter
	fields := []string{
		"channel", string(s.Channel), "external_id", s.ExternalID,
		"place", string(s.Place), "place_text", s.PlaceText,
		"name", r.Name, "phone", r.Phone, "id_number", r.IDNumber, "account", r.Account,
		"kind", string(s.Kind), "urgency", string(s.Urgency), "media_type", s.MediaType,
	}
	for k, v := range s.Extra {
		fields = append(fields, "extra", k, "extra."+k, v)
	}
	for _, a := range s.Attachments {
		fields = append(fields, "attachment", a.Name, "attachment", a.SHA256, "attachment", a.MediaType)
	}
	for n := 0; n < len(fields); n += 2 {
		if len(fields[n+1]) > MaxField {
			return hub.Errorf(hub.CodeTooLarge, "submission.field_too_long", fields[n], MaxField)
		}
		if err := clean(fields[n], fields[n+1]); err != nil {
			return err
		}
	}
	return nil
}

func clean(field, text string) error {
	if !utf8.ValidString(text) {
		return hub.Errorf(hub.CodeInvalid, "submission.not_utf8", field)
	}
	if strings.ContainsRune(text, 0) {
		return hub.Errorf(hub.CodeInvalid, "submission.nul", field)
	}
	return nil
}
