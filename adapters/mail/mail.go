// Package mail is the channel of a mailbox: it reads unseen messages over IMAP
// and marks each as seen once it is accepted or kept.
//
// It sends no mail. Start with Spec.
package mail

import (
	"context"
	"fmt"
	"net/http"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/decode"
)

// perRound is how many messages are read over one connection.
const perRound = 50

// Spec describes the kind.
func Spec() adapters.Spec {
	return adapters.Spec{
		Kind: "mail", New: New, Wired: true, Doc: "读一个邮箱（IMAP）里的未读邮件",
		Options: func() any { c := Default(); return &c },
	}
}

type adapter struct {
	*adapters.Wired
	config   Config
	password string
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
	w, err := adapters.Wire(c, in, d)
	if err != nil {
		return nil, err
	}
	password, err := config.Password.Reveal(w.Deps)
	if err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	return &adapter{w, config, password}, nil
}

// Handler is nil: nothing is pushed.
func (a *adapter) Handler() http.Handler { return nil }

// Run reads until ctx ends.
func (a *adapter) Run(ctx context.Context) error {
	return a.Fetch(ctx, a.config.Every, 10*a.config.Every, a.round)
}

func (a *adapter) dial() (*imapclient.Client, error) {
	switch a.config.Security {
	case "none":
		return imapclient.DialInsecure(a.config.Address, nil)
	case "starttls":
		return imapclient.DialStartTLS(a.config.Address, nil)
	}
	return imapclient.DialTLS(a.config.Address, nil)
}

// round reads unseen messages, the oldest first.
func (a *adapter) round(ctx context.Context) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout)
	defer cancel()
	c, err := a.dial()
	if err != nil {
		return false, fmt.Errorf("connect to %s: %w", a.config.Address, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() }) // ends what is under way
	defer func() {
		stop()
		_ = c.Close()
	}()
	if err := c.Login(a.config.User, a.password).Wait(); err != nil {
		return false, fmt.Errorf("log in as %s: %w", a.config.User, err)
	}
	if _, err := c.Select(a.config.Mailbox, nil).Wait(); err != nil {
		return false, fmt.Errorf("open mailbox %s: %w", a.config.Mailbox, err)
	}
	found, err := c.UIDSearch(&imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen}}, nil).Wait()
	if err != nil {
		return false, fmt.Errorf("search mailbox: %w", err)
	}
	uids := found.AllUIDs()
	for _, uid := range uids[:min(len(uids), perRound)] {
		if err := a.message(ctx, c, uid); err != nil {
			return false, err
		}
	}
	_ = c.Logout().Wait() // all is done already
	return len(uids) > perRound, nil
}

func (a *adapter) message(ctx context.Context, c *imapclient.Client, uid imap.UID) error {
	section := &imap.FetchItemBodySection{Peek: true}
	set := imap.UIDSetNum(uid)
	got, err := c.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil {
		return fmt.Errorf("fetch message %d: %w", uid, err)
	}
	if len(got) == 0 {
		return nil // somebody removed it
	}
	in := decode.Input{Body: got[0].FindBodySection(section), MediaType: "message/rfc822"}
	if _, err := a.Take(ctx, in, nil); err != nil && adapters.Passing(err) {
		return err
	}
	flags := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}
	if err := c.Store(set, flags, nil).Close(); err != nil {
		return fmt.Errorf("mark message %d: %w", uid, err)
	}
	return nil
}
