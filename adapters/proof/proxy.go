package proof

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// The headers in which a proxy that ends TLS passes the client's certificate
// on: Envoy's, and nginx's with the outcome of its own check beside it.
const (
	envoyCert   = "X-Forwarded-Client-Cert"
	nginxCert   = "Ssl-Client-Cert"
	nginxVerify = "Ssl-Client-Verify"
)

// networks reads the addresses of proxies.
func networks(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if a, aerr := netip.ParseAddr(s); err != nil && aerr == nil {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("proxies: 应为反向代理的地址或网段，写成 10.1.0.5 或 10.1.0.0/24 这样")
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// byProxy reports whether the connection itself comes from a proxy that is
// trusted. What the request says of where it comes from does not count.
func (g *Guard) byProxy(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(g.proxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// passedOn returns the names of the certificate that a trusted proxy has
// verified and passes on. More than one, or one that does not read, is none:
// somebody before the proxy could have written it.
func passedOn(r *http.Request) ([]string, error) {
	none := hub.Errorf(hub.CodeUnauthorized, "auth.certificate")
	envoy, nginx := r.Header.Values(envoyCert), r.Header.Values(nginxCert)
	switch {
	case len(envoy)+len(nginx) != 1:
		return nil, none
	case len(nginx) == 1:
		if v := r.Header.Values(nginxVerify); len(v) != 1 || v[0] != "SUCCESS" {
			return nil, none
		}
		return escaped(nginx[0])
	}
	fields, ok := envoyFields(envoy[0])
	if !ok {
		return nil, none
	}
	if fields["cert"] != "" {
		return escaped(fields["cert"])
	}
	if hash := strings.ToLower(fields["hash"]); len(hash) == hex.EncodedLen(sha256.Size) {
		return []string{"sha256:" + hash}, nil
	}
	return nil, none
}

// escaped reads a certificate in PEM that is escaped as in an address.
func escaped(text string) ([]string, error) {
	none := hub.Errorf(hub.CodeUnauthorized, "auth.certificate")
	plain, err := url.PathUnescape(text) // a plus sign is one of Base64
	if err != nil {
		return nil, none
	}
	block, rest := pem.Decode([]byte(plain))
	if block == nil || block.Type != "CERTIFICATE" || strings.TrimSpace(string(rest)) != "" {
		return nil, none
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, none
	}
	return namesOf(cert), nil
}

// envoyFields splits one element of Envoy's header, By=…;Hash=…;Cert="…". ok is
// false for several elements, a key given twice and quotes that do not close.
func envoyFields(s string) (fields map[string]string, ok bool) {
	fields = map[string]string{}
	for s != "" {
		key, rest, found := strings.Cut(s, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if _, twice := fields[key]; !found || strings.ContainsAny(key, `,;"`) || twice && key != "dns" && key != "uri" {
			return nil, false
		}
		value, after, closed := token(rest)
		if !closed {
			return nil, false
		}
		fields[key] = value
		if after == "" {
			return fields, true
		}
		if after[0] != ';' {
			return nil, false // a comma: another element
		}
		s = after[1:]
	}
	return fields, len(fields) > 0
}

// token reads a value, which may be quoted, and returns what stands after it.
func token(s string) (value, after string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ";,")
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:], true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}

// namesOf are the names by which a channel may list a certificate.
func namesOf(cert *x509.Certificate) []string {
	sum := sha256.Sum256(cert.Raw)
	return append([]string{cert.Subject.CommonName, "sha256:" + hex.EncodeToString(sum[:])}, cert.DNSNames...)
}
