package places_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/postgres/places"
)

func TestDutiesClimbThePlaces(t *testing.T) {
	t.Parallel()
	store, ctx, now := places.New(pgtest.Open(t)), t.Context(), pgtest.Monday()
	err := store.SavePlaces(ctx, []hub.Place{
		{Code: "620400", Level: hub.LevelCity, Name: "白银市"},
		{Code: "620402", Parent: "620400", Level: hub.LevelCounty, Name: "白银区"},
	})
	if err != nil {
		t.Fatal(err)
	}
	posts := []places.Post{
		{Rung: 1, Place: "620402001003", Post: "village_cadre", Person: "p1", Name: "李四"},
		{Rung: 1, Place: "620402001004", Post: "village_cadre", Person: "p9", Name: "王五"},
		{Rung: 4, Place: "620402", Post: "county_head"},
		{Rung: 7, Place: "620400", Post: "mayor", Person: "p7", Name: "赵六"},
	}
	for range 2 {
		if err := store.SavePosts(ctx, posts, now); err != nil {
			t.Fatal(err)
		}
	}
	want := []hub.Duty{
		{Rung: 1, Place: "620402001003", Post: "village_cadre", Person: "p1", Name: "李四"},
		{Rung: 4, Place: "620402", Post: "county_head"},
		{Rung: 7, Place: "620400", Post: "mayor", Person: "p7", Name: "赵六"},
	}
	got, err := store.Duties(ctx, "620402001003-05", now)
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("Duties: %v %s", err, cmp.Diff(want, got))
	}
	later := now.Add(time.Hour)
	posts[0].Person, posts[0].Name = "p2", "钱七"
	if err := store.SavePosts(ctx, posts, later); err != nil {
		t.Fatal(err)
	}
	for at, person := range map[time.Time]hub.PersonID{now: "p1", later: "p2"} {
		got, err := store.Duties(ctx, "620402001003", at)
		if err != nil || len(got) != 3 || got[0].Person != person {
			t.Errorf("Duties at %v = %+v, %v, want %s", at, got, err, person)
		}
	}
}
