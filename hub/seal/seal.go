// Package seal encrypts personal data (个人信息加密) before it is stored:
// AES-256 in GCM mode, with the id of the key beside every value, so that keys
// can be changed while old values are still read.
//
// It refuses to open a value in a place where it was not sealed: the place is
// authenticated with it. It keeps no keys on its own: they come from a file or
// the environment. Start with [Parse] and [Keyring.Seal].
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// version begins every sealed value.
const version = 1

// keySize is that of AES-256.
const keySize = 32

// A Keyring (密钥环) holds the keys; the first one seals, all of them open. It
// is safe for concurrent use.
type Keyring struct {
	current string
	keys    map[string]cipher.AEAD
	blinds  [][]byte // make pseudonyms, that of the current key first
	checks  map[string][]byte
}

var names = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// Parse reads a keyring: one key a line, "id base64", the current one first;
// empty lines and lines that begin with # are left out.
func Parse(text string) (*Keyring, error) {
	k := &Keyring{keys: map[string]cipher.AEAD{}, checks: map[string][]byte{}}
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 || !names.MatchString(fields[0]) || k.keys[fields[0]] != nil {
			return nil, hub.Errorf(hub.CodeInvalid, "keys.line", i+1)
		}
		key, err := base64.StdEncoding.DecodeString(fields[1])
		if err != nil || len(key) != keySize {
			return nil, hub.Errorf(hub.CodeInvalid, "keys.line", i+1)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", fields[0], err)
		}
		if k.keys[fields[0]], err = cipher.NewGCM(block); err != nil {
			return nil, fmt.Errorf("key %s: %w", fields[0], err)
		}
		k.checks[fields[0]] = derive(key, "mashang key check")
		k.blinds = append(k.blinds, derive(key, "mashang pseudonym"))
		if k.current == "" {
			k.current = fields[0]
		}
	}
	if k.current == "" {
		return nil, hub.Errorf(hub.CodeInvalid, "keys.none")
	}
	return k, nil
}

// derive returns what follows from key for one purpose, and tells nothing of it.
func derive(key []byte, purpose string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

// Checks returns for each key id a value by which another key of the same id
// is told apart; it tells nothing of the key.
func (k *Keyring) Checks() map[string][]byte { return maps.Clone(k.checks) }

// NewLine returns a fresh key under id, as a line that Parse reads.
func NewLine(id string) string {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	return id + " " + base64.StdEncoding.EncodeToString(key) + "\n"
}

// Load reads the keyring from text if that is not empty, else from the file
// name, which is made with a fresh key when it does not exist.
func Load(text, name string) (*Keyring, error) {
	if text != "" {
		return Parse(text)
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return create(name)
	}
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return Parse(string(data))
}

// create writes a first keyring that only the owner may read.
func create(name string) (*Keyring, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, fmt.Errorf("make the keys' folder: %w", err)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) { // another node was faster
		return Load("", name)
	}
	if err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	text := "# Keys of personal data. The first seals, all open. Losing them loses the data.\n" + NewLine("k1")
	_, err1 := f.WriteString(text)
	err2 := f.Sync()
	if err := errors.Join(err1, err2, f.Close()); err != nil {
		return nil, fmt.Errorf("write keys: %w", err)
	}
	return Parse(text)
}

// Current returns the id of the key that seals.
func (k *Keyring) Current() string { return k.current }

// Seal encrypts plain for place, such as "submission/r_1/reporter". An empty
// value stays empty.
func (k *Keyring) Seal(place string, plain []byte) []byte {
	if len(plain) == 0 {
		return nil
	}
	aead := k.keys[k.current]
	out := make([]byte, 0, 2+len(k.current)+aead.NonceSize()+len(plain)+aead.Overhead())
	out = append(out, version, byte(len(k.current)))
	out = append(out, k.current...)
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	out = append(out, nonce...)
	return aead.Seal(out, nonce, plain, []byte(place))
}

// Open decrypts what was sealed for place.
func (k *Keyring) Open(place string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	id, rest, ok := split(sealed)
	aead := k.keys[id]
	if !ok || aead == nil || len(rest) < aead.NonceSize() {
		return nil, hub.Errorf(hub.CodeInternal, "keys.unknown", id)
	}
	plain, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], []byte(place))
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInternal, Key: "keys.wrong", Args: []any{id}, Err: err}
	}
	return plain, nil
}

// Pseudonym returns a name for a value by which equal values are found
// without being read; it depends on the current key.
func (k *Keyring) Pseudonym(value string) string {
	if value == "" {
		return ""
	}
	return pseudonym(k.blinds[0], value)
}

// Pseudonyms returns the names that a value has under each key, that of
// Pseudonym first: what was stored under an older key is found by one of them.
// Nil for the empty value.
func (k *Keyring) Pseudonyms(value string) []string {
	if value == "" {
		return nil
	}
	names := make([]string, len(k.blinds))
	for i, blind := range k.blinds {
		names[i] = pseudonym(blind, value)
	}
	return names
}

func pseudonym(blind []byte, value string) string {
	mac := hmac.New(sha256.New, blind)
	mac.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// KeyOf returns the id of the key that sealed a value, "" if it is none.
func KeyOf(sealed []byte) string {
	id, _, _ := split(sealed)
	return id
}

func split(sealed []byte) (id string, rest []byte, ok bool) {
	if len(sealed) < 2 || sealed[0] != version || len(sealed) < 2+int(sealed[1]) {
		return "", nil, false
	}
	n := 2 + int(sealed[1])
	return string(sealed[2:n]), sealed[n:], true
}
