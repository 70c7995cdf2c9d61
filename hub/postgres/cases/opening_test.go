package cases

import "testing"

func TestNULIsFoundInJSON(t *testing.T) {
	for text, want := range map[string]bool{
		`{"a":"b"}`: false, `"\u0000"`: true, `"\\u0000"`: false, `"\\\u0000"`: true, `"\\u0000 \u0000"`: true,
	} {
		if holdsNUL([]byte(text)) != want {
			t.Errorf("%s: %t", text, !want)
		}
	}
}
