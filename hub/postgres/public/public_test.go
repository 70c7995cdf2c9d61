package public_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/postgres/public"
	"github.com/mashang-hub/mashang/hub/postgres/retention"
	"github.com/mashang-hub/mashang/hub/seal"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// plain counts every day as a working day.
type plain struct{}

func (plain) Due(start time.Time, b hub.Budget) (time.Time, bool) {
	return start.Add(time.Duration(b.N) * time.Hour), false
}

func (plain) Shift(due, from, to time.Time, _ hub.Unit) (time.Time, bool) {
	return due.Add(to.Sub(from)), false
}

// open stores one case of a channel that goes to the heating department.
func open(t *testing.T, db *postgres.DB, id hub.CaseID, channel hub.ChannelCode, at time.Time) {
	t.Helper()
	openBy(t, db, id, channel, "", at)
}

// openFor is open for one of the channel's services.
func openFor(t *testing.T, db *postgres.DB, id hub.CaseID, service string, at time.Time) {
	t.Helper()
	c := hub.Content{Title: "路面", Text: "路面", Reporter: hub.Reporter{Phone: "13900000001"}, Extra: map[string]string{"email": "a@b.cn"}}
	if service != "" {
		c.Extra[hub.ExtraService] = service
	}
	openWith(t, db, id, "open311", c, at)
}

// openBy is open for a user of the channel.
func openBy(t *testing.T, db *postgres.DB, id hub.CaseID, channel hub.ChannelCode, account string, at time.Time) {
	t.Helper()
	openWith(t, db, id, channel, hub.Content{Title: "暖气不热", Text: "暖气不热", Reporter: hub.Reporter{Account: account}}, at)
}

func openWith(t *testing.T, db *postgres.DB, id hub.CaseID, channel hub.ChannelCode, content hub.Content, at time.Time) {
	t.Helper()
	s := hub.Submission{
		Case: id, Receipt: hub.ReceiptID("r_" + id), Channel: channel, ExternalID: string(id), SubmittedAt: at, ReceivedAt: at, Content: content,
	}
	events, err := hub.Decide(hub.Case{}, hub.Receive{Submission: s, Decision: hub.Decision{Lead: "heating"}}, hub.Facts{Calendar: plain{}}, at)
	if err != nil {
		t.Fatal(err)
	}
	c := hub.Case{}
	for _, e := range events {
		c = hub.Apply(c, e)
	}
	if _, err := cases.New(db).InsertCases(t.Context(), []hub.Opening{{Submission: s, Case: c, Events: events}}); err != nil {
		t.Fatal(err)
	}
}

// do gives the case a command.
func do(t *testing.T, db *postgres.DB, id hub.CaseID, at time.Time, cmd hub.Command) {
	t.Helper()
	_, err := cases.New(db).ChangeCase(t.Context(), id, "", at,
		func(c hub.Case, _ hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
			events, err := hub.Decide(c, cmd, hub.Facts{Calendar: plain{}}, at)
			for _, e := range events {
				c = hub.Apply(c, e)
			}
			return c, events, nil, err
		})
	if err != nil {
		t.Fatal(err)
	}
}

func ids(t *testing.T, s *public.Store, f public.Filter) string {
	t.Helper()
	f.Channels = []hub.ChannelCode{"open311"}
	if f.Limit == 0 {
		f.Limit = 10
	}
	found, err := s.Cases(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	var out string
	for _, c := range found {
		out += string(c.ID) + " "
	}
	return out
}

func TestOnlyTheChannelsOwnCasesAreShown(t *testing.T) {
	db := pgtest.Open(t)
	s := public.New(db)
	open(t, db, "BY1", "open311", noon)
	open(t, db, "BY2", "open311", noon.Add(time.Hour))
	open(t, db, "BY3", "petition", noon.Add(2*time.Hour))
	by := hub.By{Actor: hub.ByDepartment("heating")}
	do(t, db, "BY1", noon.Add(2*time.Hour), hub.SignFor{By: by, Department: "heating"})
	do(t, db, "BY1", noon.Add(3*time.Hour), hub.Resolve{By: by, Department: "heating", Text: "阀门已更换，室温恢复到二十度。"})

	yes, no := true, false
	for name, v := range map[string]struct {
		f    public.Filter
		want string
	}{
		"all":        {public.Filter{}, "BY2 BY1 "},
		"open":       {public.Filter{Open: &yes}, "BY2 "},
		"closed":     {public.Filter{Open: &no}, "BY1 "},
		"by number":  {public.Filter{Cases: []hub.CaseID{"BY1", "BY3"}}, "BY1 "},
		"by receipt": {public.Filter{Receipts: []hub.ReceiptID{"r_BY2"}}, "BY2 "},
		"since":      {public.Filter{From: noon.Add(time.Minute)}, "BY2 "},
		"until":      {public.Filter{To: noon.Add(time.Minute)}, "BY1 "},
		"second":     {public.Filter{Offset: 1}, "BY1 "},
	} {
		if got := ids(t, s, v.f); got != v.want {
			t.Errorf("%s: %q, want %q", name, got, v.want)
		}
	}
	found, _ := s.Cases(t.Context(), public.Filter{Channels: []hub.ChannelCode{"open311"}, Limit: 2})
	if !found[1].UpdatedAt.Equal(noon.Add(3 * time.Hour)) {
		t.Errorf("BY1 last changed %s", found[1].UpdatedAt)
	}
	types := []hub.EventType{hub.SignedFor, hub.Resolved}
	steps, err := s.Steps(t.Context(), []hub.ChannelCode{"open311"}, types, noon.Add(150*time.Minute), noon.Add(4*time.Hour), 10)
	if err != nil || len(steps) != 1 || steps[0].Type != hub.Resolved || steps[0].Text != "阀门已更换，室温恢复到二十度。" {
		t.Errorf("steps %+v, %v", steps, err)
	}
}

// A user of a channel sees their own cases there, never another's, nor those
// of the same id in another channel.
func TestAUserSeesTheirOwnCases(t *testing.T) {
	db := pgtest.Open(t)
	keys, err := seal.Parse(seal.NewLine("k1"))
	if err != nil {
		t.Fatal(err)
	}
	s := public.New(db)
	if _, err := s.Cases(t.Context(), public.Filter{Channels: []hub.ChannelCode{"kuaiban"}, Account: "u7", Limit: 9}); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Errorf("without keys: %v", err)
	}
	db.SealWith(keys)
	for i, v := range []struct {
		channel hub.ChannelCode
		account string
	}{{"kuaiban", "u7"}, {"kuaiban", "u8"}, {"netizen", "u7"}, {"kuaiban", ""}, {"kuaiban", "u7"}} {
		id := hub.CaseID("BY" + strconv.Itoa(i))
		openBy(t, db, id, v.channel, v.account, noon.Add(time.Duration(i)*time.Hour))
	}
	for account, want := range map[string]string{"u7": "BY4 BY0 ", "u8": "BY1 ", "u9": "", "U7": ""} {
		if got := own(t, s, account); got != want {
			t.Errorf("%s: %q, want %q", account, got, want)
		}
	}
}

