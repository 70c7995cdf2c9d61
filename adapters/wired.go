package adapters

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/adapters/mapping"
	"github.com/mashang-hub/mashang/adapters/proof"
	"github.com/mashang-hub/mashang/hub"
)

// Wired is a channel that its file describes whole: how to check, read and map
// what senders write, and what to answer. The transports are built on it.
type Wired struct {
	Channel hub.ChannelCode
	Config  Config
	Deps    Deps
	// Reader reads messages instead of package decode.
	Reader  func(ctx context.Context, in decode.Input) ([]decode.Document, error)
	intake  Intake
	limits  Limits
	mapper  *mapping.Mapper
	guard   *proof.Guard
	secrets []string // of the file
	reply   *replier
	teller  *Teller // nil when nobody is told
}

// Wire builds the channel of c.
func Wire(c Config, in Intake, d Deps) (*Wired, error) {
	w := &Wired{Channel: c.Code, Config: c, Deps: d.Complete(), intake: in, limits: c.Limits.Complete()}
	if err := c.Auth.Validate(); err != nil {
		return nil, fmt.Errorf("auth.%w", err)
	}
	for i, k := range c.Auth.Keys {
		secret, err := Secret(k).Reveal(w.Deps)
		if err != nil {
			return nil, fmt.Errorf("auth.keys[%d]: %w", i, err)
		}
		w.secrets = append(w.secrets, secret)
	}
	var mistakes []mapping.Mistake
	if w.mapper, mistakes = mapping.Compile(c.Map, places{w.Deps}, w.Deps.SaveAttachment); len(mistakes) > 0 {
		return nil, fmt.Errorf("map.%s: %w", mistakes[0].Field, mistakes[0].Err)
	}
	var err error
	if w.reply, err = newReplier(c.Reply); err != nil {
		return nil, err
	}
	if w.teller, err = NewTeller(c.Reply.Callback, w.Deps); err != nil {
		return nil, err
	}
	w.guard = proof.New(c.Auth, w.keys, w.Deps.Clock.Now)
	return w, nil
}

type places struct{ d Deps }

func (p places) Place(ctx context.Context, code hub.PlaceCode) (hub.Place, bool) {
	return p.d.Place(ctx, code)
}

func (p places) Named(ctx context.Context, name string, within hub.PlaceCode) (hub.Place, bool) {
	return p.d.Named(ctx, name, within)
}

// keys are those of the file and those that were rotated in.
func (w *Wired) keys() ([]string, error) {
	live, err := w.Deps.Keys(w.Channel)
	if err != nil {
		return nil, err
	}
	if live.Retired {
		return live.Keys, nil
	}
	return append(append([]string(nil), w.secrets...), live.Keys...), nil
}

// Run waits for ctx: a channel that is pushed does nothing by itself.
func (w *Wired) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Sign proves r with the newest key that is known in the clear.
func (w *Wired) Sign(r *http.Request, body []byte) error {
	keys, err := w.keys()
	if err != nil {
		return err
	}
	if len(keys) == 0 && w.guard.Type.Keyed() {
		return hub.Errorf(hub.CodeUnauthorized, "auth.no_key")
	}
	key := ""
	if len(keys) > 0 {
		key = keys[len(keys)-1]
	}
	return w.guard.Sign(r, body, key)
}

// Handler takes pushed messages.
func (w *Wired) Handler() http.Handler { return http.HandlerFunc(w.serve) }

