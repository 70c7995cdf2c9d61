package city_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub"
)

// holders lists who holds each rung for a village: the nearest post counts.
func holders(c *city.City, village hub.PlaceCode) []hub.Duty {
	var out []hub.Duty
	for rung := hub.Rung(1); rung <= c.Ladder.Top(); rung++ {
		var best city.Post
		for _, p := range c.Posts {
			if p.Rung == rung && village.Within(p.Place) && len(p.Place) >= len(best.Place) {
				best = p
			}
		}
		out = append(out, hub.Duty{Rung: rung, Place: best.Place, Post: best.Post, Person: best.Person, Name: best.Name})
	}
	return out
}

// An untouched case of each channel and kind climbs the seven rungs of the demo
// city, each once and at the right minute: the first wait ends with the first
// missed clock, each further one as ladder.yaml says, working days as the
// State Council says.
func TestAnUntouchedCaseClimbsSevenRungs(t *testing.T) {
	c, err := city.Load(configs.Baiyin())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 9, 30, 10, 0, 0, 0, c.Calendar.Zone()) // the eve of a long holiday
	village := hub.PlaceCode("620402001001")
	kinds := []hub.Kind{hub.KindConsult, hub.KindHelp, hub.KindComplaint, hub.KindReport, hub.KindSuggest, hub.KindThanks}
	for _, channel := range []hub.ChannelCode{"qr", "kuaiban", "hotline", "netizen", "petition"} {
		for _, kind := range kinds {
			for _, lead := range []hub.DepartmentCode{"heating", ""} { // one waits at the sorting desk
				facts := hub.Facts{Calendar: c.Calendar, Policy: c.Allowances(channel), Ladder: c.Ladder, Duties: holders(c, village)}
				cmd := hub.Receive{
					Submission: hub.Submission{Case: "BY1", Receipt: "r_1", Channel: channel, ExternalID: "1", Place: village, Kind: kind, ReceivedAt: start},
					Decision:   hub.Decision{Lead: lead, Class: hub.Class{Kind: kind}},
				}
				events, err := hub.Decide(hub.Case{}, cmd, facts, start)
				if err != nil {
					t.Fatal(err)
				}
				climbs(t, facts, events, string(channel)+" "+string(kind)+" "+string(lead))
			}
		}
	}
}

// climbs lets the case be and checks each step.
func climbs(t *testing.T, f hub.Facts, opening []hub.Event, name string) {
	t.Helper()
	var c hub.Case
	first := ""
	for _, e := range opening {
		c = hub.Apply(c, e)
		if e.Data.Duty != nil {
			first = string(e.Data.Duty.Person)
		}
	}
	var missed time.Time // the first clock that nobody meets
	for _, d := range c.Deadlines {
		if missed.IsZero() || d.Due.Before(missed) {
			missed = d.Due
		}
	}
	events, err := hub.Forecast(c, f, c.OpenedAt, 200)
	if err != nil {
		t.Fatal(err)
	}
	rungs, want := []hub.Rung{1}, missed
	people := []string{first}
	for _, e := range events {
		if e.Type != hub.Escalated {
			continue
		}
		duty := e.Data.Duty
		step, _ := f.Ladder.Step(duty.Rung)
		want = step.Quiet.End(want)
		if !e.At.Equal(want) {
			t.Errorf("%s: rung %d told %s, want %s", name, duty.Rung, e.At, want)
		}
		rungs, people = append(rungs, duty.Rung), append(people, string(duty.Person))
		want, _ = f.Calendar.Due(e.At, step.Wait)
	}
	if !slices.Equal(rungs, []hub.Rung{1, 2, 3, 4, 5, 6, 7}) {
		t.Errorf("%s: rungs %v", name, rungs)
	}
	if slices.Contains(people, "") || len(slices.Compact(slices.Sorted(slices.Values(people)))) != 7 {
		t.Errorf("%s: told %v, want seven persons", name, people)
	}
}
