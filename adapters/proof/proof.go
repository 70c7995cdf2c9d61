// Package proof checks who sends: API keys, Standard Webhooks, HMAC-SHA256 and
// SM3-HMAC signatures, basic passwords and client certificates, each with
// several live keys so that they can be rotated.
//
// The channel says which one counts; nothing in a request can choose another.
// Start with Config and Guard.
package proof

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Type is a way to prove who one is.
type Type string

// The types.
const (
	None     Type = "none"     // anybody may send
	Key      Type = "key"      // an API key, compared by its hash
	Standard Type = "standard" // Standard Webhooks 1.0
	HMAC     Type = "hmac"     // HMAC-SHA256 over timestamp, full stop and body
	SM3      Type = "sm3"      // the same with SM3 (国密)
	Basic    Type = "basic"    // user and password
	MTLS     Type = "mtls"     // a client certificate
)

// Window is how far a signer's clock may be from ours.
const Window = 5 * time.Minute

// A Config says how a channel's senders prove who they are.
type Config struct {
	Type            Type          `yaml:"type" doc:"方式：none 不验、key 接口密钥、standard 即 Standard Webhooks、hmac 即 HMAC-SHA256、sm3 即 SM3-HMAC、basic 用户名口令、mtls 客户端证书" enum:"none,key,standard,hmac,sm3,basic,mtls"`
	Keys            []Secret      `yaml:"keys" doc:"有效的密钥，写成 ${环境变量}；轮换期间可以有两把。key 方式可写 sha256:十六进制摘要"`
	Header          string        `yaml:"header" doc:"放密钥或签名的请求头；key 默认 Authorization: Bearer，签名默认 X-Signature"`
	TimestampHeader string        `yaml:"timestamp_header" doc:"放时间戳（秒）的请求头，默认 X-Timestamp"`
	Encoding        string        `yaml:"encoding" doc:"签名的写法：hex 或 base64，默认 hex" enum:"hex,base64"`
	Window          time.Duration `yaml:"window" doc:"时间戳最多相差多久，默认 5m"`
	User            string        `yaml:"user" doc:"basic 方式的用户名"`
	Subjects        []string      `yaml:"subjects" doc:"mtls 方式允许的证书：CN、DNS 名，或 sha256:证书摘要"`
	Proxies         []string      `yaml:"proxies" doc:"mtls 方式：只信这些地址的反向代理转来的证书（X-Forwarded-Client-Cert，或 Ssl-Client-Cert 加 Ssl-Client-Verify）"`
}

// A Secret is a key in a configuration, written as ${NAME}. It prints as
// <secret>.
type Secret string

// String hides the secret.
func (Secret) String() string { return "<secret>" }

// GoString hides the secret.
func (Secret) GoString() string { return "<secret>" }

// Complete fills what c leaves out.
func (c Config) Complete() Config {
	if c.Type == "" {
		c.Type = Key
	}
	if c.Header == "" && c.Type != Key {
		c.Header = "X-Signature"
	}
	if c.TimestampHeader == "" {
		c.TimestampHeader = "X-Timestamp"
	}
	if c.Window <= 0 {
		c.Window = Window
	}
	return c
}

// Keyed reports whether t needs keys.
func (t Type) Keyed() bool { return t != None && t != MTLS && t != "" }

// Validate reports what is wrong with c.
func (c Config) Validate() error {
	switch c.Type {
	case "", None, Key, Standard, HMAC, SM3:
	case Basic:
		if c.User == "" {
			return fmt.Errorf("user: basic 方式要写用户名")
		}
	case MTLS:
		if len(c.Subjects) == 0 {
			return fmt.Errorf("subjects: mtls 方式要写允许的证书")
		}
		if _, err := networks(c.Proxies); err != nil {
			return err
		}
	default:
		return fmt.Errorf("type: 没有 %q 这种方式，只有 none、key、standard、hmac、sm3、basic、mtls", c.Type)
	}
	if c.Encoding != "" && c.Encoding != "hex" && c.Encoding != "base64" {
		return fmt.Errorf("encoding: 只有 hex 和 base64")
	}
	if c.Window > time.Hour {
		return fmt.Errorf("window: 最多 1h")
	}
	return nil
}

// A Guard checks requests. Keys returns the live keys, newest last; it is asked
// at each request, so that a rotated key counts at once.
type Guard struct {
	Config
	Keys func() ([]string, error)
	Now  func() time.Time
	seen *memory

	proxies []netip.Prefix
}

// New returns the guard of c.
func New(c Config, keys func() ([]string, error), now func() time.Time) *Guard {
	proxies, _ := networks(c.Proxies) // none where Validate would refuse them
	return &Guard{Config: c.Complete(), Keys: keys, Now: now, seen: newMemory(), proxies: proxies}
}

// Check refuses a request that does not prove who sent it.
func (g *Guard) Check(r *http.Request, body []byte) error {
	switch g.Type {
	case None:
		return nil
	case MTLS:
		return g.certificate(r)
	}
	keys, err := g.Keys()
	if err != nil {
		return &hub.Error{Code: hub.CodeUnavailable, Key: "auth.unavailable", Err: err}
	}
	if len(keys) == 0 {
		return hub.Errorf(hub.CodeUnauthorized, "auth.no_key")
	}
	switch g.Type {
	case Standard:
		return g.standard(r, body, keys)
	case HMAC, SM3:
		return g.signed(r, body, keys)
	case Basic:
		return g.basic(r, keys)
	default:
		return g.key(r, keys)
	}
}

// key compares hashes, so that a key need not be kept anywhere.
func (g *Guard) key(r *http.Request, keys []string) error {
	given := r.Header.Get(g.Header)
	if g.Header == "" {
		if given = r.Header.Get("X-Api-Key"); given == "" {
			given, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		}
	}
	if given == "" {
		return hub.Errorf(hub.CodeUnauthorized, "auth.missing")
	}
	hash, ok := Hash(given), 0
	for _, k := range keys {
		if !strings.HasPrefix(k, "sha256:") {
			k = Hash(k)
		}
		ok |= subtle.ConstantTimeCompare([]byte(hash), []byte(k))
	}
	return verdict(ok == 1)
}

// Hash is how an API key is kept: sha256: and hexadecimal digits. Keys are
// long and random, so that nothing slower is needed.
func Hash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (g *Guard) basic(r *http.Request, keys []string) error {
	user, password, ok := r.BasicAuth()
	if !ok {
		return hub.Errorf(hub.CodeUnauthorized, "auth.missing")
	}
	same := subtle.ConstantTimeCompare([]byte(Hash(user)), []byte(Hash(g.User)))
	hash, match := Hash(password), 0
	for _, k := range keys {
		if !strings.HasPrefix(k, "sha256:") {
			k = Hash(k)
		}
		match |= subtle.ConstantTimeCompare([]byte(hash), []byte(k))
	}
	return verdict(same&match == 1)
}

// certificate wants one that the server has verified, or a trusted proxy, and
// that is listed.
func (g *Guard) certificate(r *http.Request) error {
	var names []string
	switch {
	case g.byProxy(r):
		var err error
		if names, err = passedOn(r); err != nil {
			return err
		}
	case r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.PeerCertificates) == 0:
		return hub.Errorf(hub.CodeUnauthorized, "auth.certificate")
	default:
		names = namesOf(r.TLS.PeerCertificates[0])
	}
	return verdict(slices.ContainsFunc(names, func(n string) bool { return n != "" && slices.Contains(g.Subjects, n) }))
}

func verdict(ok bool) error {
	if ok {
		return nil
	}
	return hub.Errorf(hub.CodeUnauthorized, "auth.wrong")
}
