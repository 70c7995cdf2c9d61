package poster_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/poster"
)

func TestATokenSaysItsCode(t *testing.T) {
	s := poster.NewSigner([]byte("a city's secret"))
	rapid.Check(t, func(t *rapid.T) {
		n := poster.Number(rapid.Int64Range(1, int64(poster.MaxNumber)).Draw(t, "number"))
		v := rapid.IntRange(0, poster.MaxVersion).Draw(t, "version")
		token := s.Token(n, v)
		for _, typed := range []string{token, strings.ToLower(token), poster.Group(token)} {
			if gotN, gotV, err := s.Parse(typed); err != nil || gotN != n || gotV != v {
				t.Fatalf("%s: %d v%d, %v; want %d v%d", typed, gotN, gotV, err, n, v)
			}
		}
	})
}

func TestNobodyElseMakesATokenOfOurs(t *testing.T) {
	s := poster.NewSigner([]byte("a city's secret"))
	token := s.Token(42, 1)
	forged := map[string]string{
		"another city's":  poster.NewSigner([]byte("another")).Token(42, 1),
		"the next number": s.Token(43, 1)[:6] + token[6:],
		"a later version": token[:5] + "2" + token[6:],
		"one letter off":  token[:13] + string("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[(strings.IndexByte("0123456789ABCDEFGHJKMNPQRSTVWXYZ", token[13])+1)%32]),
		"a place code":    "620402001002",
		"nothing":         "",
		"not of the set":  token[:13] + "!",
	}
	for name, text := range forged {
		if _, _, err := s.Parse(text); hub.CodeOf(err) != hub.CodeNotFound {
			t.Errorf("%s: %q was taken: %v", name, text, err)
		}
	}
}
