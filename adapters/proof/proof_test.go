package proof_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/mashang-hub/mashang/adapters/proof"
	"github.com/mashang-hub/mashang/hub"
)

var now = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

func guard(c proof.Config, keys ...string) *proof.Guard {
	return proof.New(c, func() ([]string, error) { return keys, nil }, func() time.Time { return now })
}

func request() *http.Request { return httptest.NewRequest(http.MethodPost, "/", nil) }

func key(err error) string {
	if e, ok := errors.AsType[*hub.Error](err); ok {
		return e.Key
	}
	return ""
}

func TestEveryTypeTakesBothLiveKeysAndNoOther(t *testing.T) {
	body := []byte("大水䃎村")
	for _, typ := range []proof.Type{proof.Key, proof.Standard, proof.HMAC, proof.SM3, proof.Basic} {
		for _, encoding := range []string{"", "base64"} {
			c := proof.Config{Type: typ, User: "u", Encoding: encoding}
			old, fresh := proof.Generate(typ), proof.Generate(typ)
			g := guard(c, old, fresh)
			for _, k := range []string{old, fresh} {
				r := request()
				if err := g.Sign(r, body, k); err != nil {
					t.Fatal(err)
				}
				if err := g.Check(r, body); err != nil {
					t.Errorf("%s: live key refused: %v", typ, err)
				}
				if err := guard(c, proof.Generate(typ)).Check(r, body); key(err) != "auth.wrong" {
					t.Errorf("%s: retired key: %v", typ, err)
				}
				if typ != proof.Key && typ != proof.Basic {
					if err := guard(c, k).Check(r, []byte("changed")); key(err) != "auth.wrong" {
						t.Errorf("%s: changed body: %v", typ, err)
					}
				}
			}
			if err := g.Check(request(), body); key(err) != "auth.missing" {
				t.Errorf("%s: nothing: %v", typ, err)
			}
			if err := guard(c).Check(request(), body); key(err) != "auth.no_key" {
				t.Errorf("%s: no keys: %v", typ, err)
			}
		}
	}
}

func TestKeysMayBeKeptAsHashes(t *testing.T) {
	g := guard(proof.Config{Type: proof.Key, Header: "X-Token"}, proof.Hash("secret"))
	r := request()
	r.Header.Set("X-Token", "secret")
	if err := g.Check(r, nil); err != nil {
		t.Error(err)
	}
	r.Header.Set("X-Token", proof.Hash("secret")) // the hash itself opens nothing
	if err := g.Check(r, nil); key(err) != "auth.wrong" {
		t.Errorf("hash as key: %v", err)
	}
}

func TestWindow(t *testing.T) {
	g := guard(proof.Config{Type: proof.SM3}, "k")
	for _, off := range []time.Duration{-6 * time.Minute, 6 * time.Minute} {
		at := now.Add(off)
		signer := proof.New(proof.Config{Type: proof.SM3}, nil, func() time.Time { return at })
		r := request()
		_ = signer.Sign(r, nil, "k")
		if err := g.Check(r, nil); key(err) != "auth.expired" {
			t.Errorf("%v: %v", off, err)
		}
	}
}

// The reference library signs, and we check.
func TestStandardWebhooks(t *testing.T) {
	secret := proof.Generate(proof.Standard)
	wh, err := standard.NewWebhook(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"a":1}`)
	sig, err := wh.Sign("msg_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	send := func(g *proof.Guard, id string, body []byte, sig string) error {
		r := request()
		r.Header.Set("Webhook-Id", id)
		r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
		r.Header.Set("Webhook-Signature", "v1,AAAA "+sig+" v2,zzz")
		return g.Check(r, body)
	}
	g := guard(proof.Config{Type: proof.Standard}, secret)
	if err := send(g, "msg_1", body, sig); err != nil {
		t.Errorf("reference signature: %v", err)
	}
	if err := send(g, "msg_1", body, sig); err != nil {
		t.Errorf("a retry must pass, to get the same receipt: %v", err)
	}
	other, _ := wh.Sign("msg_1", now, []byte(`{"a":2}`))
	if err := send(g, "msg_1", []byte(`{"a":2}`), other); key(err) != "auth.replayed" {
		t.Errorf("known id with another body: %v", err)
	}
}

// SM3-HMAC of GB/T 32905 by an independent implementation (openssl mac).
func TestSM3(t *testing.T) {
	g := guard(proof.Config{Type: proof.SM3}, "key")
	r := request()
	_ = g.Sign(r, []byte("body"), "key")
	// printf '%s' '1795507200.body' | openssl mac -digest SM3 -macopt key:key HMAC
	const want = "cab5b2462f82a1ed613d64c3d52fbb139a29e09cbe7861c9725d46650c0904eb"
	if got := r.Header.Get("X-Signature"); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func TestCertificate(t *testing.T) {
	g := guard(proof.Config{Type: proof.MTLS, Subjects: []string{"hotline.example"}})
	r := request()
	if err := g.Check(r, nil); key(err) != "auth.certificate" {
		t.Errorf("none: %v", err)
	}
	cert := &x509.Certificate{Subject: pkix.Name{CommonName: "hotline.example"}}
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}}
	if err := g.Check(r, nil); key(err) != "auth.certificate" {
		t.Errorf("not verified: %v", err)
	}
	r.TLS.VerifiedChains = [][]*x509.Certificate{{cert}}
	if err := g.Check(r, nil); err != nil {
		t.Error(err)
	}
	cert.Subject.CommonName = "other"
	if err := g.Check(r, nil); key(err) != "auth.wrong" {
		t.Errorf("another's: %v", err)
	}
}

func TestValidate(t *testing.T) {
	for want, c := range map[string]proof.Config{"type": {Type: "x"}, "user": {Type: proof.Basic}, "subjects": {Type: proof.MTLS}, "encoding": {Encoding: "x"}, "window": {Window: 2 * time.Hour}} {
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if s := proof.Secret("x"); s.String() != "<secret>" || proof.Hint("mk_0123456789abcdef") != "••••cdef" {
		t.Error("a key shows")
	}
}
