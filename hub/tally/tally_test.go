package tally_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/tally"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// book is what is stored.
type book struct {
	cases []tally.Opened
	looks int
	err   error
}

func (b *book) Opened(_ context.Context, since time.Time) ([]tally.Opened, error) {
	b.looks++
	if b.err != nil {
		return nil, b.err
	}
	var out []tally.Opened
	for _, o := range b.cases {
		if o.At.After(since) {
			out = append(out, o)
		}
	}
	return out, nil
}

func (b *book) open(id hub.CaseID, topic string, place hub.PlaceCode, at time.Time) {
	b.cases = append(b.cases, tally.Opened{ID: id, Topic: topic, Place: place, At: at})
}

func TestCountsByTopicPlaceAndTime(t *testing.T) {
	b, now := &book{}, noon
	c := tally.New(b, hub.ClockFunc(func() time.Time { return now }), slog.New(slog.DiscardHandler))
	b.open("1", "heating", "620402001001", noon.Add(-30*time.Minute))
	b.open("2", "heating", "620402001002", noon.Add(-20*time.Minute))
	b.open("3", "heating", "620421100201", noon.Add(-10*time.Minute))
	b.open("4", "property", "620402001001", noon.Add(-10*time.Minute))
	b.open("5", "heating", "620402001001", noon.Add(-3*time.Hour))
	for _, v := range []struct {
		topic, prefix string
		hours, want   int
	}{{"heating", "620402001", 1, 2}, {"heating", "", 1, 3}, {"heating", "620402", 4, 3}, {"property", "620402", 1, 1}, {"wages", "", 9, 0}} {
		if got := c.Count(v.topic, v.prefix, noon.Add(-time.Duration(v.hours)*time.Hour), noon); got != v.want {
			t.Errorf("%s in %q within %d h: %d, want %d", v.topic, v.prefix, v.hours, got, v.want)
		}
	}
	if b.looks != 1 {
		t.Errorf("looked %d times", b.looks)
	}
	// A case that was stored late is counted, and none twice.
	b.open("6", "heating", "620402001001", noon.Add(-time.Minute))
	now = noon.Add(6 * time.Second)
	if got := c.Count("heating", "620402001", noon.Add(-time.Hour), now); got != 3 || b.looks != 2 {
		t.Errorf("later: %d after %d looks, want 3", got, b.looks)
	}
	// What is known still counts when the store is away.
	b.err = errors.New("away")
	now = noon.Add(time.Minute)
	if got := c.Count("heating", "620402001", noon.Add(-time.Hour), now); got != 3 {
		t.Errorf("store away: %d, want 3", got)
	}
	// Two months later nothing of it is left.
	b.err, b.cases = nil, nil
	now = noon.Add(tally.Keep + time.Hour)
	if got := c.Count("heating", "", noon.Add(-time.Hour), now); got != 0 {
		t.Errorf("two months later: %d", got)
	}
}
