// Package webhook pushes alerts to a department's own system by signed HTTP
// POST (Standard Webhooks, CloudEvents) and brings back what it answers.
//
// It refuses to read an alert's text: the departments do. Start with Link.
package webhook

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// A Secret (密钥) never prints itself.
type Secret string

// String hides the secret.
func (Secret) String() string { return "<secret>" }

// GoString hides the secret.
func (Secret) GoString() string { return "<secret>" }

// MarshalJSON hides the secret.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"<secret>"`), nil }

// key returns the bytes behind "whsec_" + base64.
func (s Secret) key() ([]byte, error) {
	b, ok := strings.CutPrefix(string(s), "whsec_")
	key, err := base64.StdEncoding.DecodeString(b)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, hub.Errorf(hub.CodeInvalid, "webhook.secret", "want whsec_ and 24 to 64 bytes in base64")
	}
	return key, nil
}

// signer returns the Ed25519 key behind "whsk_" + base64 of its 32-byte seed or
// 64-byte key.
func (s Secret) signer() (ed25519.PrivateKey, error) {
	b, ok := strings.CutPrefix(string(s), "whsk_")
	key, err := base64.StdEncoding.DecodeString(b)
	switch {
	case ok && err == nil && len(key) == ed25519.SeedSize:
		return ed25519.NewKeyFromSeed(key), nil
	case ok && err == nil && len(key) == ed25519.PrivateKeySize:
		return ed25519.PrivateKey(key), nil
	}
	return nil, hub.Errorf(hub.CodeInvalid, "webhook.private_key")
}

// A Config is the configuration that every built-in department shares.
type Config struct {
	// URL gets the alerts. Without one every alert is taken at once and the
	// department reads its cases in the console.
	URL string `json:"url"`
	// Secret signs them; needed with a URL.
	Secret Secret `json:"secret"`
	// OldSecret signs as well while the department changes to a new one.
	OldSecret Secret `json:"old_secret"`
	// PrivateKey signs as well, with Ed25519 (v1a): "whsk_" + base64. The
	// department then holds the public key only.
	PrivateKey Secret `json:"private_key"`
	// Allow lists networks (CIDR) that may be reached although they are
	// private, such as 10.20.0.0/16.
	Allow []netip.Prefix `json:"allow"`
	// AutoSign reports every delivered assignment as signed for (演示用).
	AutoSign bool `json:"auto_sign"`
}

// Validate says the first thing that is wrong.
func (c Config) Validate() error {
	if c.URL == "" {
		return nil
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil {
		return hub.Errorf(hub.CodeInvalid, "webhook.url", "want http(s)://host/path without a password")
	}
	if _, err := c.Secret.key(); err != nil {
		return err
	}
	if c.PrivateKey != "" {
		if _, err := c.PrivateKey.signer(); err != nil {
			return err
		}
	}
	if c.OldSecret != "" {
		_, err = c.OldSecret.key()
	}
	return err
}

// Decode reads a department's configuration strictly into config, a pointer to
// a struct; nothing is as good as {}.
func Decode(raw json.RawMessage, config any) error {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(config); err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "plugin.config", Err: fmt.Errorf("decode: %w", err)}
	}
	return nil
}
