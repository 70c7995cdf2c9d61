package main_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/hub/access"
)

// consoleRights asks every page of the console's rights table as every role:
// who has the right is not refused, nobody else is let in.
func consoleRights(t *testing.T, ready app.Ready) {
	t.Helper()
	if len(ready.Pages) < 30 {
		t.Fatalf("only %d pages", len(ready.Pages))
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, path, token string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, ready.URL+path, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	w := &town{t: t, url: ready.URL, tokens: map[string]string{}}
	for _, account := range []string{"operator", "worker", "head", "supervisor", "leader", "deputy", "author", "approver", "it", "auditor", "security"} {
		w.token(account)
		p := w.me(account)
		for _, page := range ready.Pages {
			code := ask(page.Method, at(page.Path, "none"), w.tokens[account])
			if may := page.Right == access.Public || p.Can(page.Right); may == (code == http.StatusForbidden) || code >= 500 {
				t.Errorf("%s %s as %s: %d", page.Method, page.Path, account, code)
			}
		}
	}
	for _, page := range ready.Pages {
		if code := ask(page.Method, at(page.Path, "none"), "mst_wrong"); code != http.StatusUnauthorized {
			t.Errorf("%s %s with a wrong token: %d", page.Method, page.Path, code)
		}
	}
}
