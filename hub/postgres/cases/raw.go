package cases

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// rawCut begins raw bytes of which something is kept beside them. The place of
// what is missing follows as a uvarint, plus one; 0 says that nothing is.
const rawCut = "\x00cut"

// shortest is the length of text that is worth cutting out.
const shortest = 32

// cutRaw appends raw to dst without the text, which is stored beside it and is
// most of it: what a channel sends is the citizen's words and little more.
func cutRaw(dst, raw []byte, text string) []byte {
	if at := indexOf(raw, text); at >= 0 {
		dst = append(dst, rawCut...)
		dst = binary.AppendUvarint(dst, uint64(at)+1)
		dst = append(dst, raw[:at]...)
		return append(dst, raw[at+len(text):]...)
	}
	if bytes.HasPrefix(raw, []byte(rawCut)) { // it only looks like one of ours
		dst = append(append(dst, rawCut...), 0)
	}
	return append(dst, raw...)
}

// indexOf is where text stands in raw, -1 if it does not or is too short to
// matter. It looks at the first place that begins alike.
func indexOf(raw []byte, text string) int {
	if len(text) < shortest {
		return -1
	}
	at := bytes.Index(raw, []byte(text[:shortest]))
	if at < 0 || len(raw)-at < len(text) || string(raw[at:at+len(text)]) != text {
		return -1
	}
	return at
}

// wholeRaw undoes cutRaw; bytes that were stored before there was a cut are
// returned as they are.
func wholeRaw(stored []byte, text string) ([]byte, error) {
	rest, cut := bytes.CutPrefix(stored, []byte(rawCut))
	if !cut {
		return stored, nil
	}
	at, n := binary.Uvarint(rest)
	if n <= 0 || at > uint64(len(rest)-n)+1 {
		return nil, fmt.Errorf("raw bytes of %d are cut in a way of which nothing is known", len(stored))
	}
	if rest = rest[n:]; at == 0 {
		return rest, nil
	}
	return append(append(append(make([]byte, 0, len(rest)+len(text)), rest[:at-1]...), text...), rest[at-1:]...), nil
}
