package mail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"mime"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
	"github.com/mashang-hub/mashang/plugins/plugintest"
)

// A postOffice is a real SMTP server that keeps what it gets.
type postOffice struct {
	mu      sync.Mutex
	letters []string
	to      []string
	refuse  bool
}

// NewSession implements smtp.Backend.
func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{post: p}, nil }

type session struct {
	post *postOffice
	auth bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "hub" || password != "hunter2" {
			return smtp.ErrAuthFailed
		}
		s.auth = true
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error {
	if s.post.refuse {
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "nobody@") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	s.post.to = append(s.post.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	s.post.letters = append(s.post.letters, string(body))
	return err
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// serve starts a post office with a certificate of its own.
func serve(t *testing.T) (*postOffice, string, *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	p := &postOffice{}
	server := smtp.NewServer(p)
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() { _ = server.Close(); wg.Wait() })
	return p, l.Addr().String(), &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

func open(t *testing.T, c Config, roots *tls.Config) *Mailbox {
	t.Helper()
	c.From, c.To, c.Allow = "码上 <hub@city.gov.cn>", []string{"a@heating.gov.cn", "b@heating.gov.cn"}, egress.Loopback()
	b, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	b.roots = roots
	return b
}

func TestALetter(t *testing.T) {
	p, addr, roots := serve(t)
	b := open(t, Config{Server: addr, TLS: "starttls", Username: "hub", Password: "hunter2"}, roots)
	got := b.Send(t.Context(), plugintest.Alerts(3))
	if len(got) != 3 || got[2].Outcome != hub.Delivered || got[2].Alert != "alert-2" {
		t.Fatalf("%+v", got)
	}
	if again := b.Send(t.Context(), plugintest.Alerts(3)); again[0].Outcome != hub.Delivered {
		t.Fatalf("%+v", again)
	}
	first, err := mail.ReadMessage(strings.NewReader(p.letters[0]))
	if err != nil {
		t.Fatal(err)
	}
	second, _ := mail.ReadMessage(strings.NewReader(p.letters[1]))
	if id := first.Header.Get("Message-Id"); id == "" || id != second.Header.Get("Message-Id") {
		t.Errorf("message ids %q, %q", id, second.Header.Get("Message-Id"))
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(first.Header.Get("Subject"))
	if err != nil || subject != "合并推送 3 条" || strings.Join(p.to[:2], " ") != "a@heating.gov.cn b@heating.gov.cn" {
		t.Errorf("subject %q to %v, %v", subject, p.to, err)
	}
}

func TestFailures(t *testing.T) {
	p, addr, roots := serve(t)
	alerts := plugintest.Alerts(1)
	if r := open(t, Config{Server: addr, TLS: "starttls"}, nil).Send(t.Context(), alerts)[0]; r.Outcome != hub.RetryLater || !strings.Contains(r.Reason, "certificate") {
		t.Errorf("a certificate nobody signed: %+v", r)
	}
	bad := open(t, Config{Server: addr, TLS: "starttls", Username: "hub", Password: "letmein"}, roots)
	if r := bad.Send(t.Context(), alerts)[0]; r.Outcome != hub.RetryLater || strings.Contains(r.Reason, "letmein") {
		t.Errorf("a wrong password: %+v", r)
	}
	p.refuse = true
	if r := open(t, Config{Server: addr, TLS: "starttls"}, roots).Send(t.Context(), alerts)[0]; !strings.Contains(r.Reason, "mailbox full") {
		t.Errorf("a full mailbox: %+v", r)
	}
	b := open(t, Config{Server: addr, TLS: "none"}, nil)
	b.guard = egress.New()
	if r := b.Send(t.Context(), alerts)[0]; r.Reason != egress.ErrBlocked.Error() {
		t.Errorf("not allowed: %+v", r)
	}
	if len(p.letters) != 0 {
		t.Errorf("%d letters", len(p.letters))
	}
	if !errors.Is(b.send(t.Context(), alerts), egress.ErrBlocked) {
		t.Error("the cause is lost")
	}
}

// A person's letter goes to their address alone, under the same number each
// time; an address that is none and one that the server does not know are not
// tried again.
func TestALetterToOnePerson(t *testing.T) {
	p, addr, roots := serve(t)
	d, err := NewDirect(Config{Server: addr, TLS: "starttls", Username: "hub", Password: "hunter2", From: "码上 <hub@city.gov.cn>", Allow: egress.Loopback()})
	if err != nil {
		t.Fatal(err)
	}
	d.box.roots = roots
	l := Letter{ID: "BY1.4.p0012", To: "ma@city.gov.cn", Subject: "升级：BY1", Text: "老马：请督促办理。", At: time.Now()}
	for range 2 {
		if r := d.Send(t.Context(), l); r.Outcome != hub.Delivered {
			t.Fatalf("%+v", r)
		}
	}
	first, err := mail.ReadMessage(strings.NewReader(p.letters[0]))
	if err != nil {
		t.Fatal(err)
	}
	if second, _ := mail.ReadMessage(strings.NewReader(p.letters[1])); first.Header.Get("Message-Id") != second.Header.Get("Message-Id") {
		t.Error("the second has another number")
	}
	if len(p.to) != 2 || p.to[0] != "ma@city.gov.cn" {
		t.Errorf("written to %v", p.to)
	}
	for _, to := range []string{"", "老马", "nobody@city.gov.cn"} {
		l.To = to
		if r := d.Send(t.Context(), l); r.Outcome != hub.Refused {
			t.Errorf("to %q: %+v", to, r)
		}
	}
	if _, err := NewDirect(Config{Server: addr, TLS: "starttls"}); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("nobody writes: %v", err)
	}
}
