package access_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/order"
)

func person(grants ...access.Grant) access.Principal {
	return access.Principal{Account: "li", Name: "李", Grants: grants}
}

func TestScopeIsThatOfTheRightInUse(t *testing.T) {
	p := person(access.Grant{Role: access.Worker, Department: "heating"}, access.Grant{Role: access.Deputy, Place: "620402"})
	if s := p.Scope(access.HandleCases); len(s) != 1 || s[0] != (hub.Grant{Department: "heating"}) {
		t.Errorf("handles %+v", s)
	}
	if s := p.Scope(access.ViewAsDeputy); len(s) != 1 || s[0] != (hub.Grant{Place: "620402"}) {
		t.Errorf("views %+v", s)
	}
	if s := p.Scope(access.SortCases); len(s) != 0 {
		t.Errorf("sorts %+v", s)
	}
	if (access.Principal{}).Can(access.Self) || !(access.Principal{}).Can(access.Public) {
		t.Error("nobody may do what is public and nothing else")
	}
}

func TestHigherRungsMayDoMore(t *testing.T) {
	for rung, want := range map[hub.Rung]bool{1: false, 2: false, 3: false, 4: true, 7: true} {
		if got := person(access.Grant{Role: access.Cadre, Place: "620402", Rung: rung}).Can(access.Instruct); got != want {
			t.Errorf("rung %d instructs: %v", rung, got)
		}
	}
	if person(access.Grant{Role: access.Worker, Department: "heating", Rung: 7}).Can(access.Instruct) {
		t.Error("a forged rung on another role counts")
	}
}

func TestAdminsExcludeOneAnother(t *testing.T) {
	for _, v := range []struct {
		grants string
		want   hub.ErrorCode
	}{
		{"security_admin", ""},
		{"security_admin system_admin", hub.CodeConflict},
		{"security_admin audit_admin", hub.CodeConflict},
		{"it auditor", hub.CodeConflict},
		{"it system_admin", ""},
		{"operator leader", ""},
		{"", hub.CodeInvalid},
		{"emperor", hub.CodeInvalid},
		{"worker", hub.CodeInvalid},
		{"deputy", hub.CodeInvalid},
		{"cadre", hub.CodeInvalid},
	} {
		var grants []access.Grant
		for role := range strings.FieldsSeq(v.grants) {
			grants = append(grants, access.Grant{Role: access.Role(role)})
		}
		if err := access.Check(grants); hub.CodeOf(err) != v.want {
			t.Errorf("%s: %v", v.grants, err)
		}
	}
}

func TestEveryRightHasAName(t *testing.T) {
	for _, right := range access.Rights() {
		if name := glossary.In("right", string(right)); name == string(right) {
			t.Errorf("%s has no Chinese name in the glossary", right)
		}
	}
}

func TestEveryCommandNeedsARightThatSomeRoleHas(t *testing.T) {
	all := "sign_for send_back contact progress ask reply ask_extension decide_extension suspend resume " +
		"resolve rate reopen merge assign reject answer escalate supervise instruct answer_demand archive verify task"
	for typ := range strings.FieldsSeq(all) {
		right, ok := access.RightFor(typ)
		if _, err := (order.Request{Type: typ}).Command(); !ok || err != nil {
			t.Errorf("%s has no right, %v", typ, err)
		}
		found := false
		for _, role := range access.Roles() {
			for _, r := range access.RightsOf(role, 7) {
				found = found || r == right
			}
		}
		if !found {
			t.Errorf("nobody may %s", typ)
		}
	}
}

func TestPasswords(t *testing.T) {
	hash := access.HashPassword("Correct-horse-7")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || hash == access.HashPassword("Correct-horse-7") {
		t.Error(hash)
	}
	if !access.CheckPassword(hash, "Correct-horse-7") || access.CheckPassword(hash, "correct-horse-7") {
		t.Error("the wrong password passes, or the right one does not")
	}
	for _, bad := range []string{"", "x", "$argon2id$v=19$m=99999999,t=2,p=1$AAAA$AAAA", strings.Replace(hash, "t=2", "t=0", 1)} {
		if access.CheckPassword(bad, "") || access.CheckPassword(bad, "x") {
			t.Errorf("%q opens", bad)
		}
	}
	for password, ok := range map[string]bool{"Correct-horse-7": true, "short-A1": false, "alllowercase1": false, "Li-li-li-li-1": false, "Ma1-vnli64np22hbdmbu": true, access.NewPassword(): true} {
		if err := access.CheckNewPassword("li", password); (err == nil) != ok {
			t.Errorf("%s: %v", password, err)
		}
	}
}

func TestGateOpensToThisMachineInADemonstrationOnly(t *testing.T) {
	for _, v := range []struct {
		name, from, header string
		gate               access.Gate
		open               bool
	}{
		{"demo", "127.0.0.1:5", "", access.Gate{Demo: true}, true},
		{"demo over IPv6", "[::1]:5", "", access.Gate{Demo: true}, true},
		{"demo from outside", "10.0.0.9:5", "", access.Gate{Demo: true}, false},
		{"demo behind a proxy", "127.0.0.1:5", "10.0.0.9", access.Gate{Demo: true}, false},
		{"demo with a token", "127.0.0.1:5", "", access.Gate{Demo: true, Service: "s"}, false},
		{"production", "127.0.0.1:5", "", access.Gate{}, false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = v.from
		if v.header != "" {
			r.Header.Set("X-Forwarded-For", v.header)
		}
		if p, err := v.gate.Principal(r); err != nil || p.Can(access.ReadCases) != v.open {
			t.Errorf("%s: %+v, %v", v.name, p, err)
		}
	}
}

func TestReadPeople(t *testing.T) {
	list, err := access.ReadPeople(strings.NewReader("# 名册\naccount,name,role,place,department,rung,phone\n" +
		"li,李敏,worker,,heating,,19900000001\nma,马建国,cadre,620402001003,,1,\nli,李敏,deputy,620402,,,\n"))
	if err != nil || len(list) != 2 || len(list[0].Grants) != 2 || list[1].Grants[0].Rung != 1 || list[0].Phone != "19900000001" {
		t.Fatalf("%+v, %v", list, err)
	}
	list, err = access.ReadPeople(strings.NewReader("post,rung,place,person,name,phone\ncounty_head,6,620402,p0002,阎立芳,1\nvacant,5,620402,,,\n"))
	if err != nil || len(list) != 1 || list[0].ID != "p0002" || list[0].Grants[0].Role != access.Cadre || list[0].Person != "p0002" {
		t.Fatalf("posts: %+v, %v", list, err)
	}
	for _, bad := range []string{
		"", "name,shoe\n", "account,name,role\nli,李,emperor\n", "account,name,role\n-,李,operator\n",
		"account,name,role\nli,李,security_admin\nli,李,system_admin\n",
	} {
		if _, err := access.ReadPeople(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestGrantsHoldForTheirTime(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	g := access.Grant{Since: at, Until: at.Add(time.Hour)}
	if g.Holds(at.Add(-1)) || !g.Holds(at) || g.Holds(at.Add(time.Hour)) {
		t.Error("a grant holds from its begin to before its end")
	}
}
