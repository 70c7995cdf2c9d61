package leave_test

import (
	"context"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/leave"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	leaves "github.com/mashang-hub/mashang/hub/postgres/leave"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/postgres/places"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func monday() time.Time { return time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC) }

func days(n int) time.Time { return monday().AddDate(0, 0, n) }

// The cadre of a village is away for a week; the city's list is read again in
// between, as at every start; whoever holds the post is as the leave says.
func TestALeaveOutlivesTheListOfPosts(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	s := leaves.New(db)
	ctx := audit.From(t.Context(), audit.Source{Actor: hub.Actor{ID: "wu"}})
	posts := []places.Post{
		{Rung: 1, Place: "620402001003", Post: "village_cadre", Person: "ma", Name: "老马"},
		{Rung: 1, Place: "620402001004", Post: "village_cadre", Person: "li", Name: "小李"},
	}
	if err := places.New(db).SavePosts(ctx, posts, monday()); err != nil {
		t.Fatal(err)
	}
	l, err := s.Set(ctx, monday(), leave.Leave{Person: "ma", StandIn: "li", Since: monday(), Until: days(7), Reason: "年休假"})
	if err != nil || l.Name != "老马" || l.StandInName != "小李" || l.SetBy != "wu" {
		t.Fatalf("%+v, %v", l, err)
	}
	if err := places.New(db).SavePosts(ctx, posts, days(1)); err != nil {
		t.Fatal(err)
	}
	holder := func(at time.Time) hub.Duty {
		duties, err1 := places.New(db).Duties(ctx, "620402001003", at)
		open, err2 := s.Open(ctx, at)
		if err1 != nil || err2 != nil || len(duties) != 1 {
			t.Fatal(duties, err1, err2)
		}
		return leave.Cover(duties, open, at)[0]
	}
	if d := holder(days(2)); d.Person != "li" || !d.Deputy {
		t.Errorf("meanwhile %+v", d)
	}
	if d := holder(days(8)); d.Person != "ma" || d.Deputy {
		t.Errorf("afterwards %+v", d)
	}
	if err := s.End(ctx, days(3), l.ID); err != nil {
		t.Fatal(err)
	}
	if d := holder(days(4)); d.Person != "ma" {
		t.Errorf("back early: %+v", d)
	}
	if err := s.End(ctx, days(4), l.ID); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("ended twice: %v", err)
	}
	record, err := auditlog.List(ctx, db.Pool(), auditlog.Filter{Object: "person/ma"})
	if err != nil || len(record) != 2 || record[0].Action != "leave.ended" || record[1].Data["stand_in"] != "li" {
		t.Errorf("on record: %+v, %v", record, err)
	}
}

func TestLeavesThatAreRefused(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	s, ctx := leaves.New(db), context.Background()
	if err := places.New(db).SavePosts(ctx, []places.Post{{Rung: 1, Place: "620402", Post: "x", Person: "ma", Name: "老马"}}, monday()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Set(ctx, monday(), leave.Leave{Person: "ma", Since: monday(), Until: days(3)}); err != nil {
		t.Fatal(err)
	}
	for name, story := range map[string]struct {
		l    leave.Leave
		want hub.ErrorCode
	}{
		"somebody unknown":       {leave.Leave{Person: "zz", Since: monday(), Until: days(1)}, hub.CodeNotFound},
		"an unknown stand-in":    {leave.Leave{Person: "ma", StandIn: "zz", Since: days(4), Until: days(5)}, hub.CodeNotFound},
		"the same time again":    {leave.Leave{Person: "ma", Since: days(2), Until: days(5)}, hub.CodeConflict},
		"a time that is over":    {leave.Leave{Person: "ma", Since: days(-5), Until: days(-3)}, hub.CodeInvalid},
		"one that ends at first": {leave.Leave{Person: "ma", Since: days(5), Until: days(4)}, hub.CodeInvalid},
	} {
		if _, err := s.Set(ctx, monday(), story.l); hub.CodeOf(err) != story.want {
			t.Errorf("%s: %v, want %s", name, err, story.want)
		}
	}
	places, err := s.Places(ctx, monday(), "ma")
	if err != nil || len(places) != 1 || places[0] != "620402" {
		t.Errorf("%v, %v", places, err)
	}
	if all, err := s.All(ctx, 10); len(all) != 1 || err != nil {
		t.Errorf("%+v, %v", all, err)
	}
}
