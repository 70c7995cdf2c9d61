package app

import (
	"context"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/almanac"
	"github.com/mashang-hub/mashang/hub/leave"
	leaves "github.com/mashang-hub/mashang/hub/postgres/leave"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/postgres/places"
)

// A township has one village cadre, whose post changes and who goes away. Two
// nodes know it.
type township struct {
	*testing.T
	now      time.Time
	places   *places.Store
	leaves   *leaves.Store
	one, two *knowledge
}

const village = hub.PlaceCode("620402001003")

func newTownship(t *testing.T) *township {
	t.Helper()
	db := pgtest.Open(t)
	w := &township{T: t, now: pgtest.Monday(), places: places.New(db), leaves: leaves.New(db)}
	w.hold("ma", "guo")
	c, err := city.Load(configs.Baiyin())
	if err != nil {
		t.Fatal(err)
	}
	clock := hub.ClockFunc(func() time.Time { return w.now })
	node := func() *knowledge {
		return newKnowledge(c, covered{w.places, w.leaves}, clock, almanac.New(c.Almanac, nil, clock))
	}
	w.one, w.two = node(), node()
	return w
}

// hold makes these people the holders of the first rung and of the second.
func (w *township) hold(persons ...hub.PersonID) {
	w.Helper()
	var posts []places.Post
	for i, p := range persons {
		posts = append(posts, places.Post{Rung: hub.Rung(i + 1), Place: village, Post: "干部", Person: p, Name: string(p)})
	}
	if err := w.places.SavePosts(w.Context(), posts, w.now); err != nil {
		w.Fatal(err)
	}
}

// away gives ma a leave with guo standing in.
func (w *township) away(since, until time.Time) int64 {
	w.Helper()
	l, err := w.leaves.Set(w.Context(), w.now, leave.Leave{Person: "ma", StandIn: "guo", Since: since, Until: until})
	if err != nil {
		w.Fatal(err)
	}
	return l.ID
}

// want asks who is told when a clock fires on a node now.
func (w *township) want(k *knowledge, who hub.PersonID) {
	w.Helper()
	f, err := k.Firing()(w.Context(), hub.Case{Channel: "qr", Place: village}, w.now)
	if err != nil {
		w.Fatal(err)
	}
	if got := f.Duties[0].Person; got != who {
		w.Errorf("at %s %s is told, want %s", w.now.Format("15:04:05"), got, who)
	}
}

// TestWhoHoldsAPostIsRightWhenAClockFires: what another node wrote a moment
// ago counts, and so does a beginning or an end that nobody writes.
func TestWhoHoldsAPostIsRightWhenAClockFires(t *testing.T) {
	t.Parallel()
	w := newTownship(t)
	w.want(w.one, "ma")
	w.want(w.two, "ma")
	at := w.now
	id := w.away(at.Add(time.Minute), at.Add(time.Hour))
	w.now = at.Add(time.Minute - time.Millisecond)
	w.want(w.two, "ma")
	w.now = at.Add(time.Minute)
	w.want(w.two, "guo")
	w.want(w.one, "guo")
	if err := w.leaves.End(t.Context(), w.now, id); err != nil {
		t.Fatal(err)
	}
	w.want(w.two, "ma")
	w.now = w.now.Add(time.Second)
	w.away(w.now, at.Add(time.Hour))
	w.want(w.one, "guo")
	w.now = at.Add(time.Hour)
	w.want(w.one, "ma")
	w.now = w.now.Add(time.Millisecond)
	w.hold("li", "guo")
	w.want(w.two, "li")
	w.now = at // the clock is set back
	w.want(w.two, "ma")
}

// TestDecisionsOfPeopleLookOnceASecond: they do not pay for a look each.
func TestDecisionsOfPeopleLookOnceASecond(t *testing.T) {
	t.Parallel()
	w := newTownship(t)
	holder := func() hub.PersonID {
		f, err := w.one.Facts(context.Background(), "qr", village)
		if err != nil {
			t.Fatal(err)
		}
		return f.Duties[0].Person
	}
	if holder() != "ma" {
		t.Fatal("the post is not held")
	}
	w.away(w.now, w.now.Add(time.Hour))
	if holder() != "ma" {
		t.Error("each decision looks for itself")
	}
	w.now = w.now.Add(time.Second)
	if got := holder(); got != "guo" {
		t.Errorf("after a second %s is told", got)
	}
	w.one.forget()
}
