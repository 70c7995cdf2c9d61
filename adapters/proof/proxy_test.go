package proof_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"maps"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/adapters/proof"
)

// certificate makes one of this name, as PEM, escaped as nginx does, and its
// digest.
func certificate(t testing.TB, name string) (escaped, digest string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	return url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))), hex.EncodeToString(sum[:])
}

// A certificate that a proxy passes on counts when the connection is the
// proxy's own, and never when somebody else writes the header.
func TestCertificateByAProxy(t *testing.T) {
	ours, digest := certificate(t, "hotline.example")
	theirs, foreign := certificate(t, "else.example")
	type headers map[string][]string
	nginx := func(cert, verify string) headers {
		return headers{"Ssl-Client-Cert": {cert}, "Ssl-Client-Verify": {verify}}
	}
	envoy := func(values ...string) headers { return headers{"X-Forwarded-Client-Cert": values} }
	const proxy, stranger = "10.1.0.5:3321", "203.0.113.9:443"
	for name, c := range map[string]struct {
		from string
		h    headers
		want string
	}{
		"nginx passes ours on":              {proxy, nginx(ours, "SUCCESS"), ""},
		"over IPv6":                         {"[2001:db8::7]:443", nginx(ours, "SUCCESS"), ""},
		"a mapped address":                  {"[::ffff:10.1.0.5]:443", nginx(ours, "SUCCESS"), ""},
		"nginx passes another's on":         {proxy, nginx(theirs, "SUCCESS"), "auth.wrong"},
		"nginx has not verified it":         {proxy, nginx(ours, "FAILED:self-signed certificate"), "auth.certificate"},
		"nginx does not say":                {proxy, headers{"Ssl-Client-Cert": {ours}}, "auth.certificate"},
		"no certificate":                    {proxy, headers{}, "auth.certificate"},
		"not a certificate":                 {proxy, nginx("-----BEGIN+X", "SUCCESS"), "auth.certificate"},
		"Envoy passes ours on":              {proxy, envoy(`By=spiffe://hub;Hash=` + digest + `;Cert="` + ours + `";Subject="CN=hotline.example"`), ""},
		"Envoy gives only the digest":       {proxy, envoy("Hash=" + digest), ""},
		"Envoy gives another digest":        {proxy, envoy("Hash=" + foreign), "auth.wrong"},
		"a subject proves nothing":          {proxy, envoy(`Subject="CN=hotline.example"`), "auth.certificate"},
		"Envoy appended to what was there":  {proxy, envoy("Hash=" + digest + ",Hash=" + foreign), "auth.certificate"},
		"the header came twice":             {proxy, envoy("Hash="+digest, "Hash="+foreign), "auth.certificate"},
		"both kinds of header":              {proxy, headers{"Ssl-Client-Cert": {ours}, "Ssl-Client-Verify": {"SUCCESS"}, "X-Forwarded-Client-Cert": {"Hash=" + foreign}}, "auth.certificate"},
		"a quote hides an element":          {proxy, envoy(`Subject="x;Hash=` + digest + `",Hash=` + foreign), "auth.certificate"},
		"a key is given twice":              {proxy, envoy("Hash=" + foreign + ";Hash=" + digest), "auth.certificate"},
		"a stranger writes nginx's header":  {stranger, nginx(ours, "SUCCESS"), "auth.certificate"},
		"a stranger writes Envoy's header":  {stranger, envoy("Hash=" + digest), "auth.certificate"},
		"a stranger claims to be the proxy": {stranger, headers{"Ssl-Client-Cert": {ours}, "Ssl-Client-Verify": {"SUCCESS"}, "X-Forwarded-For": {"10.1.0.5"}, "Forwarded": {"for=10.1.0.5"}}, "auth.certificate"},
		"no address at all":                 {"@", nginx(ours, "SUCCESS"), "auth.certificate"},
	} {
		g := guard(proof.Config{Type: proof.MTLS, Subjects: []string{"hotline.example", "sha256:" + digest}, Proxies: []string{"10.1.0.0/24", "2001:db8::7"}})
		r := request()
		r.RemoteAddr = c.from
		maps.Copy(r.Header, c.h)
		if got := key(g.Check(r, nil)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	none := guard(proof.Config{Type: proof.MTLS, Subjects: []string{"hotline.example"}})
	r := request()
	r.RemoteAddr = proxy
	r.Header["Ssl-Client-Cert"], r.Header["Ssl-Client-Verify"] = []string{ours}, []string{"SUCCESS"}
	if got := key(none.Check(r, nil)); got != "auth.certificate" {
		t.Errorf("a channel without proxies: %q", got)
	}
	bad := proof.Config{Type: proof.MTLS, Subjects: []string{"x"}, Proxies: []string{"the-proxy"}}
	if err := bad.Validate(); err == nil || !strings.HasPrefix(err.Error(), "proxies") {
		t.Errorf("a name is no address: %v", err)
	}
}

func FuzzEnvoyHeader(f *testing.F) {
	ours, digest := certificate(f, "hotline.example")
	for _, s := range []string{"Hash=" + digest, `By=a;Cert="` + ours + `"`, `Subject="a\"b",Hash=x`, ";;", `="`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		g := guard(proof.Config{Type: proof.MTLS, Subjects: []string{"nobody"}, Proxies: []string{"10.1.0.5"}})
		r := request()
		r.RemoteAddr = "10.1.0.5:1"
		r.Header["X-Forwarded-Client-Cert"] = []string{header}
		if g.Check(r, nil) == nil {
			t.Errorf("%q let somebody in", header)
		}
	})
}
