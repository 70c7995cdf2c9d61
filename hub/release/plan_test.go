package release

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

var now = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// a book is releases in memory, newest first.
type book []Release

func (b *book) take(t *testing.T, steps []Step, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if s.Release.ID == 0 {
			s.Release.ID = int64(len(*b) + 1)
			*b = append(book{s.Release}, *b...)
			continue
		}
		for i := range *b {
			if (*b)[i].ID == s.Release.ID {
				(*b)[i] = s.Release
			}
		}
	}
}

func (b book) state(id int64) State {
	for _, r := range b {
		if r.ID == id {
			return r.State
		}
	}
	return ""
}

const (
	hashA = hub.RuleSetHash("aaaaaaaaaaaa1111")
	hashB = hub.RuleSetHash("bbbbbbbbbbbb2222")
	hashC = hub.RuleSetHash("cccccccccccc3333")
)

func propose(t *testing.T, b *book, hash hub.RuleSetHash) {
	t.Helper()
	steps, err := Proposal{Author: "张三", Why: "试"}.plan(*b, hash, now)
	b.take(t, steps, err)
}

func promote(t *testing.T, b *book, hash hub.RuleSetHash, to State, scope Scope) {
	t.Helper()
	steps, err := Promotion{Hash: hash, To: to, By: "李四", Scope: scope}.plan(*b, now)
	b.take(t, steps, err)
}

func TestAReleaseGoesAllTheWayAndBack(t *testing.T) {
	var b book
	b.take(t, adopt(b, hashA, true, "首次启动", now), nil)
	propose(t, &b, hashB)
	promote(t, &b, hashB[:8], Shadow, Scope{})
	promote(t, &b, hashB, Canary, Scope{Percent: 10})
	promote(t, &b, hashB, Canary, Scope{Percent: 50})
	promote(t, &b, hashB, Active, Scope{})
	if b.state(1) != Retired || b.state(2) != Active || b[0].Approver != "李四" || b[0].Previous != 1 {
		t.Fatalf("after promotion: %+v", b)
	}
	propose(t, &b, hashC)
	promote(t, &b, hashC, Canary, Scope{Channels: []hub.ChannelCode{"qr"}})
	for i, want := range []string{"retired active retired", "active retired retired"} {
		steps, err := Rollback{By: "王五", Why: "误派"}.plan(b, now)
		b.take(t, steps, err)
		if got := fmt.Sprint(b.state(1), " ", b.state(2), " ", b.state(3)); got != want {
			t.Fatalf("rollback %d: %s, want %s", i+1, got, want)
		}
	}
	if _, err := (Rollback{By: "王五"}).plan(b, now); keyOf(err) != "release.nothing_before" {
		t.Errorf("nothing is before the first: %v", err)
	}
	steps, err := Rollback{By: "王五", To: hashB}.plan(b, now)
	b.take(t, steps, err)
	if b.state(2) != Active {
		t.Errorf("a named set comes back: %+v", b)
	}
}

func keyOf(err error) string {
	if e, ok := errors.AsType[*hub.Error](err); ok {
		return e.Key
	}
	return fmt.Sprint(err)
}

func TestPromotionsThatAreRefused(t *testing.T) {
	var b book
	b.take(t, adopt(b, hashA, true, "首次启动", now), nil)
	propose(t, &b, hashB)
	promote(t, &b, hashB, Canary, Scope{Percent: 10})
	propose(t, &b, hashC)
	for want, p := range map[string]Promotion{
		"release.same_person":       {Hash: hashC, To: Active, By: "张三"},
		"release.approver_required": {Hash: hashC, To: Active},
		"release.unknown_state":     {Hash: hashC, To: "live", By: "李四"},
		"release.scope_required":    {Hash: hashC, To: Canary, By: "李四"},
		"release.scope_of_canary":   {Hash: hashC, To: Active, By: "李四", Scope: Scope{Percent: 5}},
		"release.busy":              {Hash: hashC, To: Canary, By: "李四", Scope: Scope{Percent: 5}},
		"release.backwards":         {Hash: hashB, To: Shadow, By: "李四"},
		"release.already":           {Hash: hashA, To: Active, By: "李四"},
		"release.not_found":         {Hash: "dddddddd", To: Active, By: "李四"},
	} {
		if _, err := p.plan(b, now); keyOf(err) != want {
			t.Errorf("%+v: %v, want %s", p, err, want)
		}
	}
	if _, err := (Proposal{Author: "张三"}).plan(b, hashC, now); keyOf(err) != "release.author_required" {
		t.Errorf("a proposal says why: %v", err)
	}
	if _, err := (Proposal{Author: "张三", Why: "又"}).plan(b, hashA, now); keyOf(err) != "release.already" {
		t.Errorf("what is active is not proposed: %v", err)
	}
}

