package cases

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever a channel sends, what is read is what came, byte for byte.
func TestRawBytesComeBackWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 60, -1).Draw(t, "text")
		raw := rapid.SliceOf(rapid.SampledFrom([][]byte{
			[]byte(text), []byte(rawCut), {0}, {1}, []byte(`{"nr":"`), []byte(`"}`), []byte("暖气不热"), []byte(text[:len(text)/2]),
		})).Draw(t, "raw")
		came := bytes.Join(raw, nil)
		back, err := wholeRaw(cutRaw(nil, came, text), text)
		if err != nil || !bytes.Equal(back, came) {
			t.Errorf("%q with the text %q comes back as %q (%v)", came, text, back, err)
		}
	})
}

func TestWordsAreStoredOnce(t *testing.T) {
	text := strings.Repeat("供暖以来室温不到十六度，", 20)
	raw := []byte(`{"id":"7","nr":"` + text + `"}`)
	if stored := cutRaw(nil, raw, text); len(stored) > 40 {
		t.Errorf("%d of %d bytes are stored beside the text", len(stored), len(raw))
	}
	old := []byte("from before")
	if back, err := wholeRaw(old, text); err != nil || !bytes.Equal(back, old) {
		t.Errorf("%q, %v", back, err)
	}
	for _, broken := range []string{rawCut, rawCut + "\xff", rawCut + "\x7fabc"} {
		if _, err := wholeRaw([]byte(broken), text); err == nil {
			t.Errorf("%q is read", broken)
		}
	}
}
