package assess

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// An Issue (签发) is a report of a period as it was given out: its facts and
// formulas are kept, so that it can be made again with the same numbers.
type Issue struct {
	ID      int64     `json:"id"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	Version int       `json:"version"` // of this period, from 1
	At      time.Time `json:"at"`
	Account string    `json:"account"`
	// Reason is why it was issued once more; the first needs none.
	Reason   string `json:"reason,omitempty"`
	Formulas string `json:"formulas"` // hash
	Cases    int    `json:"cases"`
	Hash     string `json:"hash"`
}

// Freeze writes facts as they are kept, one line each, and the hash of all of
// them with the formulas. Who raised a case is not kept: repeats are marked.
// The names of the fields of Fact are stored: they stay as they are.
func Freeze(facts []Fact, f *Formulas) (lines []string, hash [32]byte, err error) {
	lines = make([]string, len(facts))
	for i, fact := range facts {
		fact.Who = ""
		b, err := json.Marshal(fact)
		if err != nil {
			return nil, hash, fmt.Errorf("encode the facts of %s: %w", fact.Case, err)
		}
		lines[i] = string(b)
	}
	return lines, HashOf(lines, f), nil
}

// HashOf is the SHA-256 of the source of formulas and of frozen facts.
func HashOf(lines []string, f *Formulas) (sum [32]byte) {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d\n%s\n", len(f.Source), f.Source)
	for _, line := range lines {
		_, _ = h.Write([]byte(line + "\n"))
	}
	h.Sum(sum[:0])
	return sum
}

// Thaw reads facts that were frozen.
func Thaw(lines []string) ([]Fact, error) {
	facts := make([]Fact, len(lines))
	for i, line := range lines {
		if err := json.Unmarshal([]byte(line), &facts[i]); err != nil {
			return nil, fmt.Errorf("read a frozen fact: %w", err)
		}
	}
	return facts, nil
}

// A Proof (核对) is what an issue is worth today.
type Proof struct {
	Issue
	// Whole reports that facts and formulas have the hash that was recorded.
	Whole bool `json:"whole"`
	// Differences are the numbers that would be others today.
	Differences []Difference `json:"differences"`
}

// A Difference (差异) is a number of an issue and what it would be today.
type Difference struct {
	By      Dimension `json:"by"`
	Value   string    `json:"value"`
	Measure string    `json:"measure"`
	Was     Rate      `json:"was"`
	Is      Rate      `json:"is"`
}

// Differences compares a table that was issued with the same one of today.
func Differences(issued, today Table) []Difference {
	var out []Difference
	rates := func(t Table) map[string]map[string]Rate {
		m := map[string]map[string]Rate{}
		for _, r := range t.Rows {
			m[r.Value] = r.Rates
		}
		return m
	}
	was, is := rates(issued), rates(today)
	compare := func(value string) {
		for _, m := range issued.Measures {
			a, b := was[value][m.Code], is[value][m.Code]
			if a.Numerator != b.Numerator || a.Denominator != b.Denominator {
				out = append(out, Difference{issued.By, value, m.Code, a, b})
			}
		}
	}
	for _, r := range issued.Rows {
		compare(r.Value)
	}
	for _, r := range today.Rows {
		if _, known := was[r.Value]; !known {
			compare(r.Value)
		}
	}
	return out
}

// HashText is how a hash is shown.
func HashText(sum [32]byte) string { return hex.EncodeToString(sum[:]) }
