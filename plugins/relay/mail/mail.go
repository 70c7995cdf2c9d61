// Package mail pushes alerts by e-mail (SMTP). A batch becomes one letter, so
// that a busy evening does not fill a mailbox; the letter's Message-ID comes
// from the alerts' ids and stays the same over retries.
//
// It refuses to send a password without TLS. Start with New.
package mail

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
	"github.com/mashang-hub/mashang/plugins/relay/message"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// A Config is the configuration of a mailbox.
type Config struct {
	// Server is host:port of the SMTP server.
	Server string `json:"server"`
	// TLS is starttls, tls or none. none is for a server on a network of one's
	// own and forbids a password.
	TLS      string         `json:"tls"`
	Username string         `json:"username"`
	Password webhook.Secret `json:"password"`
	From     string         `json:"from"`
	To       []string       `json:"to"`
	// Allow lists private networks that may be reached.
	Allow []netip.Prefix `json:"allow"`
}

// Default returns STARTTLS.
func Default() Config { return Config{TLS: "starttls"} }

// Validate says the first thing that is wrong.
func (c Config) Validate() error {
	if err := c.checkServer(); err != nil {
		return err
	}
	if len(c.To) == 0 || gomail.NewMsg().To(c.To...) != nil {
		return hub.Errorf(hub.CodeInvalid, "mail.address")
	}
	return nil
}

// checkServer looks at what every kind of letter needs.
func (c Config) checkServer() error {
	_, port, err := net.SplitHostPort(c.Server)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	switch {
	case err != nil:
		return hub.Errorf(hub.CodeInvalid, "mail.server")
	case c.TLS != "starttls" && c.TLS != "tls" && c.TLS != "none":
		return hub.Errorf(hub.CodeInvalid, "mail.tls", c.TLS)
	case c.TLS == "none" && c.Password != "":
		return hub.Errorf(hub.CodeInvalid, "mail.password_without_tls")
	case c.From == "" || gomail.NewMsg().From(c.From) != nil:
		return hub.Errorf(hub.CodeInvalid, "mail.address")
	}
	return nil
}

// A Mailbox sends to one department's addresses. It is safe for concurrent use.
type Mailbox struct {
	config Config
	guard  *egress.Guard
	roots  *tls.Config // nil for the system's
}

// New checks config and returns its mailbox.
func New(config Config) (*Mailbox, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	return &Mailbox{config: config, guard: egress.New(config.Allow...)}, nil
}

// Close does nothing: every letter has a connection of its own.
func (b *Mailbox) Close() error { return nil }

// Send sends one letter about alerts and returns a receipt for each.
func (b *Mailbox) Send(ctx context.Context, alerts []hub.Alert) []hub.Receipt {
	r := hub.Receipt{Outcome: hub.Delivered}
	if err := b.send(ctx, alerts); err != nil {
		r = hub.Receipt{Outcome: hub.RetryLater, Reason: reason(err)}
	}
	receipts := make([]hub.Receipt, len(alerts))
	for i, a := range alerts {
		receipts[i] = r
		receipts[i].Alert = a.ID
	}
	return receipts
}

func (b *Mailbox) send(ctx context.Context, alerts []hub.Alert) error {
	if len(alerts) == 0 {
		return nil
	}
	ms, sum := make([]message.Message, len(alerts)), sha256.New()
	for i, a := range alerts {
		ms[i] = message.New(a)
		sum.Write([]byte(a.ID + "\n"))
	}
	d := message.Digest(ms)
	return b.post(ctx, letter{b.config.To, sum.Sum(nil), d.At, d.Title, d.Plain(200 << 10)})
}

// A letter is what goes out: the same sum is the same letter.
type letter struct {
	to            []string
	sum           []byte
	at            time.Time
	subject, text string
}

func (b *Mailbox) post(ctx context.Context, l letter) error {
	m := gomail.NewMsg()
	if err := errors.Join(m.From(b.config.From), m.To(l.to...)); err != nil {
		return err
	}
	m.Subject(message.Cut(l.subject, 200))
	m.SetMessageIDWithValue(hex.EncodeToString(l.sum[:16]) + "@mashang")
	m.SetDateWithValue(l.at)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(gomail.TypeTextPlain, l.text)
	client, err := b.client()
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, m)
}

func (b *Mailbox) client() (*gomail.Client, error) {
	host, port, err := net.SplitHostPort(b.config.Server)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	dial := b.guard.Dialer().DialContext
	opts := []gomail.Option{gomail.WithPort(n), gomail.WithTimeout(15 * time.Second), gomail.WithHELO("mashang")}
	roots := b.roots.Clone()
	if roots == nil {
		roots = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	roots.ServerName = host
	switch b.config.TLS {
	case "tls":
		opts = append(opts, gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return tls.Client(conn, roots), nil
		}), gomail.WithTLSPolicy(gomail.NoTLS))
	case "starttls":
		opts = append(opts, gomail.WithDialContextFunc(dial), gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithTLSConfig(roots))
	default:
		opts = append(opts, gomail.WithDialContextFunc(dial), gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if b.config.Username != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(b.config.Username),
			gomail.WithPassword(string(b.config.Password)))
	}
	return gomail.NewClient(host, opts...)
}

// reason is what people are shown; it never holds the password.
func reason(err error) string {
	if errors.Is(err, egress.ErrBlocked) {
		return egress.ErrBlocked.Error()
	}
	return message.Cut(err.Error(), 500)
}
