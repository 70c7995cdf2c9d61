package hub

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// An EventText (事件原文) is the JSON of an event's actor and data, made once:
// what leaves the hub, what is stored and what the chain of hashes covers are
// the same bytes.
type EventText struct {
	By, Data []byte
}

// Encode returns the event's text.
func (e Event) Encode() (EventText, error) {
	by, err := json.Marshal(e.By)
	if err != nil {
		return EventText{}, fmt.Errorf("encode actor of %s: %w", e.Case, err)
	}
	data, err := json.Marshal(e.Data)
	if err != nil {
		return EventText{}, fmt.Errorf("encode event %d of %s: %w", e.Seq, e.Case, err)
	}
	return EventText{By: by, Data: data}, nil
}

// AppendJSON appends the event as encoding/json writes it, given its text.
func (e Event) AppendJSON(dst []byte, text EventText) []byte {
	dst = AppendJSONString(append(dst, `{"case":`...), string(e.Case))
	dst = strconv.AppendInt(append(dst, `,"seq":`...), e.Seq, 10)
	dst = AppendJSONString(append(dst, `,"type":`...), string(e.Type))
	dst = AppendJSONTime(append(dst, `,"at":`...), e.At)
	dst = append(append(dst, `,"by":`...), text.By...)
	dst = append(append(dst, `,"data":`...), text.Data...)
	return append(dst, '}')
}

// AppendJSONTime appends t as encoding/json writes it.
func AppendJSONTime(dst []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
}

// AppendJSONString appends s as encoding/json writes it; what needs more than quotes is left to
// encoding/json.
func AppendJSONString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s)
			if err != nil {
				return append(dst, `""`...) // a string always encodes
			}
			return append(dst, quoted...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}
