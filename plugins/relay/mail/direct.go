package mail

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
)

// A Letter (邮件) is one message to one person.
type Letter struct {
	ID      string // makes the Message-ID: the same over retries
	To      string
	Subject string
	Text    string
	At      time.Time
}

// A Direct (逐人邮件) writes to the address that each letter names. It is safe
// for concurrent use.
type Direct struct{ box *Mailbox }

// NewDirect checks config, in which To does not count, and returns its mailbox.
func NewDirect(config Config) (*Direct, error) {
	if err := config.checkServer(); err != nil {
		return nil, err
	}
	return &Direct{&Mailbox{config: config, guard: egress.New(config.Allow...)}}, nil
}

// Close does nothing, as that of a Mailbox.
func (d *Direct) Close() error { return nil }

// Send sends l. Nobody without an address is written to, and a mailbox that
// the server refuses for good is not tried again.
func (d *Direct) Send(ctx context.Context, l Letter) hub.Receipt {
	if l.To == "" || gomail.NewMsg().To(l.To) != nil {
		return hub.Receipt{Outcome: hub.Refused, Reason: "no mail address"}
	}
	sum := sha256.Sum256([]byte(l.ID + "\n"))
	err := d.box.post(ctx, letter{[]string{l.To}, sum[:], l.At, l.Subject, l.Text})
	var refused *gomail.SendError
	switch {
	case err == nil:
		return hub.Receipt{Outcome: hub.Delivered}
	case errors.As(err, &refused) && refused.Reason == gomail.ErrSMTPRcptTo && !refused.IsTemp():
		return hub.Receipt{Outcome: hub.Refused, Reason: "the server knows no such mailbox"}
	}
	return hub.Receipt{Outcome: hub.RetryLater, Reason: reason(err)}
}
