package qrcode_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/poster"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/postgres/qrcode"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// village has n household groups.
func village(place hub.PlaceCode, n int) []poster.Unit {
	var out []poster.Unit
	for i := range n {
		out = append(out, poster.Unit{Place: place, Kind: poster.KindHouseholds, Label: fmt.Sprintf("第%d组", i+1)})
	}
	return out
}

func TestAUnitKeepsItsFirstCode(t *testing.T) {
	s, ctx := qrcode.New(pgtest.Open(t)), t.Context()
	if n, err := s.Issue(ctx, village("620402001002", 3), noon); err != nil || n != 3 {
		t.Fatalf("issued %d, %v", n, err)
	}
	before, _ := s.Codes(ctx, poster.Filter{})
	if n, err := s.Issue(ctx, village("620402001002", 5), noon.Add(time.Hour)); err != nil || n != 2 {
		t.Fatalf("issued again %d, %v; want the 2 new ones", n, err)
	}
	after, err := s.Codes(ctx, poster.Filter{})
	if err != nil || len(after) != 5 || !slices.Equal(before, after[:3]) {
		t.Errorf("codes %v, %v; before %v", after, err, before)
	}
}

func TestCodesOfAPlace(t *testing.T) {
	s, ctx := qrcode.New(pgtest.Open(t)), t.Context()
	for _, p := range []hub.PlaceCode{"620402001002", "620402101201", "620421202201"} {
		if _, err := s.Issue(ctx, village(p, 2), noon); err != nil {
			t.Fatal(err)
		}
	}
	for place, want := range map[hub.PlaceCode]int{"": 6, "620402": 4, "620402000000": 4, "620402001": 2, "620421202201": 2, "620423": 0} {
		got, err := s.Codes(ctx, poster.Filter{Place: place})
		if err != nil || len(got) != want {
			t.Errorf("codes in %q: %d, %v; want %d", place, len(got), err, want)
		}
	}
	page, _ := s.Codes(ctx, poster.Filter{After: 2, Limit: 3})
	if len(page) != 3 || page[0].Number != 3 {
		t.Errorf("page after 2: %v", page)
	}
}

func TestATornPosterIsRenewed(t *testing.T) {
	s, ctx := qrcode.New(pgtest.Open(t)), t.Context()
	if _, err := s.Issue(ctx, village("620402001002", 1), noon); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Revoke(ctx, 1, "", noon); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("revoked without a reason: %v", err)
	}
	c, err := s.Revoke(ctx, 1, "楼已拆除", noon.Add(time.Hour))
	if err != nil || c.Live() || c.Reason != "楼已拆除" {
		t.Fatalf("revoked: %+v, %v", c, err)
	}
	if live, _ := s.Codes(ctx, poster.Filter{Live: true}); len(live) != 0 {
		t.Errorf("live ones: %v", live)
	}
	c, err = s.Renew(ctx, 1, "海报破损", noon.Add(2*time.Hour))
	if err != nil || !c.Live() || c.Version != 2 || c.Number != 1 {
		t.Errorf("renewed: %+v, %v", c, err)
	}
	if _, err := s.Renew(ctx, 99, "没有", noon); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("renewed what is not there: %v", err)
	}
}

func TestOneCodeAtManyPlacesIsNoticed(t *testing.T) {
	s, ctx := qrcode.New(pgtest.Open(t)), t.Context()
	if _, err := s.Issue(ctx, village("620402001002", 2), noon); err != nil {
		t.Fatal(err)
	}
	seen := func(n poster.Number, place hub.PlaceCode, at time.Time) {
		t.Helper()
		if err := s.Elsewhere(ctx, n, place, at); err != nil {
			t.Fatal(err)
		}
	}
	seen(1, "620421202201", noon.Add(-48*time.Hour)) // too long ago to count
	for i, place := range []hub.PlaceCode{"620403001001", "620403001001", "620422100201", "620423100201"} {
		seen(1, place, noon.Add(time.Duration(i)*time.Minute))
	}
	seen(2, "620403001001", noon) // a neighbour who went home first
	got, err := s.Misused(ctx, noon.Add(-24*time.Hour), 3)
	if err != nil || len(got) != 1 || got[0].Number != 1 || len(got[0].Places) != 3 || got[0].Times != 4 {
		t.Errorf("misused: %+v, %v", got, err)
	}
}

// TestACityOfCodes issues as many codes as Baiyin hangs: 52,000.
func TestACityOfCodes(t *testing.T) {
	s, ctx := qrcode.New(pgtest.Open(t)), t.Context()
	var units []poster.Unit
	for i := range 860 {
		units = append(units, village(hub.PlaceCode(fmt.Sprintf("6204021%05d", i)), 61)...)
	}
	if n, err := s.Issue(ctx, units, noon); err != nil || n != len(units) || n < 52_000 {
		t.Fatalf("issued %d of %d, %v", n, len(units), err)
	}
	last, err := s.Code(ctx, poster.Number(len(units)))
	if err != nil || last.Place != "620402100859" {
		t.Errorf("the last: %+v, %v", last, err)
	}
}
