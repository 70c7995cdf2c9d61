// Package studio is the rule workshop (规则工作室): an editor for a folder of
// rules on one's own machine, in the browser, with checks as one types, one's
// examples, a message to try and what changes over history.
//
// It serves one person: it answers only requests that come to a loopback
// address under a loopback name and carry the token of this start. It changes
// nothing but the YAML files of its folder, and those only when they are what
// the editor had read. Start with [New].
package studio

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/simulate"
)

//go:embed page
var page embed.FS

// Options say what the studio works on. Dir is required.
type Options struct {
	Dir     string // the folder of rules
	Known   []hub.DepartmentCode
	Load    []rules.Option
	History []simulate.Case // to compare on; may be empty
	// Simulate says what reports may know and show.
	Simulate simulate.Options
}

// A Studio serves the editor. Make one with New.
type Studio struct {
	opts  Options
	token string
	start *rules.Set
	mu    sync.Mutex // one write at a time
	mux   *http.ServeMux
}

// New returns a Studio. What the folder says now is what drafts are compared
// with; a folder that does not check is compared with nothing.
func New(opts Options) (*Studio, error) {
	s := &Studio{opts: opts, token: rand.Text(), mux: http.NewServeMux()}
	files, err := s.files(draft{})
	if err != nil {
		return nil, err
	}
	if set, err := rules.Load(files, opts.Known, opts.Load...); err == nil {
		s.start = set
	}
	for pattern, f := range map[string]func(*http.Request) (any, error){
		"GET /api/files":    s.list,
		"GET /api/file":     s.read,
		"PUT /api/file":     s.save,
		"POST /api/check":   s.check,
		"POST /api/test":    s.test,
		"POST /api/explain": s.explain,
		"POST /api/diff":    s.diff,
	} {
		s.mux.HandleFunc(pattern, s.answer(f))
	}
	s.mux.HandleFunc("GET /{$}", s.asset("index.html", "text/html; charset=utf-8"))
	s.mux.HandleFunc("GET /studio.js", s.asset("studio.js", "text/javascript; charset=utf-8"))
	s.mux.HandleFunc("GET /studio.css", s.asset("studio.css", "text/css; charset=utf-8"))
	return s, nil
}

// Token is what requests must carry.
func (s *Studio) Token() string { return s.token }

// ServeHTTP answers requests of this machine.
func (s *Studio) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	if !local(r) {
		fail(w, hub.Errorf(hub.CodeForbidden, "studio.local_only"))
		return
	}
	s.mux.ServeHTTP(w, r)
}

// local refuses what comes from elsewhere, or under a name that somebody else
// may have pointed at this machine.
func local(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}

func (s *Studio) asset(name, media string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		data, err := page.ReadFile("page/" + name)
		if err != nil {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", media)
		_, _ = w.Write(data) // the reader left: nobody to tell
	}
}

// answer asks for the token and writes what f returns.
func (s *Studio) answer(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("X-Studio-Token")))
		want := sha256.Sum256([]byte(s.token))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			fail(w, hub.Errorf(hub.CodeUnauthorized, "studio.token"))
			return
		}
		v, err := f(r)
		if err != nil {
			fail(w, err)
			return
		}
		write(w, http.StatusOK, v)
	}
}

func fail(w http.ResponseWriter, err error) {
	status, text := http.StatusInternalServerError, glossary.Message("")
	if e, ok := errors.AsType[*hub.Error](err); ok {
		text = glossary.Message(e.Key, e.Args...)
		status = map[hub.ErrorCode]int{
			hub.CodeInvalid: 422, hub.CodeUnauthorized: 401, hub.CodeForbidden: 403, hub.CodeNotFound: 404, hub.CodeConflict: 409,
		}[e.Code]
		if status == 0 {
			status = http.StatusInternalServerError
		}
	}
	write(w, status, map[string]string{"error": text})
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the reader left: nobody to tell
}

// maxBody bounds a request.
const maxBody = 4 << 20

func decode(r *http.Request, v any) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "json.invalid", Err: err}
	}
	if err := json.Unmarshal(body, v); err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "json.invalid", Err: err}
	}
	return nil
}

// version names a text by its content.
func version(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
