package kuaiban_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/kuaiban"
	"github.com/mashang-hub/mashang/hub"
)

// shelf shows three cases of u7 and one of u8.
type shelf struct{ adapters.Public }

func (shelf) Cases(_ context.Context, f adapters.PublicFilter) ([]adapters.PublicCase, error) {
	var out []adapters.PublicCase
	for _, c := range []struct{ id, account string }{{"BY4", "u7"}, {"BY3", "u8"}, {"BY2", "u7"}, {"BY1", "u7"}} {
		if c.account == f.Account && f.Channels[0] == "kuaiban" {
			out = append(out, adapters.PublicCase{Case: hub.Case{ID: hub.CaseID(c.id), Status: hub.StatusAssigned}, Description: "暖气不热"})
		}
	}
	out = out[min(f.Offset, len(out)):]
	return out[:min(f.Limit, len(out))], nil
}

func ask(t *testing.T, target, signedFor string) (int, kuaiban.List) {
	t.Helper()
	s := adaptertest.Suite{Spec: kuaiban.Spec(), Options: "secret: s3cret"}
	s.Deps.Public = shelf{}
	a, err := s.New(&adaptertest.Intake{})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, target, nil)
	adapters.SignHMAC(r, "s3cret", []byte("GET "+signedFor), adaptertest.Now())
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	var list kuaiban.List
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
	}
	return w.Code, list
}

func TestMyCases(t *testing.T) {
	const first, second = "/in/kuaiban/cases?user=u7&page_size=2", "/in/kuaiban/cases?user=u7&page_size=2&page=2"
	if code, l := ask(t, first, first); code != 200 || len(l.Cases) != 2 || !l.More || l.Cases[0].Tracking != "BY4" || l.Cases[0].StatusText != "已派单" {
		t.Errorf("first page: %d %+v", code, l)
	}
	if code, l := ask(t, second, second); code != 200 || len(l.Cases) != 1 || l.More || l.Cases[0].Tracking != "BY1" {
		t.Errorf("second page: %d %+v", code, l)
	}
	const nobody = "/in/kuaiban/cases?user=u9"
	if code, l := ask(t, nobody, nobody); code != 200 || l.Cases == nil || len(l.Cases) != 0 {
		t.Errorf("a user without cases: %d %+v", code, l)
	}
}

func TestNobodyReadsAnotherUsersCases(t *testing.T) {
	const mine = "/in/kuaiban/cases?user=u7"
	for _, target := range []string{"/in/kuaiban/cases?user=u8", "/in/kuaiban/cases?user=u7&user=u8", "/in/kuaiban/cases"} {
		if code, l := ask(t, target, mine); code != http.StatusUnauthorized || len(l.Cases) > 0 {
			t.Errorf("%s with the signature of another request: %d %+v", target, code, l)
		}
		if code, _ := ask(t, target, target); target != "/in/kuaiban/cases?user=u8" && code != http.StatusBadRequest {
			t.Errorf("%s: %d", target, code)
		}
	}
}
