package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/access/accesstest"
	"github.com/mashang-hub/mashang/hub/api"
)

// everything is an API with the routes of every part.
func everything() api.Config {
	c := &cabinet{}
	opts := api.Config{Store: c, Desk: c, Gate: accesstest.Anybody()}
	opts.Routes = slices.Concat(api.AccountRoutes(nil, nil, nil), api.AuditRoutes(nil, nil), api.PersonalRoutes(nil, nil, nil), api.NoticeRoutes(nil, nil, nil), api.Pushing{}.Routes(),
		api.DeputyRoutes(nil), api.CitizenRoutes(nil, nil, nil, nil), (&api.Assessing{}).Routes(), api.PluginRoutes(nil))
	return opts
}

// TestDocumentIsValid has the usual library read and check what is served.
func TestDocumentIsValid(t *testing.T) {
	code, body := ask(t, api.New(everything()), "GET", "/api/openapi.json", "")
	if code != 200 {
		t.Fatal(code, body)
	}
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Error(doc.OpenAPI)
	}
	ids := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if ids[op.OperationID] || op.Summary == "" {
				t.Errorf("%s %s: id %q, summary %q", method, path, op.OperationID, op.Summary)
			}
			ids[op.OperationID] = true
		}
	}
}

// TestDocumentAndMuxAreTheSame asks for every path of the document, and for
// one that is not there.
func TestDocumentAndMuxAreTheSame(t *testing.T) {
	opts := everything()
	opts.Gate = accesstest.Gate{} // nobody: a route that exists says so
	h, routes := api.New(opts), api.Routes(opts)
	for _, r := range routes {
		if r.Right == access.Public {
			continue
		}
		req := httptest.NewRequestWithContext(t.Context(), r.Method, strings.NewReplacer("{", "", "}", "").Replace(r.Path), nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%s %s without a token: %d", r.Method, r.Path, w.Code)
		}
	}
	if code, _ := ask(t, h, "GET", "/api/v1/nowhere", ""); code != 404 {
		t.Errorf("a path that is not there: %d", code)
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	_, body := ask(t, h, "GET", "/api/openapi.json", "")
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, methods := range doc.Paths {
		n += len(methods)
	}
	if n != len(routes) {
		t.Errorf("%d operations, %d routes", n, len(routes))
	}
}

func TestARouteWithoutARuleIsNotMounted(t *testing.T) {
	good := api.Route{
		Method: "GET", Path: "/api/v1/x", Right: access.ReadCases, Reach: access.OwnCases, Summary: "x",
		Handle: func(*http.Request) (any, error) { return nil, nil },
	}
	for name, spoil := range map[string]func(*api.Route){
		"":                           func(*api.Route) {},
		"no right":                   func(r *api.Route) { r.Right = "" },
		"a right that nobody has":    func(r *api.Route) { r.Right = "cases.fly" },
		"no reach":                   func(r *api.Route) { r.Reach = "" },
		"public over people's cases": func(r *api.Route) { r.Right = access.Public },
		"by number with a right":     func(r *api.Route) { r.Reach = access.ByNumber },
		"no summary":                 func(r *api.Route) { r.Summary = "" },
		"no handler":                 func(r *api.Route) { r.Handle = nil },
	} {
		r := good
		spoil(&r)
		func() {
			defer func() {
				if refused := recover() != nil; refused == (name == "") {
					t.Errorf("%q: refused %v", name, refused)
				}
			}()
			opts := everything()
			opts.Routes = []api.Route{r}
			api.New(opts)
		}()
	}
}
