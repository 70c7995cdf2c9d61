package reading

import (
	"maps"
	"slices"
	"strings"
)

// A Fact (要素) is what was read, and the words that it was read from.
type Fact struct{ Key, Value, From string }

// Facts are facts in the order in which people want them.
type Facts []Fact

// Add adds a fact unless its value is "" or it is known.
func (f *Facts) Add(key, value, from string) {
	if value != "" && f.Value(key) == "" {
		*f = append(*f, Fact{key, value, from})
	}
}

// Value returns the value of key, "" if it is not known.
func (f Facts) Value(key string) string {
	for _, v := range f {
		if v.Key == key {
			return v.Value
		}
	}
	return ""
}

// FactsOf is what Map returned, by key.
func FactsOf(m map[string]string) Facts {
	var f Facts
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !strings.HasSuffix(k, FromSuffix) {
			f = append(f, Fact{k, m[k], m[k+FromSuffix]})
		}
	}
	return f
}

// FromSuffix ends the key under which Map keeps a fact's words.
const FromSuffix = "_from"

// Map returns the values by key and, where they differ from the value, the
// words under the key with FromSuffix; nil without facts.
func (f Facts) Map() map[string]string {
	if len(f) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, v := range f {
		out[v.Key] = v.Value
		if v.From != "" && v.From != v.Value {
			out[v.Key+FromSuffix] = v.From
		}
	}
	return out
}
