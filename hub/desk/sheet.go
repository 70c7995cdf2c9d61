package desk

import "slices"

// sheetBytes is how much is taken from the memory at once.
const sheetBytes = 64 << 10

// A sheet is memory to write the JSON of a batch on: one piece for many texts,
// which live as long as the last of them. It serves one goroutine.
type sheet struct {
	rest []byte
	// opened says that whoever holds the first rung is told of new cases.
	opened bool
}

// room returns an empty slice with room for n bytes; more may be appended.
func (on *sheet) room(n int) []byte {
	if cap(on.rest) < n {
		on.rest = make([]byte, 0, max(n, sheetBytes))
	}
	return on.rest[:0]
}

// keep keeps what was appended to the last room, and returns it.
func (on *sheet) keep(text []byte) []byte {
	if cap(text) == cap(on.rest) { // it did not outgrow the sheet
		on.rest = text[len(text):]
	}
	return slices.Clip(text)
}
