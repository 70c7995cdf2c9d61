package desk

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// What is written on one sheet stays as it was, whatever is written after it
// and whether or not it kept to its room.
func TestTextsOfASheetDoNotTouch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		on := sheet{}
		var kept, want [][]byte
		for i := range rapid.IntRange(1, 40).Draw(t, "texts") {
			size := rapid.OneOf(rapid.IntRange(0, 2000), rapid.IntRange(sheetBytes-2, sheetBytes+2)).Draw(t, "size")
			room := rapid.IntRange(0, 2*size+1).Draw(t, "room")
			text := bytes.Repeat([]byte{byte(i)}, size)
			want = append(want, text)
			kept = append(kept, on.keep(append(on.room(room), text...)))
		}
		for i := range kept {
			kept[i] = append(kept[i], 0xff) // nor does growing one write into the next
		}
		for i := range kept {
			if !bytes.Equal(kept[i][:len(want[i])], want[i]) {
				t.Fatalf("text %d of %d bytes was written over", i, len(want[i]))
			}
		}
	})
}
