// Package adapters is what every channel (渠道) is built on: the contract, the
// registry, and the parts that all of them share, such as the HTTP answers,
// character sets, tables, watched folders and field mapping.
//
// An adapter decodes, authenticates and maps. It does not number, remove
// duplicates or store: that is the Intake's work, once for all channels. Start
// with Adapter and Spec; package adapters/hotline is a short example.
package adapters

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// An Intake accepts submissions. When it returns an error, nothing is known to
// be accepted and the same submissions must be handed in again, with the same
// external ids; an Acceptance with Err concerns that submission alone.
type Intake interface {
	Accept(ctx context.Context, subs []hub.Submission) ([]hub.Acceptance, error)
}

// An Adapter is a running channel.
type Adapter interface {
	// Handler serves /in/{channel} and below; nil when the channel has none.
	Handler() http.Handler
	// Run does the channel's own work, such as polling, until ctx ends. It
	// returns nil then.
	Run(ctx context.Context) error
}

// A Decoder reads what the channel's senders write. name is a file name, whose
// ending counts when mediaType is empty. It fails as a whole or not at all.
type Decoder interface {
	Decode(ctx context.Context, r io.Reader, name, mediaType string) ([]hub.Submission, error)
}

// A PageHandler is an adapter with pages for citizens, mounted at /q/.
type PageHandler interface {
	Pages() http.Handler
}

// A Signer is an adapter whose senders must prove who they are; Sign adds that
// proof to a request with this body, as "mashang submit" needs it.
type Signer interface {
	Sign(r *http.Request, body []byte) error
}

// A Spec describes a kind of adapter.
type Spec struct {
	Kind string
	New  func(Config, Intake, Deps) (Adapter, error)
	// Options returns the kind's own options with their defaults, as a
	// pointer, for editors and checks; nil for a kind without any.
	Options func() any
	// Wired is set for kinds that use the sections auth, decode, map, reply,
	// limits and samples.
	Wired bool
	// OwnMap is set for a wired kind that can do without the section map.
	OwnMap bool
	// Doc says in Chinese what the kind is for.
	Doc string
}

// A Letter (死信) is what a sender sent and the hub could not take, with the
// bytes as they came.
type Letter struct {
	Channel         hub.ChannelCode
	Key             string // external id, when it is known
	MediaType, Name string
	Reason          error
	Raw             []byte
}

// Cursors remember how far a channel has read its source.
type Cursors interface {
	LoadCursor(ctx context.Context, channel hub.ChannelCode) (string, error)
	SaveCursor(ctx context.Context, channel hub.ChannelCode, cursor string) error
}

// Live are the keys of a channel that the hub itself keeps. Retired is set
// when they replace those of the channel's file.
type Live struct {
	Keys    []string
	Retired bool
}

// Deps is what an adapter may use of the hub around it.
type Deps struct {
	Log   *slog.Logger
	Clock hub.Clock
	// Place finds a place, by the code that a QR code or a sender gave.
	Place func(ctx context.Context, code hub.PlaceCode) (hub.Place, bool)
	// Codes knows the printed QR codes; nil when there are none, and then a
	// code is the place's own.
	Codes Codes
	// Earlier says in Chinese what is known of a petition that has become the
	// case own: repeated, accepted already, finished; nil knows nothing.
	Earlier func(ctx context.Context, s hub.Submission, own hub.CaseID) ([]string, error)
	// Public shows cases to the outside; nil shows none.
	Public Public
	// Named finds the one place of this name inside another.
	Named func(ctx context.Context, name string, within hub.PlaceCode) (hub.Place, bool)
	// Keep stores a letter. Until it returns nil the sender must not be told
	// that its message is dealt with.
	Keep func(ctx context.Context, l Letter) error
	// Keys returns the keys that "channel rotate" made.
	Keys func(channel hub.ChannelCode) (Live, error)
	// Alone runs on one node at a time what fetches; nil runs it at once.
	Alone Alone
	// Cursors keep the place in a source that is read piece by piece.
	Cursors Cursors
	// SaveAttachment keeps a photo or document.
	SaveAttachment func(ctx context.Context, mediaType string, data []byte) (hub.Attachment, error)
	// Getenv reads the secrets that a configuration names.
	Getenv func(string) string
	// Trusted tells requests of the hub's own operators, who may hand in for
	// any channel without its proof; nil trusts nobody.
	Trusted func(r *http.Request) bool
	// Demo allows the demonstration values of secrets.
	Demo bool
	// PublicURL is the address under which browsers reach the hub, when it is set.
	PublicURL string
	// Dir is what relative folders in a configuration are relative to.
	Dir string
	// HTTP is used to pull from other systems.
	HTTP *http.Client
}

// Complete fills what is missing with harmless defaults.
func (d Deps) Complete() Deps {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Clock == nil {
		d.Clock = hub.ClockFunc(time.Now)
	}
	if d.Place == nil {
		d.Place = func(context.Context, hub.PlaceCode) (hub.Place, bool) { return hub.Place{}, false }
	}
	if d.Public == nil {
		d.Public = noPublic{}
	}
	if d.Alone == nil {
		d.Alone = always
	}
	if d.Codes == nil {
		d.Codes = placeCodes{d.Place}
	}
	if d.Named == nil {
		d.Named = func(context.Context, string, hub.PlaceCode) (hub.Place, bool) { return hub.Place{}, false }
	}
	if d.Keep == nil {
		d.Keep = func(context.Context, Letter) error { return nil }
	}
	if d.Keys == nil {
		d.Keys = func(hub.ChannelCode) (Live, error) { return Live{}, nil }
	}
	if d.SaveAttachment == nil {
		d.SaveAttachment = func(context.Context, string, []byte) (hub.Attachment, error) {
			return hub.Attachment{}, hub.Errorf(hub.CodeUnavailable, "attachment.unavailable")
		}
	}
	if d.Getenv == nil {
		d.Getenv = os.Getenv
	}
	if d.HTTP == nil {
		d.HTTP = &http.Client{Timeout: 30 * time.Second}
	}
	return d
}
