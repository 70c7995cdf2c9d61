package journal

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
)

// A Level (日志级别) says how grave a line is.
type Level string

// The levels, as hclog has them.
const (
	Trace Level = "trace"
	Debug Level = "debug"
	Info  Level = "info"
	Warn  Level = "warn"
	Error Level = "error"
)

// Levels lists them, the lightest first.
func Levels() []Level { return []Level{Trace, Debug, Info, Warn, Error} }

// ParseLevel reads a level; "" is the lightest.
func ParseLevel(text string) (Level, error) {
	switch l := Level(text); {
	case text == "":
		return Trace, nil
	case slices.Contains(Levels(), l):
		return l, nil
	}
	return "", hub.Errorf(hub.CodeInvalid, "query.invalid", "level")
}

// atLeast reports whether l is as grave as least.
func (l Level) atLeast(least Level) bool {
	return slices.Index(Levels(), l) >= slices.Index(Levels(), least)
}

// keptBytes is how much of one line's text is kept.
const keptBytes = 4 << 10

// read makes of a line, as the program wrote it, what is kept. told says that
// the line names its level; another is info.
func read(line string) (level Level, text string, told bool) {
	level, text, told = structured(line)
	if !told {
		level, told = levelOf(firstWord(line))
	}
	if !told {
		level = Info
	}
	// Hidden first and cut then: half a number would not be known as one.
	text = mask.Text(strings.TrimSpace(strings.Map(printable, text)))
	if len(text) > keptBytes {
		text = strings.ToValidUTF8(text[:keptBytes], "") + "…"
	}
	return level, text, told
}

// structured reads the JSON of hclog and of slog; any other line is its own
// text.
func structured(line string) (level Level, text string, told bool) {
	var fields map[string]json.RawMessage
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &fields) != nil {
		return "", line, false
	}
	take := func(names ...string) (value string) {
		for _, name := range names {
			if raw, ok := fields[name]; ok && value == "" {
				value = plain(raw)
				delete(fields, name)
			}
		}
		return value
	}
	level, told = levelOf(strings.ToUpper(take("@level", "level")))
	_ = take("@timestamp")
	_ = take("time")
	words := []string{take("@message", "msg", "message")}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		words = append(words, key+"="+plain(fields[key]))
	}
	return level, strings.Join(words, " "), told
}

// plain is a JSON value as one writes it: a text without its quotes.
func plain(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// levelOf knows the words of hclog, slog and Python's logging.
func levelOf(word string) (Level, bool) {
	switch word {
	case "TRACE":
		return Trace, true
	case "DEBUG":
		return Debug, true
	case "INFO":
		return Info, true
	case "WARN", "WARNING":
		return Warn, true
	case "ERROR", "FATAL", "CRITICAL":
		return Error, true
	}
	return "", false
}

// firstWord is WARN of "[WARN] text" and of "WARN:root:text".
func firstWord(line string) string {
	word, _, _ := strings.Cut(strings.TrimPrefix(line, "["), " ")
	word, _, _ = strings.Cut(word, ":")
	return strings.TrimSuffix(word, "]")
}

// crash reports whether text begins the last words of a Go or Python program;
// the lines after it belong to them.
func crash(text string) bool {
	for _, begin := range []string{"panic: ", "fatal error: ", "SIGQUIT: ", "SIGABRT: ", "Traceback (most recent call last)"} {
		if strings.HasPrefix(text, begin) {
			return true
		}
	}
	return false
}

// printable turns what would move a terminal's cursor into a space.
func printable(r rune) rune {
	if unicode.IsControl(r) || r == utf8.RuneError {
		return ' '
	}
	return r
}
