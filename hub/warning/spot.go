package warning

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
)

// A Spot (点位) is where an event is: a compound, a heat station, an employer's
// site, or a whole community when the text names nothing nearer.
type Spot struct {
	// Key is the same for the same spot; "" is nowhere, and is not counted.
	Key string
	// Name is what people call it.
	Name string
	// Wide is set for a whole community.
	Wide bool
}

// A Reader finds the spot in a citizen's words. It is safe for concurrent use.
type Reader struct {
	patterns *reading.Patterns
	// place names a community; nil knows none.
	place func(hub.PlaceCode) string
}

// NewReader returns a Reader; place gives the name of a place.
func NewReader(place func(hub.PlaceCode) string) *Reader {
	return &Reader{patterns: compiled(), place: place}
}

var compiled = sync.OnceValue(reading.NewPatterns)

// Spot finds where c is about.
func (r *Reader) Spot(c hub.Content, place hub.PlaceCode) Spot {
	p := r.patterns.Place(reading.Text(c))
	for _, name := range []string{p.Compound, p.Station} {
		if key := Key(name); key != "" {
			return Spot{Key: key, Name: name}
		}
	}
	village := place.Village()
	if village == "" || r.place == nil || r.place(village) == "" {
		return Spot{}
	}
	return Spot{Key: "@" + string(village), Name: r.place(village), Wide: true}
}

// Key reduces a name to what all its spellings share: 铜城花园小区 and 铜城花园
// are one compound. A name of one character is none.
func Key(name string) string {
	key := name
	for _, tail := range []string{"小区", "家属院", "家属楼"} {
		if cut := strings.TrimSuffix(key, tail); utf8.RuneCountInString(cut) >= 2 {
			key = cut
		}
	}
	if utf8.RuneCountInString(key) < 2 {
		return ""
	}
	return key
}

// Same reports whether two keys are spellings of one spot: one holds the other,
// as 滨河铜城花园 does 铜城花园.
func Same(a, b string) bool {
	if a == b {
		return true
	}
	if strings.HasPrefix(a, "@") || strings.HasPrefix(b, "@") {
		return false
	}
	if utf8.RuneCountInString(a) > utf8.RuneCountInString(b) {
		a, b = b, a
	}
	return utf8.RuneCountInString(a) >= 3 && strings.HasSuffix(b, a)
}
