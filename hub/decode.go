package hub

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ReadJSON sets s, which is empty, from a submission in the form in which
// encoding/json writes it, several times as fast as a decoder for any JSON. It
// returns false for any other form, even a valid one, and then s is half read:
// decode it into an empty one with a library.
func (s *Submission) ReadJSON(text []byte) bool {
	if !utf8.Valid(text) || holdsControl(text) {
		return false
	}
	r := reader{rest: string(text)} // one copy, of which all strings are parts
	r.open()
	s.Content.read(&r)
	get(&r, `"receipt":`, &s.Receipt)
	get(&r, `"case":`, &s.Case)
	get(&r, `"channel":`, &s.Channel)
	get(&r, `"external_id":`, &s.ExternalID)
	r.bool(`"heuristic":`, &s.Heuristic)
	get(&r, `"place":`, &s.Place)
	get(&r, `"kind":`, &s.Kind)
	get(&r, `"urgency":`, &s.Urgency)
	r.time(`"submitted_at":`, &s.SubmittedAt)
	r.time(`"received_at":`, &s.ReceivedAt)
	get(&r, `"hold":`, &s.Hold)
	r.bytes(`"raw":`, &s.Raw)
	get(&r, `"media_type":`, &s.MediaType)
	r.close()
	return !r.failed && r.rest == ""
}

// read leaves attachments, which are rare, to others.
func (c *Content) read(r *reader) {
	get(r, `"title":`, &c.Title)
	get(r, `"text":`, &c.Text)
	if r.key(`"reporter":`) {
		r.open()
		get(r, `"name":`, &c.Reporter.Name)
		get(r, `"phone":`, &c.Reporter.Phone)
		get(r, `"id_number":`, &c.Reporter.IDNumber)
		get(r, `"account":`, &c.Reporter.Account)
		r.bool(`"anonymous":`, &c.Reporter.Anonymous)
		r.close()
	}
	get(r, `"place_text":`, &c.PlaceText)
	if r.key(`"extra":`) {
		c.Extra = r.texts()
	}
}

// A reader reads one JSON object whose names are known and in a known order.
// Once something is not as expected it has failed and reads no more.
type reader struct {
	rest   string
	inside bool // after the first value of its object
	failed bool
}

// take consumes token, which has to be next.
func (r *reader) take(token string) {
	rest, ok := strings.CutPrefix(r.rest, token)
	r.rest, r.failed = rest, r.failed || !ok
}

func (r *reader) open() {
	r.take("{")
	r.inside = false
}

func (r *reader) close() {
	r.take("}")
	r.inside = true
}

// key reports whether name is next, and consumes it.
func (r *reader) key(name string) bool {
	rest := r.rest
	if r.inside {
		if rest == "" || rest[0] != ',' {
			return false
		}
		rest = rest[1:]
	}
	rest, ok := strings.CutPrefix(rest, name)
	if !ok || r.failed {
		return false
	}
	r.rest, r.inside = rest, true
	return true
}

func get[T ~string](r *reader, name string, v *T) {
	if r.key(name) {
		*v = T(r.string())
	}
}

// string reads a string.
func (r *reader) string() string {
	r.take(`"`)
	end := strings.IndexByte(r.rest, '"')
	if end < 0 {
		r.failed = true
		return ""
	}
	if strings.IndexByte(r.rest[:end], '\\') >= 0 {
		return r.escaped()
	}
	v := r.rest[:end]
	r.rest = r.rest[end+1:]
	return v
}

// escaped reads the rest of a string that has escapes.
func (r *reader) escaped() string {
	var b strings.Builder
	for {
		i := strings.IndexAny(r.rest, `"\`)
		if i < 0 {
			r.failed = true
			return ""
		}
		b.WriteString(r.rest[:i])
		quote := r.rest[i] == '"'
		r.rest = r.rest[i+1:]
		if quote {
			return b.String()
		}
		b.WriteRune(r.escape())
	}
}

// escape reads what follows a backslash. Halves of a character beyond the
// first 65536 are left to others.
func (r *reader) escape() rune {
	if r.rest == "" {
		r.failed = true
		return 0
	}
	c := r.rest[0]
	r.rest = r.rest[1:]
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i])
	}
	if c != 'u' || len(r.rest) < 4 || strings.IndexByte(r.rest[:4], '_') >= 0 {
		r.failed = true
		return 0
	}
	n, err := strconv.ParseUint(r.rest[:4], 16, 16)
	r.rest = r.rest[4:]
	r.failed = r.failed || err != nil || !utf8.ValidRune(rune(n))
	return rune(n)
}

func (r *reader) bool(name string, v *bool) {
	if r.key(name) {
		r.take("true") // false is left out
		*v = true
	}
}

func (r *reader) time(name string, v *time.Time) {
	if r.key(name) {
		text := r.string()
		// The standard library lets an hour of one digit and a comma pass.
		odd := len(text) < len("2006-01-02T15:04:05Z") || text[len("2006-01-02T15")] != ':' || strings.Contains(text, ",")
		r.failed = r.failed || odd || v.UnmarshalText([]byte(text)) != nil
	}
}

func (r *reader) bytes(name string, v *[]byte) {
	if r.key(name) {
		b, err := base64.StdEncoding.Strict().DecodeString(r.string())
		*v, r.failed = b, r.failed || err != nil
	}
}

// texts reads an object of strings whose names are each once there.
func (r *reader) texts() map[string]string {
	m := map[string]string{}
	for r.open(); !r.failed && !strings.HasPrefix(r.rest, "}"); r.inside = true {
		if r.inside {
			r.take(",")
		}
		k := r.string()
		r.take(":")
		if _, twice := m[k]; twice {
			r.failed = true
		}
		m[k] = r.string()
	}
	r.close()
	return m
}

// holdsControl reports a control character, eight bytes at a time: each is
// below a space when taking a space off borrows from its highest bit.
func holdsControl(text []byte) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; len(text) >= 8; text = text[8:] {
		x := binary.LittleEndian.Uint64(text)
		if (x-' '*ones)&^x&high != 0 {
			return true
		}
	}
	for _, c := range text {
		if c < ' ' {
			return true
		}
	}
	return false
}
