package adapters

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/mashang-hub/mashang/hub"
)

// Limits bound what the senders of a channel may use; zero values take the
// default that is named.
type Limits struct {
	Body     Size          `yaml:"body" doc:"一次请求或一个文件最大多少，默认 8MB"`
	Expanded Size          `yaml:"expanded" doc:"解压以后最大多少，默认 64MB"`
	Items    int           `yaml:"items" doc:"一次最多多少件，默认推送 500、文件 100000"`
	Files    int           `yaml:"files" doc:"一次最多多少个附件或包内文件，默认 100"`
	Read     time.Duration `yaml:"read" doc:"请求体最迟多久收完，默认 10s；更慢的连接会被断开"`
	InFlight int           `yaml:"in_flight" doc:"同时处理多少个请求，默认 256；再多就答 503"`
	Rate     float64       `yaml:"rate" doc:"平均每秒多少个请求；不填不限，超过就答 503"`
	Burst    int           `yaml:"burst" doc:"短时间内可以多发多少个，默认与 rate 相同"`
}

// Complete fills the limits that are not set.
func (l Limits) Complete() Limits {
	if l.Body <= 0 {
		l.Body = MaxBody
	}
	if l.Expanded <= 0 {
		l.Expanded = 64 << 20
	}
	if l.Files <= 0 {
		l.Files = 100
	}
	if l.Read <= 0 {
		l.Read = 10 * time.Second
	}
	if l.InFlight <= 0 {
		l.InFlight = 256
	}
	if l.Burst <= 0 {
		l.Burst = max(1, int(l.Rate))
	}
	return l
}

// A Trace is what became of one message, for people who look on. Raw holds at
// most the first 64 KiB.
type Trace struct {
	At        time.Time
	Channel   hub.ChannelCode
	Status    int // of the HTTP answer; 0 for a message that was fetched
	Took      time.Duration
	Remote    string
	MediaType string
	Header    http.Header
	Size      int
	Raw       []byte
	Subs      []hub.Submission
	Answers   []hub.Acceptance
	Err       error
}

// traceRaw is how much of a message a Trace shows.
const traceRaw = 64 << 10

// A Gate stands before the Handler of every channel: it cuts slow senders,
// unpacks compressed bodies within limits, answers 503 with Retry-After when
// there is too much, and keeps what the channel refuses as malformed.
type Gate struct {
	Channel hub.ChannelCode
	Next    http.Handler
	Limits  Limits
	Deps    Deps
	Trace   func(Trace) // nil tells nobody

	once    sync.Once
	places  chan struct{}
	limiter *rate.Limiter
}

// A visit is one request on its way; the Intake notes what it decided.
type visit struct {
	mu      sync.Mutex
	subs    []hub.Submission
	answers []hub.Acceptance
	kept    int
}

type visitKey struct{}

func (g *Gate) prepare() {
	g.Limits = g.Limits.Complete()
	g.Deps = g.Deps.Complete()
	g.places = make(chan struct{}, g.Limits.InFlight)
	if g.Limits.Rate > 0 {
		g.limiter = rate.NewLimiter(rate.Limit(g.Limits.Rate), g.Limits.Burst)
	}
}

// ServeHTTP takes one request.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.once.Do(g.prepare)
	select {
	case g.places <- struct{}{}:
		defer func() { <-g.places }()
	default:
		WriteError(w, hub.Errorf(hub.CodeUnavailable, "gate.busy"))
		return
	}
	if g.limiter != nil && r.Method == http.MethodPost && !g.limiter.Allow() {
		WriteError(w, hub.Errorf(hub.CodeUnavailable, "gate.rate"))
		return
	}
	began := g.Deps.Clock.Now()
	body, err := g.body(w, r)
	if err != nil {
		w.Header().Set("Connection", "close")
		WriteError(w, err)
		g.trace(r, began, nil, &answered{status: StatusOf(err), refused: err})
		return
	}
	v := &visit{}
	r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	out := &answered{header: http.Header{}, status: http.StatusOK}
	g.Next.ServeHTTP(out, r)
	if err := g.keep(r, body, out, v); err != nil {
		out = &answered{header: http.Header{}}
		WriteError(out, err)
	}
	maps.Copy(w.Header(), out.header)
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body.Bytes()) // the sender went away: it will ask again
	g.trace(r, began, body, out)
}

// body reads the request within its limits. A sender that is too slow loses
// its connection.
func (g *Gate) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	ctl := http.NewResponseController(w)
	_ = ctl.SetReadDeadline(time.Now().Add(g.Limits.Read)) // not every connection has one
	body, err := ReadBody(w, r, int64(g.Limits.Body))
	if err == nil { // else the deadline also ends what the server would still read
		_ = ctl.SetReadDeadline(time.Time{})
	}
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		return nil, &hub.Error{Code: hub.CodeUnavailable, Key: "gate.slow", Err: err}
	}
	if err != nil {
		return nil, err
	}
	return g.unpack(r, body)
}