func (w *Wired) serve(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		rw.Header().Set("Allow", http.MethodPost)
		WriteProblem(rw, hub.Errorf(hub.CodeInvalid, "http.method"), http.StatusMethodNotAllowed)
		return
	}
	in := decode.Input{MediaType: r.Header.Get("Content-Type"), Name: r.URL.Query().Get("name")}
	var err error
	if in.Body, err = ReadBody(rw, r, int64(w.limits.Expanded)); err == nil && (w.Deps.Trusted == nil || !w.Deps.Trusted(r)) {
		err = w.guard.Check(r, in.Body)
	}
	if err != nil {
		w.reply.refuse(rw, in, nil, err)
		return
	}
	docs, err := w.read(r.Context(), in, MaxBatch)
	if err == nil && len(docs) == 0 {
		err = hub.Errorf(hub.CodeInvalid, "submission.empty")
	}
	if err != nil {
		w.reply.refuse(rw, in, docs, err)
		return
	}
	results, err := w.hand(r.Context(), docs, head(r))
	if err != nil {
		w.reply.refuse(rw, in, docs, err)
		return
	}
	w.reply.answer(rw, in, docs, results)
}

// head gives the request's headers and query to expressions.
func head(r *http.Request) map[string]any {
	m := map[string]any{}
	for k := range r.Header {
		m[k] = r.Header.Get(k)
	}
	for k := range r.URL.Query() {
		m["?"+k] = r.URL.Query().Get(k)
	}
	return m
}

func (w *Wired) read(ctx context.Context, in decode.Input, items int) ([]decode.Document, error) {
	if w.Reader != nil {
		return w.Reader(ctx, in)
	}
	o := w.Config.Decode
	if media, ok := isItem(in.MediaType); ok {
		in.MediaType = media
		o.Items, o.Inner, o.Format = "", "", ""
	}
	l := decode.Limits{Expanded: int64(w.limits.Expanded), Items: items, Files: w.limits.Files}
	if w.limits.Items > 0 {
		l.Items = w.limits.Items
	}
	return decode.Read(in, o, l)
}

// A Result is what became of one document.
type Result struct {
	Submission hub.Submission
	Acceptance hub.Acceptance
	Skipped    bool // skip_if said so
}

// hand maps the documents and hands in those that could be mapped. A document
// that is wrong carries its reason; an error means that all must come again.
func (w *Wired) hand(ctx context.Context, docs []decode.Document, head map[string]any) ([]Result, error) {
	results := make([]Result, len(docs))
	var subs []hub.Submission
	var at []int
	for i, d := range docs {
		s, ok, err := w.submission(ctx, d, head)
		switch {
		case err != nil && Passing(err):
			return nil, err
		case err != nil:
			results[i] = Result{Submission: hub.Submission{Channel: w.Channel, ExternalID: s.ExternalID}, Acceptance: hub.Acceptance{Err: err}}
			if err := w.keepDoc(ctx, d, s.ExternalID, err, len(docs) == 1); err != nil {
				return nil, err
			}
		case !ok:
			results[i].Skipped = true
		default:
			results[i].Submission = s
			subs, at = append(subs, s), append(at, i)
		}
	}
	answers, err := AcceptAll(ctx, w.intake, subs)
	if err != nil {
		return nil, err
	}
	for n, a := range answers {
		results[at[n]].Acceptance = a
	}
	return results, nil
}

// Passing reports whether trying again can help.
func Passing(err error) bool {
	switch hub.CodeOf(err) {
	case hub.CodeInvalid, hub.CodeTooLarge, hub.CodeConflict, hub.CodeNotFound:
		return false
	}
	return true
}

// keepDoc keeps one document of a message. That of a request that holds
// nothing else is kept by its Gate, as it came.
func (w *Wired) keepDoc(ctx context.Context, d decode.Document, id string, reason error, alone bool) error {
	if _, inRequest := ctx.Value(visitKey{}).(*visit); inRequest && alone {
		return nil
	}
	media := d.MediaType
	if !alone {
		media = asItem(media)
	}
	l := Letter{Channel: w.Channel, Key: id, MediaType: media, Reason: reason, Raw: d.Raw}
	if err := w.Deps.Keep(ctx, l); err != nil {
		return &hub.Error{Code: hub.CodeUnavailable, Key: "intake.unavailable", Err: err}
	}
	return nil
}

// largeRaw is the size from which what arrived is kept as an attachment: it
// would be too large for the bus.
const largeRaw = 256 << 10

