package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/oklog/run"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/all"
	"github.com/mashang-hub/mashang/adapters/lint"
	"github.com/mashang-hub/mashang/cmd/mashang/channels"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
	"github.com/mashang-hub/mashang/hub/intake"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
)

// channels opens the city's channels, mounts them and adds their loops.
func (a *App) channels(ctx context.Context, g *run.Group, mux *http.ServeMux, in adapters.Intake) ([]adapters.Config, error) {
	configs, err := lint.Load(a.city.Channels, all.Registry())
	if err != nil {
		return nil, fmt.Errorf("read the channels: %w", err)
	}
	printed, err := a.codes(ctx)
	if err != nil {
		return nil, err
	}
	seal, err := a.sealKey()
	if err != nil {
		return nil, err
	}
	deps := a.deps()
	deps.Codes, deps.Public, deps.Named = printed, a.outside(), a.city.FindNamed
	m := channels.New(channels.Config{
		Registry: all.Registry(), Channels: configs, Intake: in, Deps: deps,
		Store: channel.New(a.db, a.clock), Decide: a.holder.Decide, Check: intake.Check,
		Publish: a.republish, Window: a.window, Seen: a.db.FindReceipts, Again: a.again,
		Log: a.log, Clock: a.clock, SealKey: seal,
	})
	if err := m.Open(ctx); err != nil {
		return nil, err
	}
	m.Mount(mux)
	m.API(mux, a.opts.Token)
	for _, loop := range m.Loops() {
		actor(ctx, g, loop)
	}
	return configs, nil
}

// republish puts a dead record back where it failed.
func (a *App) republish(topic, key string, payload []byte) error {
	m := message.NewMessage("", payload)
	if topic == bus.Submissions {
		var s hub.Submission
		if json.Unmarshal(payload, &s) == nil {
			m.UUID = string(s.Receipt)
		}
	}
	m.Metadata.Set(bus.MetaKey, key)
	return a.pub.Publish(topic, m)
}

// window reads what intake accepted in a window of time.
func (a *App) window(ctx context.Context, from, to time.Time, visit func([]byte, hub.Submission) error) error {
	return kafka.Window(ctx, a.brokers, bus.Submissions, from, to, func(m *message.Message) error {
		var s hub.Submission
		if json.Unmarshal(m.Payload, &s) != nil {
			return nil // is in the dead letters
		}
		return visit(m.Payload, s)
	})
}

// again puts a submission on the bus as it was; the desk opens one case.
func (a *App) again(_ context.Context, raw []byte, s hub.Submission) error {
	m := message.NewMessage(string(s.Receipt), raw)
	m.Metadata.Set(bus.MetaKey, string(s.Channel)+"/"+s.ExternalID)
	return a.pub.Publish(bus.Submissions, m)
}

// sealKey is what signing keys are sealed with in the database: that of the
// environment, the same on all nodes, or one in the data folder.
func (a *App) sealKey() ([]byte, error) {
	if text := os.Getenv("MASHANG_SEAL_KEY"); text != "" {
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(key) != 32 {
			return nil, errors.New("MASHANG_SEAL_KEY: 应为 32 字节的 Base64（openssl rand -base64 32）")
		}
		return key, nil
	}
	file := filepath.Join(a.opts.Data, "seal.key")
	key, err := os.ReadFile(file)
	if err == nil && len(key) == 32 {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the seal key: %w", err)
	}
	key = make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	if err := adapters.WriteFile(file, key); err != nil {
		return nil, fmt.Errorf("keep the seal key: %w", err)
	}
	return key, nil
}
