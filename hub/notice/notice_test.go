package notice_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/notice"
)

var now = time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)

func match(t *testing.T, list ...string) []notice.Matcher {
	t.Helper()
	var out []notice.Matcher
	for _, s := range list {
		m, err := notice.ParseMatcher(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		out = append(out, m)
	}
	return out
}

func alert(i int, place hub.PlaceCode, tags ...string) hub.Alert {
	return hub.Alert{
		ID: hub.AlertID(fmt.Sprintf("BY%d.2.heating", i)), Case: hub.CaseID(fmt.Sprintf("BY%d", i)), Department: "heating", Role: hub.RoleLead,
		Event: hub.Assigned, Seq: 2, At: now, Place: place, Due: now.Add(time.Duration(i) * time.Hour),
		Class:   hub.Class{Topic: "heating", Urgency: hub.UrgencyNormal, Tags: tags},
		Content: hub.Content{Title: fmt.Sprintf("暖气不热 %d", i)},
	}
}

func TestMatchers(t *testing.T) {
	a := alert(1, "620402001", "停暖", "老人")
	for s, want := range map[string]bool{
		"topic=heating": true, "topic=gas": false, "topic!=gas": true, "place=~620402.*": true, "place=~6204": false,
		"place!~620403.*": true, "tag=停暖": true, "tag=火灾": false, "tag!=停暖": false, "tag!=火灾": true, "urgency = normal": true,
		"event=assigned": true, "case=BY1": true, "role=lead": true, "department=heating": true, "kind=": true, "category=": true,
		"tag=~停.*": true, "tag!~停.*": false,
	} {
		if got := match(t, s)[0].Matches(a); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
	for _, s := range []string{"", "topic", "colour=red", "place=~(", "=x"} {
		if _, err := notice.ParseMatcher(s); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%q: %v", s, err)
		}
	}
	var back []notice.Matcher
	raw, err := json.Marshal(match(t, "place=~62.*", "topic!=gas"))
	if err != nil || json.Unmarshal(raw, &back) != nil || back[0].String() != "place=~62.*" || !back[0].Matches(a) {
		t.Errorf("%s: %v, %v", raw, back, err)
	}
}

func policy(t *testing.T) notice.Policy {
	t.Helper()
	return notice.Policy{
		Groups: []notice.Group{{Match: match(t, "event=assigned"), By: []string{"place", "topic"}, Wait: 30 * time.Second, Interval: 5 * time.Minute}},
		Inhibits: []notice.Inhibit{{
			Source: match(t, "topic=heating", "tag=停暖"), Target: match(t, "topic=heating"), Equal: []string{"place"}, For: 6 * time.Hour,
		}},
	}
}

func TestDecide(t *testing.T) {
	p, sources := policy(t), map[string]hub.AlertID{}
	facts := func(s ...notice.Silence) notice.Facts {
		return notice.Facts{Now: now, Silences: s, Source: func(k string) (hub.AlertID, time.Time, bool) {
			id, ok := sources[k]
			return id, now.Add(time.Hour), ok
		}}
	}
	if v := p.Decide(alert(1, "A"), facts()); v.Status != hub.DeliveryHeld || !v.FlushAt.Equal(now.Add(30*time.Second)) || v.Group == "" {
		t.Errorf("a plain one: %+v", v)
	}
	same, other := p.Decide(alert(2, "A"), facts()), p.Decide(alert(3, "B"), facts())
	if v := p.Decide(alert(1, "A"), facts()); v.Group != same.Group || v.Group == other.Group {
		t.Errorf("groups %q, %q, %q", v.Group, same.Group, other.Group)
	}
	outage := p.Decide(alert(4, "A", "停暖"), facts())
	if len(outage.Sources) != 1 || outage.Status != hub.DeliveryHeld || !outage.Sources[0].Until.Equal(now.Add(6*time.Hour)) {
		t.Fatalf("an outage: %+v", outage)
	}
	sources[outage.Sources[0].Key] = "BY4.2.heating"
	if v := p.Decide(alert(1, "A"), facts()); v.Status != hub.DeliveryMuted || v.MutedBy != "alert:BY4.2.heating" {
		t.Errorf("a flat in the outage: %+v", v)
	}
	if v := p.Decide(alert(1, "B"), facts()); v.Status != hub.DeliveryHeld {
		t.Errorf("a flat elsewhere: %+v", v)
	}
	if v := p.Decide(alert(5, "A", "停暖"), facts()); v.Status == hub.DeliveryMuted {
		t.Errorf("a second outage is muted by the first: %+v", v)
	}
	reminded := alert(1, "B")
	reminded.Event = hub.Reminded
	if v := p.Decide(reminded, facts()); v.Status != hub.DeliveryPending {
		t.Errorf("not for a group: %+v", v)
	}
	silence := notice.Silence{ID: 7, Matchers: match(t, "place=B"), StartsAt: now.Add(-time.Hour), EndsAt: now.Add(time.Hour)}
	if v := p.Decide(alert(1, "B"), facts(silence)); v.Status != hub.DeliveryMuted || v.MutedBy != "silence:7" || !v.Until.Equal(silence.EndsAt) {
		t.Errorf("silenced: %+v", v)
	}
	silence.EndsAt = now
	if v := p.Decide(alert(1, "B"), facts(silence)); v.Status != hub.DeliveryHeld {
		t.Errorf("after the silence: %+v", v)
	}
	if v := (notice.Policy{}).Decide(alert(1, "A"), facts()); v.Status != hub.DeliveryPending {
		t.Errorf("without a policy: %+v", v)
	}
}

func TestValidate(t *testing.T) {
	if err := policy(t).Validate(); err != nil {
		t.Error(err)
	}
	for _, p := range []notice.Policy{
		{Groups: []notice.Group{{}}},
		{Groups: []notice.Group{{By: []string{"colour"}}}},
		{Groups: []notice.Group{{By: []string{"place"}, Wait: -1}}},
		{Inhibits: []notice.Inhibit{{Source: match(t, "tag=x"), For: time.Hour}}},
		{Inhibits: []notice.Inhibit{{Equal: []string{"x"}}}},
	} {
		if hub.CodeOf(p.Validate()) != hub.CodeInvalid {
			t.Errorf("%+v is taken", p)
		}
	}
	good := notice.Silence{Matchers: match(t, "place=A"), Author: "王", Reason: "检修", StartsAt: now, EndsAt: now.Add(time.Hour)}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, edit := range map[string]func(*notice.Silence){
		"matchers": func(s *notice.Silence) { s.Matchers = nil }, "author": func(s *notice.Silence) { s.Author = " " },
		"reason": func(s *notice.Silence) { s.Reason = "" }, "ends": func(s *notice.Silence) { s.EndsAt = s.StartsAt },
		"too long": func(s *notice.Silence) { s.EndsAt = s.StartsAt.Add(notice.Longest + 1) },
	} {
		s := good
		edit(&s)
		if hub.CodeOf(s.Validate()) != hub.CodeInvalid {
			t.Errorf("no %s is taken", name)
		}
	}
}

func TestCompose(t *testing.T) {
	var group []hub.Alert
	for i := range 25 {
		group = append(group, alert(i+1, "A"))
	}
	group[9].Class.Urgency = hub.UrgencyCritical
	n := notice.Compose(group)
	if n.Event != hub.Gathered || n.Class.Urgency != hub.UrgencyCritical || !n.Due.Equal(now.Add(time.Hour)) || n.Place != "A" ||
		n.Content.Extra["count"] != "25" || !strings.Contains(n.Content.Text, "20. BY20") || !strings.Contains(n.Content.Text, "共 25 件") ||
		strings.Contains(n.Content.Text, "21. ") {
		t.Errorf("%+v", n)
	}
}
