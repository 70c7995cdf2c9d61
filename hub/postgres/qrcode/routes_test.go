package qrcode_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/poster"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/postgres/qrcode"
)

// An office issues codes through the routes of the API, over a real store.
type office struct {
	*testing.T
	routes map[string]api.Route
	signer poster.Signer
}

func newOffice(t *testing.T) office {
	t.Helper()
	o := office{t, map[string]api.Route{}, poster.NewSigner([]byte("a city's secret"))}
	for _, r := range api.CodeRoutes(api.CodeConfig{
		Codes: qrcode.New(pgtest.Open(t)), Signer: o.signer, Clock: hub.ClockFunc(func() time.Time { return noon }),
		Place:   func(p hub.PlaceCode) bool { return p == "620402001002" },
		Address: func(hub.PlaceCode) string { return "白银区人民路街道五星街社区" },
	}) {
		o.routes[r.Method+" "+strings.TrimPrefix(r.Path, "/api/v1/qr-codes")] = r
	}
	return o
}

func (o office) do(route, query, number, body string) (any, error) {
	o.Helper()
	method, _, _ := strings.Cut(route, " ")
	r := httptest.NewRequest(method, "/?"+query, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.SetPathValue("number", number)
	return o.routes[route].Handle(r)
}

func TestAnOfficeIssuesFindsAndRenews(t *testing.T) {
	o := newOffice(t)
	units := "\ufeff地点,类型,点位\n620402001002,楼栋,朝阳小区3号楼\n620402001002,单位,便民大厅\n"
	if got, err := o.do("POST ", "", "", units); err != nil || got != (api.Issued{Issued: 2}) {
		t.Fatalf("issued %+v, %v", got, err)
	}
	if got, err := o.do("POST ", "", "", units); err != nil || got != (api.Issued{Known: 2}) {
		t.Errorf("issued again %+v, %v", got, err)
	}
	got, err := o.do("GET ", "limit=1", "", "")
	page, _ := got.(api.PosterList)
	if err != nil || len(page.Codes) != 1 || page.Next != "1" || page.Codes[0].Token != o.signer.Token(1, 1) {
		t.Fatalf("page %+v, %v", got, err)
	}
	got, err = o.do("POST /{number}/renew", "", poster.Group(page.Codes[0].Token), `{"reason":"海报破损"}`)
	if p, _ := got.(api.Poster); err != nil || p.Version != 2 || p.Token != o.signer.Token(1, 2) {
		t.Errorf("renewed %+v, %v", got, err)
	}
	if _, err := o.do("POST /{number}/revoke", "", "1", `{"reason":" "}`); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("revoked without a reason: %v", err)
	}
	if _, err := o.do("GET /{number}", "", "99", ""); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("found 99: %v", err)
	}
	if got, err := o.do("GET /misuse", "", "", ""); err != nil || len(got.(api.MisuseList).Misused) != 0 {
		t.Errorf("misused %+v, %v", got, err)
	}
}

func TestAListWithMistakesIssuesNothing(t *testing.T) {
	o := newOffice(t)
	_, err := o.do("POST ", "", "", "999,楼栋,甲\n620402001002,大楼,乙\n620402001002,楼栋, \n620402001002,楼栋,丁\n")
	for _, want := range []string{"第 1 行", "第 2 行", "第 3 行"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %v", want, err)
		}
	}
	if got, _ := o.do("GET ", "", "", ""); len(got.(api.PosterList).Codes) != 0 {
		t.Errorf("issued all the same: %+v", got)
	}
	for _, bad := range []string{"limit=x", "after=-1"} {
		if _, err := o.do("GET ", bad, "", ""); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if o.routes["POST "].Method != http.MethodPost {
		t.Error("no route to issue")
	}
}
