// Package mask hides personal data (个人信息) before it is shown: names,
// telephone and identity numbers, also inside free text.
//
// It never sees what is stored: pages and answers call it last. Start with
// [Content].
package mask

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
)

// Name keeps the family name: 张**.
func Name(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return ""
	}
	return string(r[:1]) + strings.Repeat("*", min(max(len(r)-1, 1), 2))
}

// Phone keeps the first three and the last four digits: 139****1234. What is
// too short for that is hidden.
func Phone(s string) string {
	if utf8.RuneCountInString(s) < 8 {
		return strings.Repeat("*", utf8.RuneCountInString(s))
	}
	r := []rune(s)
	return string(r[:3]) + strings.Repeat("*", len(r)-7) + string(r[len(r)-4:])
}

// Number keeps the first and the last sign of an identity or account number.
func Number(s string) string {
	r := []rune(s)
	if len(r) < 3 {
		return strings.Repeat("*", len(r))
	}
	return string(r[:1]) + strings.Repeat("*", len(r)-2) + string(r[len(r)-1:])
}

// numbers finds what may be a mobile, a fixed line or an identity number, also
// with gaps as people write them.
var numbers = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`1[3-9]\d[- ]\d{4}[- ]\d{4}|0\d{2,3}[- ]\d{7,8}|\d{11,}[Xx]?`)
})

// hasNumber reports whether s may hold such a number: ten digits or more with
// no more than one sign between them. It spares most texts the expression.
func hasNumber(s string) bool {
	digits, gap := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			if digits, gap = digits+1, 0; digits >= 10 {
				return true
			}
		case (c == ' ' || c == '-') && gap == 0:
			gap++
		default:
			digits, gap = 0, 0
		}
	}
	return false
}

// Text hides telephone and identity numbers inside free text.
func Text(s string) string { return text(s, Phone, Number) }

func text(s string, phone, number func(string) string) string {
	if !hasNumber(s) {
		return s
	}
	return numbers().ReplaceAllStringFunc(s, func(n string) string {
		switch {
		case len(n) == 18, len(n) == 15:
			return number(n)
		case len(n) == 11 && (n[0] == '1' || n[0] == '0'), strings.ContainsAny(n, "- "):
			return phone(n)
		default:
			return n
		}
	})
}

// secret stands for whatever is known of a citizen who asked to stay unknown.
func secret(string) string { return "***" }

// Said hides numbers inside free text and also what is known of the reporter
// of content: their name, wherever it is written, and every number of theirs.
func Said(s string, content hub.Content) string {
	r := content.Reporter
	phone, number, name := Phone, Number, Name
	if content.Confidential() {
		phone, number, name = secret, secret, secret
	}
	for _, person := range content.People() {
		if utf8.RuneCountInString(person) >= 2 {
			s = strings.ReplaceAll(s, person, name(person))
		}
	}
	for _, known := range []struct {
		word  string
		least int
		hide  func(string) string
	}{{r.Phone, 4, phone}, {r.IDNumber, 4, number}, {r.Account, 4, number}, {r.Name, 2, name}} {
		if utf8.RuneCountInString(known.word) >= known.least {
			s = strings.ReplaceAll(s, known.word, known.hide(known.word))
		}
	}
	return text(s, phone, number)
}

// doors finds the building, entrance and door of an address.
var doors = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:[0-9０-９]+|[一二三四五六七八九十]+)[ 　]?(?:号楼|栋|幢|单元|室|户)[ 　]?(?:[0-9]{3,4}(?:室|号|户)?)?`)
})

// Doors hides building, entrance and door inside free text; streets and
// compounds stay.
func Doors(s string) string { return doors().ReplaceAllString(s, "**") }

// Reporter hides who the citizen is.
func Reporter(r hub.Reporter) hub.Reporter {
	r.Name, r.Phone = Name(r.Name), Phone(r.Phone)
	r.IDNumber, r.Account = Number(r.IDNumber), Number(r.Account)
	return r
}

// Content hides who the citizen is, also in title and text; the channel's own
// fields are left out, because nobody knows what they hold. Of who asked to
// stay unknown nothing is left but that: no door, and no paper in their hand.
func Content(c hub.Content) hub.Content {
	c.Title, c.Text, c.PlaceText = Said(c.Title, c), Said(c.Text, c), Said(c.PlaceText, c)
	if c.Confidential() {
		c.Reporter, c.Attachments, c.PlaceText = hub.Reporter{Anonymous: true}, nil, Doors(c.PlaceText)
		c.Extra = map[string]string{hub.ExtraConfidential: "true"}
		return c
	}
	c.Reporter, c.Extra = Reporter(c.Reporter), nil
	return c
}

// A Call (通话) is what the hotline's agent noted of a call and where the call
// is kept.
type Call struct {
	Notes  string `json:"agent_notes,omitempty"`
	Record string `json:"call_record,omitempty"`
}

// CallOf is the call of content. Who may not learn who called (open is false)
// reads the notes without what identifies them, and no way to the recording.
func CallOf(content hub.Content, open bool) Call {
	c := Call{content.Extra[hub.ExtraAgentNotes], content.Extra[hub.ExtraCallRecord]}
	if !open {
		c.Notes, c.Record = Said(c.Notes, content), strings.Repeat("*", min(utf8.RuneCountInString(c.Record), 6))
	}
	return c
}
