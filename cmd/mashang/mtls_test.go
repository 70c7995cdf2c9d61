package main_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/configs"
)

// An authority issues certificates for one test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	var der []byte
	der, a.key = a.issue(a.cert)
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

// issue signs c with the authority's key, or with its own for the authority.
func (a *authority) issue(c *x509.Certificate) ([]byte, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	parent, signer := a.cert, a.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return der, key
}

// pair issues a certificate for name.
func (a *authority) pair(name string) (cert, key []byte) {
	der, k := a.issue(&x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	text, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: text})
}

const mtlsChannel = `code: zhengshu
name: 证书渠道
kind: webhook
enabled: true
auth: {type: mtls, subjects: [hotline.example]}
map: {external_id: id, text: nr}
`

// proxied is the same channel behind a proxy that ends TLS.
const proxied = `code: daili
name: 代理后的证书渠道
kind: webhook
enabled: true
auth: {type: mtls, subjects: [hotline.example], proxies: [127.0.0.1]}
map: {external_id: id, text: nr}
`

// TestMutualTLS: only the listed certificate opens the channel.
func TestMutualTLS(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a hub")
	}
	dir, ours := t.TempDir(), newAuthority(t)
	if err := os.CopyFS(filepath.Join(dir, "city"), configs.Baiyin()); err != nil {
		t.Fatal(err)
	}
	cert, key := ours.pair("hub")
	for name, data := range map[string][]byte{"cert.pem": cert, "key.pem": key, "ca.pem": ours.pem, "city/channels/zhengshu.yaml": []byte(mtlsChannel), "city/channels/daili.yaml": []byte(proxied)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "mashang", "demo", "--config", "city", "--data", "data", "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0",
		"--tls-cert", "cert.pem", "--tls-key", "key.pem", "--tls-client-ca", "ca.pem", "-o", "json")
	cmd.Dir, cmd.Stderr, cmd.WaitDelay = dir, os.Stderr, 30*time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	var ready struct{ URL, TLS string }
	if err := json.NewDecoder(out).Decode(&ready); err != nil || ready.TLS == "" {
		t.Fatalf("ready %+v, %v", ready, err)
	}
	post := func(url string, certs ...tls.Certificate) int {
		t.Helper()
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(ours.pem)
		client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: certs, MinVersion: tls.VersionTLS12}}}
		resp, err := client.Post(url+"/in/zhengshu", "application/json", bytes.NewReader([]byte(`{"id":"1","nr":"冷"}`))) //nolint:noctx // a test
		if err != nil {
			return 0
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	good, other, foreign := client(t, ours, "hotline.example"), client(t, ours, "else"), client(t, newAuthority(t), "hotline.example")
	for name, c := range map[string]struct{ got, want int }{
		"the listed one": {post("https://"+ready.TLS, good), 202}, "another name": {post("https://"+ready.TLS, other), 401},
		"another authority": {post("https://"+ready.TLS, foreign), 0}, "none": {post("https://" + ready.TLS), 401}, "without TLS": {post(ready.URL), 401},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", name, c.got, c.want)
		}
	}
	passed := func(channel, cert string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, ready.URL+"/in/"+channel, strings.NewReader(`{"id":"2","nr":"冷"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Ssl-Client-Cert", url.PathEscape(cert))
		r.Header.Set("Ssl-Client-Verify", "SUCCESS")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	listed, _ := ours.pair("hotline.example")
	another, _ := ours.pair("else")
	if a, b, c := passed("daili", string(listed)), passed("daili", string(another)), passed("zhengshu", string(listed)); a != 202 || b != 401 || c != 401 {
		t.Errorf("passed on by the proxy: %d, another's: %d, where no proxy is trusted: %d", a, b, c)
	}
}

func client(t *testing.T, a *authority, name string) tls.Certificate {
	t.Helper()
	cert, key := a.pair(name)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}