// unpack undoes Content-Encoding and counts while it does.
func (g *Gate) unpack(r *http.Request, body []byte) ([]byte, error) {
	var src io.Reader
	switch enc := strings.ToLower(r.Header.Get("Content-Encoding")); enc {
	case "", "identity":
		return body, nil
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "gate.encoding", Args: []any{enc}, Err: err}
		}
		src = z
	case "deflate":
		src = flate.NewReader(bytes.NewReader(body))
	default:
		return nil, hub.Errorf(hub.CodeInvalid, "gate.encoding", enc)
	}
	r.Header.Del("Content-Encoding")
	plain, err := ReadAll(src, int64(g.Limits.Expanded))
	if hub.CodeOf(err) == hub.CodeInvalid {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "gate.encoding", Args: []any{"gzip"}, Err: err}
	}
	return plain, err
}

// keep stores what the channel called malformed, unless its Intake did.
func (g *Gate) keep(r *http.Request, body []byte, out *answered, v *visit) error {
	switch out.status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusConflict, http.StatusUnprocessableEntity:
	default:
		if out.refused == nil {
			return nil
		}
	}
	if v.kept > 0 || r.Method != http.MethodPost {
		return nil
	}
	reason := out.refused
	if reason == nil {
		reason = hub.Errorf(hub.CodeInvalid, "gate.refused", out.status)
	}
	l := Letter{
		Channel: g.Channel, MediaType: r.Header.Get("Content-Type"), Name: r.URL.Query().Get("name"),
		Reason: reason, Raw: body,
	}
	if err := g.Deps.Keep(r.Context(), l); err != nil {
		return &hub.Error{Code: hub.CodeUnavailable, Key: "intake.unavailable", Err: err}
	}
	return nil
}

func (g *Gate) trace(r *http.Request, began time.Time, body []byte, out *answered) {
	if g.Trace == nil || r.Method != http.MethodPost {
		return
	}
	v, ok := r.Context().Value(visitKey{}).(*visit)
	if !ok {
		v = &visit{}
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	v.mu.Lock()
	defer v.mu.Unlock()
	g.Trace(Trace{
		At: began, Channel: g.Channel, Status: out.status, Took: g.Deps.Clock.Now().Sub(began), Remote: host,
		MediaType: r.Header.Get("Content-Type"), Header: r.Header, Size: len(body),
		Raw: body[:min(len(body), traceRaw)], Subs: v.subs, Answers: v.answers, Err: out.refused,
	})
}

// answered is an answer that has not been sent yet.
type answered struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	wrote   bool
	refused error // why, when WriteProblem wrote it
}

func (a *answered) Header() http.Header { return a.header }

func (a *answered) WriteHeader(status int) {
	if !a.wrote {
		a.status, a.wrote = status, true
	}
}

func (a *answered) Write(b []byte) (int, error) {
	a.wrote = true
	return a.body.Write(b)
}

// refuse notes why a request is refused, for the letter that keeps it.
func refuse(w http.ResponseWriter, err error) {
	if a, ok := w.(*answered); ok && hub.CodeOf(err) != hub.CodeUnavailable && hub.CodeOf(err) != hub.CodeUnauthorized {
		a.refused = err
	}
}

// Watched wraps an Intake so that everything it decides is seen: by the Gate of
// the request or, for a channel that fetches, by trace. What is refused for
// good is kept before the answer.
func Watched(in Intake, d Deps, trace func(Trace)) Intake {
	return watched{in, d.Complete(), trace}
}

type watched struct {
	next  Intake
	deps  Deps
	trace func(Trace)
}

// Accept implements Intake.
func (w watched) Accept(ctx context.Context, subs []hub.Submission) ([]hub.Acceptance, error) {
	began := w.deps.Clock.Now()
	answers, err := w.next.Accept(ctx, subs)
	v, inRequest := ctx.Value(visitKey{}).(*visit)
	if err == nil {
		kept, kerr := w.keep(ctx, subs, answers)
		if kerr != nil {
			return nil, kerr
		}
		if inRequest {
			v.mu.Lock()
			v.subs, v.answers, v.kept = append(v.subs, subs...), append(v.answers, answers...), v.kept+kept
			v.mu.Unlock()
		}
	}
	if !inRequest && w.trace != nil && len(subs) > 0 {
		w.trace(Trace{
			At: began, Channel: subs[0].Channel, Took: w.deps.Clock.Now().Sub(began),
			MediaType: subs[0].MediaType, Size: len(subs[0].Raw), Raw: subs[0].Raw[:min(len(subs[0].Raw), traceRaw)],
			Subs: subs, Answers: answers, Err: err,
		})
	}
	return answers, err
}

// keep stores each submission that was refused for good.
func (w watched) keep(ctx context.Context, subs []hub.Submission, answers []hub.Acceptance) (int, error) {
	kept := 0
	for i, a := range answers {
		switch hub.CodeOf(a.Err) {
		case hub.CodeInvalid, hub.CodeTooLarge:
		default:
			continue
		}
		l := Letter{
			Channel: subs[i].Channel, Key: subs[i].ExternalID, MediaType: asItem(subs[i].MediaType), Reason: a.Err, Raw: subs[i].Raw,
		}
		if err := w.deps.Keep(ctx, l); err != nil {
			return kept, &hub.Error{Code: hub.CodeUnavailable, Key: "intake.unavailable", Err: err}
		}
		kept++
	}
	return kept, nil
}
