package index

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// occurrences finds every place of every word, the slow way.
func occurrences(words []string, text string) []string {
	var out []string
	for id, w := range words {
		if strings.ContainsFunc(w, func(r rune) bool { return r > 0xffff }) {
			continue
		}
		for at := 0; at < len(text); {
			if strings.HasPrefix(text[at:], w) {
				out = append(out, fmt.Sprint(id, utf8.RuneCountInString(text[:at])))
			}
			_, n := utf8.DecodeRuneInString(text[at:])
			at += n
		}
	}
	slices.Sort(out)
	return out
}

func found(words []string, text string) []string {
	var out []string
	newMatcher(words).scan(text, func(w, at int32) { out = append(out, fmt.Sprint(w, at)) })
	slices.Sort(out)
	return out
}

func TestMatcherFindsOverlapsAndSuffixes(t *testing.T) {
	words := []string{"暖气", "暖气不热", "气不", "热", "不热", "a暖", "🙂", "ab", "b"}
	for _, text := range []string{"", "暖气不热", "暖暖气不不热", "xa暖气ab🙂b热", "暖\xff气", "\xff\xfe热", "暖气\n不热"} {
		if got, want := found(words, text), occurrences(words, text); !slices.Equal(got, want) {
			t.Errorf("%q: found %v, want %v", text, got, want)
		}
	}
	if got := found(nil, "暖气"); len(got) != 0 {
		t.Errorf("no words, found %v", got)
	}
}

func TestMatcherOnRandomWords(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 4))
	make := func(letters string, n int) string {
		var b strings.Builder
		for range n {
			b.WriteRune([]rune(letters)[r.IntN(utf8.RuneCountInString(letters))])
		}
		return b.String()
	}
	for range 200 {
		seen := map[string]bool{}
		var words []string
		for range 1 + r.IntN(60) {
			if w := make("甲乙丙丁戊己庚辛abc", 1+r.IntN(4)); !seen[w] {
				seen[w] = true
				words = append(words, w)
			}
		}
		text := make("甲乙丙丁戊己庚辛abcx，🙂", r.IntN(120))
		if got, want := found(words, text), occurrences(words, text); !slices.Equal(got, want) {
			t.Fatalf("%v in %q: found %v, want %v", words, text, got, want)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	letters := []rune("金银铜白红青绿兰山水川河湖海东西南北中上下新老大小龙凤虎平安康宁福禄寿喜")
	seen := map[string]bool{}
	var words []string
	for len(words) < 10000 {
		w := ""
		for range 2 + r.IntN(3) {
			w += string(letters[r.IntN(len(letters))])
		}
		if !seen[w] {
			seen[w] = true
			words = append(words, w)
		}
	}
	m := newMatcher(words)
	text := strings.Repeat("我是小区的居民，家里暖气不热三天了，请尽快处理。", 13)
	for b.Loop() {
		m.scan(text, func(int32, int32) {})
	}
}
