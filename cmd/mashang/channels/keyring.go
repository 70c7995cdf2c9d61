package channels

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/proof"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
)

// sealed marks a key that is kept encrypted; what only has to be compared is
// kept as its hash.
const sealed = "sealed:"

// live implements adapters.Deps.Keys.
func (k *keyring) live(code hub.ChannelCode) (adapters.Live, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys[code], nil
}

// refresh reads all keys again.
func (k *keyring) refresh(ctx context.Context) error {
	all, err := k.store.Keys(ctx, "")
	if err != nil {
		return err
	}
	keys := map[hub.ChannelCode]adapters.Live{}
	for _, key := range all {
		secret, err := k.open(key.Secret)
		if err != nil {
			return fmt.Errorf("key %s of channel %s: %w", key.Hint, key.Channel, err)
		}
		l := keys[key.Channel]
		l.Keys = append(l.Keys, secret)
		l.Retired = l.Retired || key.State == channel.Current
		keys[key.Channel] = l
	}
	k.mu.Lock()
	k.keys = keys
	k.mu.Unlock()
	return nil
}

// run notices keys that another node rotated.
func (k *keyring) run(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			_ = k.refresh(ctx) // the keys that are known stay
		}
	}
}

// keepable is how a key is kept.
func (k *keyring) keepable(t proof.Type, secret string) (string, error) {
	if t == proof.Key || t == proof.Basic {
		return proof.Hash(secret), nil
	}
	gcm, err := k.cipher()
	if err != nil {
		return "", err
	}
	nonce := make([]byte, gcm.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return sealed + base64.StdEncoding.EncodeToString(gcm.Seal(nonce, nonce, []byte(secret), nil)), nil
}

func (k *keyring) open(stored string) (string, error) {
	text, ok := strings.CutPrefix(stored, sealed)
	if !ok {
		return stored, nil
	}
	gcm, err := k.cipher()
	if err != nil {
		return "", err
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) < gcm.NonceSize() {
		return "", errors.New("is damaged")
	}
	plain, err := gcm.Open(nil, data[:gcm.NonceSize()], data[gcm.NonceSize():], nil)
	if err != nil {
		return "", errors.New("was sealed with another MASHANG_SEAL_KEY: set the same on every node")
	}
	return string(plain), nil
}

func (k *keyring) cipher() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.seal)
	if err != nil {
		return nil, fmt.Errorf("seal key: %w", err)
	}
	return cipher.NewGCM(block)
}
