package channels

import (
	"context"
	"encoding/base64"
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
	return sealed + base64.StdEncoding.EncodeToString(k.seal.Seal(place, []byte(secret))), nil
}

// place is where these secrets are sealed for.
const place = "channel_key"

func (k *keyring) open(stored string) (string, error) {
	text, ok := strings.CutPrefix(stored, sealed)
	if !ok {
		return stored, nil
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("read sealed key: %w", err)
	}
	plain, err := k.seal.Open(place, data)
	if err != nil {
		return "", fmt.Errorf("open sealed key: %w", err)
	}
	return string(plain), nil
}
