// Package kuaiban is the channel of the city's app (白银快办): a JSON API whose
// requests the app's server signs, and with them the citizen's verified name
// and phone.
//
// It does not know the app's users; it believes the signature. Start with Spec.
package kuaiban

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// maxBody is the limit of one request; photos are stored before.
const maxBody = 512 << 10

// Spec describes the kind.
func Spec() adapters.Spec {
	return adapters.Spec{Kind: "kuaiban", New: New, Doc: "城市客户端，签名的 JSON 接口", Options: func() any { c := Default(); return &c }}
}

// A Request is what the app sends.
type Request struct {
	ID          string            `json:"id"`
	ExternalID  string            `json:"external_id"` // another name of ID
	Title       string            `json:"title"`
	Text        string            `json:"text"`
	Place       hub.PlaceCode     `json:"place"`
	PlaceText   string            `json:"place_text"`
	Kind        hub.Kind          `json:"kind"`
	Urgency     hub.Urgency       `json:"urgency"`
	SubmittedAt time.Time         `json:"submitted_at"`
	User        User              `json:"user"`
	Extra       map[string]string `json:"extra"`
}

// A User is the citizen as the app verified them.
type User struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Phone     string `json:"phone"`
	Anonymous bool   `json:"anonymous"`
}

type adapter struct {
	channel hub.ChannelCode
	intake  adapters.Intake
	deps    adapters.Deps
	secret  string
	*adapters.Teller
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
	secret, err := config.Secret.Reveal(d)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	teller, err := adapters.NewTeller(config.Callback, d)
	if err != nil {
		return nil, err
	}
	if teller != nil {
		teller.Sign = func(r *http.Request, body []byte) { adapters.SignHMAC(r, secret, body, d.Clock.Now()) }
	}
	return &adapter{c.Code, in, d, secret, teller}, nil
}

// Handler takes one signed request; below it, cases lists a user's own.
func (a *adapter) Handler() http.Handler {
	door := adapters.Door{Intake: a.intake, Decode: a, Trusted: a.deps.Trusted, Check: func(r *http.Request, body []byte) error {
		return adapters.CheckHMAC(r, a.secret, body, a.deps.Clock.Now())
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/in/"+string(a.channel)+"/cases" {
			a.cases(w, r)
			return
		}
		door.ServeHTTP(w, r)
	})
}

// Sign signs as the app does.
func (a *adapter) Sign(r *http.Request, body []byte) error {
	adapters.SignHMAC(r, a.secret, body, a.deps.Clock.Now())
	return nil
}

// Run waits for ctx: the channel does nothing by itself.
func (a *adapter) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Decode reads one request, or JSON lines of them.
func (a *adapter) Decode(_ context.Context, r io.Reader, name, mediaType string) ([]hub.Submission, error) {
	return adapters.DecodeItems(r, name, mediaType, maxBody, a.submission)
}

func (a *adapter) submission(raw []byte) (hub.Submission, error) {
	var q Request
	if err := adapters.DecodeJSON(raw, &q); err != nil {
		return hub.Submission{}, err
	}
	if q.ID = cmp.Or(q.ID, q.ExternalID); q.ID == "" {
		return hub.Submission{}, hub.Errorf(hub.CodeInvalid, "submission.field", "id", "")
	}
	if err := adapters.CheckWords(q.Kind, q.Urgency); err != nil {
		return hub.Submission{}, err
	}
	return hub.Submission{
		Channel: a.channel, ExternalID: q.ID, Place: q.Place, Kind: q.Kind, Urgency: q.Urgency,
		SubmittedAt: q.SubmittedAt, Raw: raw, MediaType: "application/json",
		Content: hub.Content{
			Title: q.Title, Text: q.Text, PlaceText: q.PlaceText, Extra: q.Extra,
			Reporter: hub.Reporter{Name: q.User.Name, Phone: q.User.Phone, Account: q.User.ID, Anonymous: q.User.Anonymous},
		},
	}, nil
}
