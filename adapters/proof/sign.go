package proof

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/mashang-hub/mashang/hub"
)

// standard checks Standard Webhooks 1.0: an HMAC-SHA256 over id, timestamp and
// body by any live key, among any of the signatures that the sender gave.
func (g *Guard) standard(r *http.Request, body []byte, keys []string) error {
	id, stamp := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	if id == "" || stamp == "" || r.Header.Get("Webhook-Signature") == "" {
		return hub.Errorf(hub.CodeUnauthorized, "auth.missing")
	}
	if strings.Contains(id, ".") {
		return hub.Errorf(hub.CodeUnauthorized, "auth.wrong")
	}
	good := false
	for _, k := range keys {
		secret, err := webhookKey(k)
		if err != nil {
			continue
		}
		want := mac(sha256.New, secret, id+"."+stamp+".", body)
		for part := range strings.FieldsSeq(r.Header.Get("Webhook-Signature")) {
			given, ok := strings.CutPrefix(part, "v1,")
			sum, err := base64.StdEncoding.DecodeString(given)
			good = good || (ok && err == nil && hmac.Equal(sum, want))
		}
	}
	if err := g.fresh(stamp, good); err != nil {
		return err
	}
	return g.seen.once(id, body, g.Now(), 2*g.Window)
}

// webhookKey reads whsec_ and base64, or takes the bytes as they are.
func webhookKey(k string) ([]byte, error) {
	rest, ok := strings.CutPrefix(k, "whsec_")
	if !ok {
		return []byte(k), nil
	}
	key, err := base64.StdEncoding.DecodeString(rest)
	if err != nil {
		return nil, fmt.Errorf("whsec_ 后面应为 Base64：%w", err)
	}
	return key, nil
}

func (g *Guard) signed(r *http.Request, body []byte, keys []string) error {
	stamp, text := r.Header.Get(g.TimestampHeader), r.Header.Get(g.Header)
	if stamp == "" || text == "" {
		return hub.Errorf(hub.CodeUnauthorized, "auth.missing")
	}
	given, err := g.decode(strings.TrimPrefix(text, string(g.Type)+"="))
	good := false
	for _, k := range keys {
		good = good || (err == nil && hmac.Equal(given, mac(g.algorithm(), []byte(k), stamp+".", body)))
	}
	return g.fresh(stamp, good)
}

func (g *Guard) algorithm() func() hash.Hash {
	if g.Type == SM3 {
		return sm3.New
	}
	return sha256.New
}

func (g *Guard) decode(text string) ([]byte, error) {
	if g.Encoding == "base64" {
		return base64.StdEncoding.DecodeString(text)
	}
	return hex.DecodeString(text)
}

func mac(alg func() hash.Hash, key []byte, prefix string, body []byte) []byte {
	h := hmac.New(alg, key)
	h.Write([]byte(prefix))
	h.Write(body)
	return h.Sum(nil)
}

// fresh tells of a clock that is off only whoever knows a key.
func (g *Guard) fresh(stamp string, good bool) error {
	if !good {
		return hub.Errorf(hub.CodeUnauthorized, "auth.wrong")
	}
	n, err := strconv.ParseInt(stamp, 10, 64)
	if err == nil && n > 100_000_000_000 {
		n /= 1000 // milliseconds
	}
	if err != nil || g.Now().Sub(time.Unix(n, 0)).Abs() > g.Window {
		return hub.Errorf(hub.CodeUnauthorized, "auth.expired")
	}
	return nil
}

// Sign proves r with key, as a sender of the channel would.
func (g *Guard) Sign(r *http.Request, body []byte, key string) error {
	stamp := ""
	if g.Type == Standard || g.Type == HMAC || g.Type == SM3 {
		stamp = strconv.FormatInt(g.Now().Unix(), 10)
	}
	switch g.Type {
	case None, MTLS:
	case Key:
		if g.Header != "" {
			r.Header.Set(g.Header, key)
		} else {
			r.Header.Set("Authorization", "Bearer "+key)
		}
	case Basic:
		r.SetBasicAuth(g.User, key)
	case Standard:
		secret, err := webhookKey(key)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		id := "msg_" + hex.EncodeToString(sum[:12])
		r.Header.Set("Webhook-Id", id)
		r.Header.Set("Webhook-Timestamp", stamp)
		r.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac(sha256.New, secret, id+"."+stamp+".", body)))
	case HMAC, SM3:
		sum := mac(g.algorithm(), []byte(key), stamp+".", body)
		r.Header.Set(g.TimestampHeader, stamp)
		if g.Encoding == "base64" {
			r.Header.Set(g.Header, base64.StdEncoding.EncodeToString(sum))
		} else {
			r.Header.Set(g.Header, hex.EncodeToString(sum))
		}
	}
	return nil
}

// Generate makes a new key for t.
func Generate(t Type) string {
	if t == Standard {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		return "whsec_" + base64.StdEncoding.EncodeToString(key)
	}
	return "mk_" + strings.ToLower(rand.Text() + rand.Text())[:40]
}

// Hint is what may be shown of a key: its last four characters.
func Hint(key string) string {
	if len(key) < 12 {
		return "••••"
	}
	return "••••" + key[len(key)-4:]
}

// A memory knows the ids of the last minutes. The same message again is a
// retry and passes, to be answered by the same receipt; another body under a
// known id does not.
type memory struct {
	mu   sync.Mutex
	seen map[string]sighting
	swep time.Time
}

type sighting struct {
	at   time.Time
	body [sha256.Size]byte
}

func newMemory() *memory { return &memory{seen: map[string]sighting{}} }

func (m *memory) once(id string, body []byte, now time.Time, keep time.Duration) error {
	sum := sha256.Sum256(body)
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.swep) > time.Minute {
		for k, s := range m.seen {
			if now.Sub(s.at) > keep {
				delete(m.seen, k)
			}
		}
		m.swep = now
	}
	if s, ok := m.seen[id]; ok && s.body != sum {
		return hub.Errorf(hub.CodeConflict, "auth.replayed")
	}
	m.seen[id] = sighting{now, sum}
	return nil
}