// own lists the cases of a user of the app.
func own(t *testing.T, s *public.Store, account string) (out string) {
	t.Helper()
	found, err := s.Cases(t.Context(), public.Filter{Channels: []hub.ChannelCode{"kuaiban"}, Account: account, Limit: 9})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range found {
		out += string(c.ID) + " "
	}
	return out
}

// What was stored before there were keys is a user's own once it is sealed,
// and nobody's after its personal data was deleted.
func TestAUsersCasesFollowTheirSeals(t *testing.T) {
	db := pgtest.Open(t)
	s := public.New(db)
	openBy(t, db, "BY1", "kuaiban", "u7", noon)
	keys, err := seal.Parse(seal.NewLine("k1"))
	if err != nil {
		t.Fatal(err)
	}
	db.SealWith(keys)
	if got := own(t, s, "u7"); got != "" {
		t.Errorf("before it was sealed: %q", got)
	}
	if _, n, err := cases.New(db).Reseal(t.Context(), "", 10); n != 1 || err != nil {
		t.Fatalf("sealed %d, %v", n, err)
	}
	if got := own(t, s, "u7"); got != "BY1 " {
		t.Errorf("sealed: %q", got)
	}
	by := hub.By{Actor: hub.ByDepartment("heating")}
	do(t, db, "BY1", noon, hub.SignFor{By: by, Department: "heating"})
	do(t, db, "BY1", noon, hub.Resolve{By: by, Department: "heating", Text: "阀门已更换，室温恢复到二十度。"})
	if gone, err := retention.New(db).Expire(t.Context(), noon.AddDate(4, 0, 0), noon.AddDate(1, 0, 0), 10); len(gone) != 1 || err != nil {
		t.Fatalf("deleted %v, %v", gone, err)
	}
	if got := own(t, s, "u7"); got != "" {
		t.Errorf("after its deletion: %q", got)
	}
}

// A user keeps all their cases while the keys change.
func TestAUsersCasesOutliveTheirKey(t *testing.T) {
	db := pgtest.Open(t)
	s := public.New(db)
	one, two := seal.NewLine("k1"), seal.NewLine("k2")
	for i, keys := range []string{one, two + one} {
		db.SealWith(pgtest.Keyring(t, keys))
		openBy(t, db, hub.CaseID("BY"+strconv.Itoa(i)), "kuaiban", "u7", noon.Add(time.Duration(i)*time.Hour))
	}
	if got := own(t, s, "u7"); got != "BY1 BY0 " {
		t.Errorf("before sealing anew: %q", got)
	}
}

// A page of one service is full although other services' requests lie between,
// and what is sealed is not needed for it.
func TestServicesAreChosenBeforePaging(t *testing.T) {
	db := pgtest.Open(t)
	keys, err := seal.Parse(seal.NewLine("k1"))
	if err != nil {
		t.Fatal(err)
	}
	db.SealWith(keys)
	for i, service := range []string{"road", "heating", "heating", "road", "", "heating", "road"} {
		openFor(t, db, hub.CaseID("BY"+strconv.Itoa(i)), service, noon.Add(time.Duration(i)*time.Minute))
	}
	s := public.New(db)
	for name, c := range map[string]struct {
		f    public.Filter
		want string
	}{
		"the first page":    {public.Filter{Services: []string{"road"}, Limit: 2}, "BY6 BY3 "},
		"the second page":   {public.Filter{Services: []string{"road"}, Limit: 2, Offset: 2}, "BY0 "},
		"beyond the last":   {public.Filter{Services: []string{"road"}, Limit: 2, Offset: 4}, ""},
		"two services":      {public.Filter{Services: []string{"road", "heating"}, Limit: 3}, "BY6 BY5 BY3 "},
		"no service said":   {public.Filter{Services: []string{"other", ""}}, "BY4 "},
		"with other limits": {public.Filter{Services: []string{"heating"}, To: noon.Add(3 * time.Minute), Limit: 1}, "BY2 "},
	} {
		if got := ids(t, s, c.f); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
