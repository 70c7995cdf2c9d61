package mail_test

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/mail"
	"github.com/mashang-hub/mashang/adapters/mapping"
)

// serve is an IMAP server on this machine with one empty mailbox.
func serve(t *testing.T) (address string, user *imapmemserver.User) {
	t.Helper()
	store := imapmemserver.New()
	user = imapmemserver.NewUser("u", "secret")
	if err := user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	store.AddUser(user)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return store.NewSession(), nil, nil
		},
		InsecureAuth: true, Caps: imap.CapSet{imap.CapIMAP4rev1: {}},
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String(), user
}

func TestSuite(t *testing.T) {
	address, user := serve(t)
	adaptertest.Run(t, adaptertest.Suite{
		Spec: mail.Spec(), Options: fmt.Sprintf("{address: %q, user: u, password: secret, security: none, every: 2ms}", address),
		Config: adapters.Config{Map: mapping.Config{ExternalID: "subject", Text: "doc.text", Account: "from"}},
		Message: func(id string, n int) adaptertest.Sample {
			return adaptertest.Sample{Body: fmt.Sprintf("From: a@b.c\r\nSubject: %s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nv%d", id, n)}
		},
		Feed: func(all []adaptertest.Sample) error {
			for _, m := range all {
				if _, err := user.Append("INBOX", literal{bytes.NewReader([]byte(m.Body))}, &imap.AppendOptions{}); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

type literal struct{ *bytes.Reader }

// Size implements imap.LiteralReader.
func (l literal) Size() int64 { return int64(l.Len()) }

func TestValidate(t *testing.T) {
	good := mail.Default()
	good.Address, good.User, good.Password = "imap.example.gov.cn:993", "u", "p"
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*mail.Config){
		"address is": func(c *mail.Config) { c.Address = "" }, "address:": func(c *mail.Config) { c.Address = "x" }, "user": func(c *mail.Config) { c.User = "" },
		"security": func(c *mail.Config) { c.Security = "none" }, "every": func(c *mail.Config) { c.Every = 0 },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