func TestACanaryIsTheSameCasesEveryTime(t *testing.T) {
	in := map[int]int{}
	for i := range 10000 {
		s := &hub.Submission{Case: hub.CaseID(fmt.Sprintf("BY%08d", i)), Channel: "qr", Place: "620402001"}
		before := false
		for _, percent := range []int{1, 10, 50, 100} {
			has := Scope{Percent: percent}.Has(s)
			if before && !has {
				t.Fatalf("%s left the canary when it grew to %d %%", s.Case, percent)
			}
			if has != (Scope{Percent: percent}).Has(s) {
				t.Fatalf("%s changes sides", s.Case)
			}
			if before = has; has {
				in[percent]++
			}
		}
	}
	for percent, n := range in {
		if n < percent*90 || n > percent*110+30 {
			t.Errorf("%d %% of 10,000 cases are %d", percent, n)
		}
	}
	s := &hub.Submission{Case: "BY1", Channel: "qr", Place: "620402001"}
	for want, scopes := range map[bool][]Scope{
		true:  {{Places: []hub.PlaceCode{"620402"}}, {Channels: []hub.ChannelCode{"hotline", "qr"}}, {Places: []hub.PlaceCode{"620400"}, Channels: []hub.ChannelCode{"qr"}}},
		false: {{Places: []hub.PlaceCode{"620403"}}, {Channels: []hub.ChannelCode{"hotline"}}, {Places: []hub.PlaceCode{"620402"}, Channels: []hub.ChannelCode{"hotline"}}},
	} {
		for _, scope := range scopes {
			if scope.Has(s) != want {
				t.Errorf("%+v: want %v", scope, want)
			}
		}
	}
}

func TestTheFolderHasItsSay(t *testing.T) {
	folder := Release{ID: 1, Hash: hashA, State: Active, Origin: ByFolder}
	people := Release{ID: 2, Hash: hashB, State: Active, Origin: ByPeople}
	old := Release{ID: 1, Hash: hashA, State: Retired, Origin: ByFolder}
	for name, c := range map[string]struct {
		f        Folder
		all      []Release
		hash     hub.RuleSetHash
		broken   bool
		activate bool
		acts     bool
	}{
		"first start":                         {Folder{Started: true}, nil, hashA, false, true, true},
		"nothing changed":                     {Folder{Started: true}, []Release{folder}, hashA, false, false, false},
		"changed while it ran":                {Folder{}, []Release{folder}, hashC, false, true, true},
		"changed between two starts":          {Folder{Started: true}, []Release{folder}, hashC, false, false, false},
		"changed between two starts of demo":  {Folder{Started: true, Demo: true}, []Release{folder}, hashC, false, true, true},
		"people published since":              {Folder{}, []Release{people, old}, hashC, false, false, true},
		"people published, demo starts again": {Folder{Started: true, Demo: true}, []Release{people, old}, hashA, false, false, false},
		"the active set does not load":        {Folder{Started: true}, []Release{people, old}, hashC, true, true, true},
	} {
		activate, why := c.f.wanted(c.all, c.hash, c.broken)
		if activate != c.activate || (why != "") != c.acts {
			t.Errorf("%s: activate %v because %q", name, activate, why)
		}
	}
}
