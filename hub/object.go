package hub

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// An object builds one JSON object, as encoding/json would write it.
type object struct {
	b   []byte
	err error
}

func open(dst []byte) object { return object{b: append(dst, '{')} }

// key appends a quoted name with its colon, and a comma before it if need be.
func (o *object) key(name string) []byte {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(o.b, name...)
	return o.b
}

func (o *object) raw(name string, v []byte) { o.b = append(o.key(name), v...) }

func (o *object) int(name string, v int64) { o.b = strconv.AppendInt(o.key(name), v, 10) }

func (o *object) intIf(name string, v int64) {
	if v != 0 {
		o.int(name, v)
	}
}

func (o *object) boolIf(name string, v bool) {
	if v {
		o.b = append(o.key(name), "true"...)
	}
}

func (o *object) time(name string, v time.Time) {
	if y := v.Year(); y < 0 || y > 9999 {
		o.other(name, v) // says what is wrong with it
		return
	}
	o.b = AppendJSONTime(o.key(name), v)
}

func (o *object) timeIf(name string, v time.Time) {
	if !v.IsZero() {
		o.time(name, v)
	}
}

func (o *object) float(name string, v float64) {
	if v != 0 && (v < 1e-6 || v >= 1e21) || v != v {
		o.other(name, v)
		return
	}
	o.b = strconv.AppendFloat(o.key(name), v, 'f', -1, 64)
}

// other leaves a rare value to encoding/json.
func (o *object) other(name string, v any) {
	b, err := appendAny(o.key(name), v)
	if o.b = b; err != nil && o.err == nil {
		o.err = err
	}
}

func otherIf[T any](o *object, name string, v *T) {
	if v != nil {
		o.other(name, v)
	}
}

func str[T ~string](o *object, name string, v T) { o.b = AppendJSONString(o.key(name), string(v)) }

func strIf[T ~string](o *object, name string, v T) {
	if v != "" {
		str(o, name, v)
	}
}

// list writes a list unless it is empty.
func list[T any](o *object, name string, vs []T, write func(T, []byte) []byte) {
	if len(vs) == 0 {
		return
	}
	o.b = append(o.key(name), '[')
	for i, v := range vs {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = write(v, o.b)
	}
	o.b = append(o.b, ']')
}

func appendString[T ~string](v T, dst []byte) []byte { return AppendJSONString(dst, string(v)) }

func appendAny(dst []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return dst, fmt.Errorf("encode %T: %w", v, err)
	}
	return append(dst, b...), nil
}

// AppendJSONTime appends t as encoding/json writes it.
func AppendJSONTime(dst []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
}

// AppendJSONString appends s as encoding/json writes it.
func AppendJSONString(dst []byte, s string) []byte {
	if !plain(s) {
		if quoted, err := json.Marshal(s); err == nil {
			return append(dst, quoted...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

// plain reports that s needs nothing but quotes.
func plain(s string) bool {
	var seen byte
	for i := range len(s) {
		seen |= care[s[i]]
	}
	switch {
	case seen == 0:
		return true
	case seen&escaped != 0:
		return false
	case seen&separator != 0 && (strings.Contains(s, "\u2028") || strings.Contains(s, "\u2029")):
		return false
	}
	return utf8.ValidString(s)
}

// What a byte may ask for.
const (
	wide      byte = 1 << iota // part of a longer character: is it one?
	escaped                    // never stands for itself
	separator                  // may begin U+2028 or U+2029
)

// care says what each byte asks for.
var care = func() (table [256]byte) {
	for c := range table {
		switch {
		case c < ' ', c == '"', c == '\\', c == '<', c == '>', c == '&':
			table[c] = escaped
		case c == 0xE2:
			table[c] = wide | separator
		case c >= utf8.RuneSelf:
			table[c] = wide
		}
	}
	return table
}()

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
