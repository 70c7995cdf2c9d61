// Package open311 is the channel of Open311 GeoReport v2, the one published
// standard of this field (wiki.open311.org/GeoReport_v2), with the paging and
// update extensions that clients expect. It takes requests and shows their
// state, in XML and JSON.
//
// Only requests that came in by this channel are shown, without the reporter's
// data. Start with Spec.
package open311

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"net/http"
	"strings"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// Spec describes the kind.
func Spec() adapters.Spec { return adapters.Spec{Kind: "open311", New: New} }

type adapter struct {
	channel hub.ChannelCode
	config  Config
	keys    []string
	intake  adapters.Intake
	deps    adapters.Deps
}

// New makes the adapter of c.
func New(c adapters.Config, in adapters.Intake, d adapters.Deps) (adapters.Adapter, error) {
	config := Default()
	if err := c.Options.Decode(&config); err != nil {
		return nil, err
	}
	if err := config.Validate(); err != nil {
		return nil, err
	}
	d = d.Complete()
	a := &adapter{channel: c.Code, config: config, intake: in, deps: d}
	for _, k := range config.Keys {
		key, err := k.Reveal(d)
		if err != nil {
			return nil, err
		}
		a.keys = append(a.keys, key)
	}
	return a, nil
}

// Run waits for ctx: the channel does nothing by itself.
func (a *adapter) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Handler serves the endpoint below /in/{channel}: discovery, v2 and, for
// trying things out, test/v2, where nothing is kept. A POST to the channel's
// own address is taken like one to v2/requests.json.
func (a *adapter) Handler() http.Handler {
	base := "/in/" + string(a.channel)
	mux := http.NewServeMux()
	mux.Handle("POST "+base, adapters.Door{Intake: a.intake, Decode: a, Check: a.check, Trusted: a.deps.Trusted})
	mux.HandleFunc("GET "+base+"/{document}", a.serve(false, a.discover))
	for _, at := range []struct {
		path string
		test bool
	}{{"/v2/", false}, {"/test/v2/", true}} {
		mux.HandleFunc("GET "+base+at.path+"{document}", a.serve(at.test, a.list))
		mux.HandleFunc("POST "+base+at.path+"{document}", a.serve(at.test, a.post))
		mux.HandleFunc("GET "+base+at.path+"{resource}/{document}", a.serve(at.test, a.one))
	}
	mux.HandleFunc(base+"/", a.serve(false, func(call) (any, error) { return nil, notFound("resource") }))
	return mux
}

// A call is one request to the endpoint.
type call struct {
	*http.Request
	w              http.ResponseWriter
	resource, name string // {resource}/{name}.{format}
	test           bool
}

// serve finds the format in the address and writes what f returns in it.
func (a *adapter) serve(test bool, f func(call) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, format, _ := strings.Cut(r.PathValue("document"), ".")
		c := call{Request: r, w: w, resource: r.PathValue("resource"), name: name, test: test}
		if format != "json" && format != "xml" {
			write(w, "xml", http.StatusNotFound, faults{Items: []fault{{http.StatusNotFound, "format: use .xml or .json"}}})
			return
		}
		err := a.jurisdiction(r)
		var v any
		if err == nil {
			v, err = f(c)
		}
		if err != nil {
			a.fail(w, format, err)
			return
		}
		write(w, format, http.StatusOK, v)
	}
}

// jurisdiction refuses requests that are meant for another city.
func (a *adapter) jurisdiction(r *http.Request) error {
	id := r.URL.Query().Get("jurisdiction_id")
	if id != "" && a.config.Jurisdiction != "" && id != a.config.Jurisdiction {
		return notFound("jurisdiction_id")
	}
	return nil
}

// A refusal is an error of the specification: a status and a sentence.
type refusal struct {
	status int
	text   string
}

func (e refusal) Error() string { return e.text }

func notFound(what string) error {
	return refusal{http.StatusNotFound, what + " was not found · 没有找到 " + what}
}

func invalid(what, zh string) error {
	return refusal{http.StatusBadRequest, what + " · " + zh}
}

func (a *adapter) fail(w http.ResponseWriter, format string, err error) {
	f := fault{adapters.StatusOf(err), adapters.Sentence(err)}
	if r, ok := err.(refusal); ok { //nolint:errorlint // never wrapped
		f = fault{r.status, r.text}
	}
	switch {
	case f.Code == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	case f.Code >= http.StatusInternalServerError:
		a.deps.Log.Error("open311", "err", err)
	}
	write(w, format, f.Code, faults{Items: []fault{f}})
}

// admit refuses a sender without a key: 403, as the specification says.
func (a *adapter) admit(key string) error {
	if key == "" {
		return refusal{http.StatusForbidden, "api_key was not provided · 缺少 api_key"}
	}
	given := sha256.Sum256([]byte(key))
	for _, k := range a.keys {
		want := sha256.Sum256([]byte(k))
		if subtle.ConstantTimeCompare(given[:], want[:]) == 1 {
			return nil
		}
	}
	return refusal{http.StatusForbidden, "api_key is invalid · api_key 不对"}
}

// keyHeader carries the key where the form cannot.
const keyHeader = "X-Api-Key"

// check admits the sender of the channel's own address.
func (a *adapter) check(r *http.Request, body []byte) error {
	form, err := parse(string(body))
	if err != nil {
		return err
	}
	if a.admit(cmp.Or(form.Get("api_key"), r.Header.Get(keyHeader))) != nil {
		return hub.Errorf(hub.CodeUnauthorized, "auth.wrong")
	}
	return nil
}

// Sign adds a key to a request, as "mashang submit" needs it.
func (a *adapter) Sign(r *http.Request, _ []byte) error {
	r.Header.Set(keyHeader, a.keys[0])
	return nil
}

// Decode reads one form-encoded request.
func (a *adapter) Decode(ctx context.Context, r io.Reader, _, _ string) ([]hub.Submission, error) {
	body, err := adapters.ReadAll(r, adapters.MaxBody)
	if err != nil {
		return nil, err
	}
	form, err := parse(string(body))
	if err != nil {
		return nil, err
	}
	s, _, err := a.submission(ctx, form)
	if err != nil {
		return nil, coded(err)
	}
	s.Raw, s.MediaType = body, "application/x-www-form-urlencoded"
	return []hub.Submission{s}, nil
}

// coded is a refusal as the other channels say it.
func coded(err error) error {
	r, ok := err.(refusal) //nolint:errorlint // never wrapped
	if !ok {
		return err
	}
	code := hub.CodeInvalid
	if r.status == http.StatusNotFound {
		code = hub.CodeNotFound
	}
	return &hub.Error{Code: code, Key: "open311.request", Args: []any{r.text}}
}
