package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/layout"
)

// Fix mends in a file what can be mended without changing any decision: words
// that are not needed and conditions that are not in the stored form. It
// returns the new text and how many findings are gone.
func Fix(set *rules.Set, text []byte, found []Finding) (out []byte, fixed int, err error) {
	body, format := string(text), false
	for _, f := range found {
		switch {
		case !f.Fixable:
		case f.Code == "M32":
			format = true
			fixed++
		case f.list != "":
			if cut, ok := drop(body, f.list, f.needle); ok {
				body = cut
				fixed++
			}
		}
	}
	if !format {
		return []byte(body), fixed, nil
	}
	if out, err = layout.Format([]byte(body), set.Format); err != nil {
		return text, 0, fmt.Errorf("format: %w", err)
	}
	return out, fixed, nil
}

// drop removes the last place of a word in a word list written in brackets.
func drop(text, list, word string) (string, bool) {
	start := strings.Index(text, list+": [")
	if start < 0 {
		return text, false
	}
	start += len(list) + len(": [")
	end := strings.IndexByte(text[start:], ']')
	if end < 0 || strings.Contains(text[start:start+end], "#") {
		return text, false
	}
	end += start
	items := strings.Split(text[start:end], ",")
	for i, item := range slices.Backward(items) {
		if strings.Trim(item, " \n\"'") != word {
			continue
		}
		if i == 0 && len(items) > 1 {
			items[1] = strings.TrimLeft(items[1], " ")
		}
		items = append(items[:i], items[i+1:]...)
		return text[:start] + strings.Join(items, ",") + text[end:], true
	}
	return text, false
}