func (w *Wired) submission(ctx context.Context, d decode.Document, head map[string]any) (hub.Submission, bool, error) {
	s, ok, err := w.mapper.Submission(ctx, w.Channel, d, head)
	if err != nil || !ok {
		return s, ok, err
	}
	if id, given := head["Webhook-Id"].(string); given && w.Config.Map.ExternalID == "" {
		s.ExternalID = id
	}
	if len(s.Raw) <= largeRaw {
		return s, true, nil
	}
	at, err := w.Deps.SaveAttachment(ctx, "application/octet-stream", s.Raw)
	if err != nil {
		return s, false, err
	}
	at.Name = "原始报文"
	s.Attachments = append(s.Attachments, at)
	ref := map[string]string{"raw_sha256": at.SHA256, "media_type": s.MediaType}
	s.Raw, err = json.Marshal(ref, json.Deterministic(true))
	s.MediaType = "application/vnd.mashang.raw+json"
	return s, err == nil, err
}

// Take deals with one message that was fetched. Everything in it that can
// never be taken is kept; an error with such a code says that it is the whole
// message, and any other error that it must come again.
func (w *Wired) Take(ctx context.Context, in decode.Input, head map[string]any) ([]Result, error) {
	docs, err := w.read(ctx, in, 0)
	if err != nil {
		l := Letter{Channel: w.Channel, MediaType: in.MediaType, Name: in.Name, Reason: err, Raw: in.Body}
		if kerr := w.Deps.Keep(ctx, l); kerr != nil {
			return nil, &hub.Error{Code: hub.CodeUnavailable, Key: "intake.unavailable", Err: kerr}
		}
		return nil, err
	}
	return w.hand(ctx, docs, maps.Clone(head))
}

// TakeDocs is Take for documents that need no reading, such as rows.
func (w *Wired) TakeDocs(ctx context.Context, docs []decode.Document) ([]Result, error) {
	return w.hand(ctx, docs, nil)
}

// Decode reads submissions without handing them in.
func (w *Wired) Decode(ctx context.Context, r io.Reader, name, mediaType string) ([]hub.Submission, error) {
	body, err := ReadAll(r, int64(w.limits.Expanded))
	if err != nil {
		return nil, err
	}
	docs, err := w.read(ctx, decode.Input{Body: body, MediaType: mediaType, Name: name}, 0)
	if err != nil {
		return nil, err
	}
	var subs []hub.Submission
	for i, d := range docs {
		s, ok, err := w.submission(ctx, d, nil)
		switch {
		case err != nil && len(docs) > 1:
			return nil, atLine(i+1, err)
		case err != nil:
			return nil, err
		case ok:
			subs = append(subs, s)
		}
	}
	return subs, nil
}

// itemMark is a parameter of the media type of one item of a batch, which is
// to be read without the batch around it.
const itemMark = "mashang-item"

func asItem(media string) string {
	kind, params, err := mime.ParseMediaType(media)
	if err != nil {
		return media
	}
	params[itemMark] = "1"
	return mime.FormatMediaType(kind, params)
}

func isItem(media string) (string, bool) {
	kind, params, err := mime.ParseMediaType(media)
	if err != nil || params[itemMark] == "" {
		return media, false
	}
	delete(params, itemMark)
	return mime.FormatMediaType(kind, params), true
}

// Resubmit hands in what a letter holds, once it is repaired.
func Resubmit(ctx context.Context, a Adapter, in Intake, l Letter) ([]hub.Acceptance, error) {
	d, ok := a.(Decoder)
	if !ok {
		return nil, errors.New("this channel cannot take letters back")
	}
	subs, err := d.Decode(ctx, bytes.NewReader(l.Raw), l.Name, l.MediaType)
	if err != nil {
		return nil, err
	}
	answers, err := AcceptAll(ctx, in, subs)
	if err != nil {
		return nil, err
	}
	for _, a := range answers {
		if a.Err != nil {
			return answers, a.Err
		}
	}
	return answers, nil
}
