// Package embedded is the Kafka of a single machine: a broker inside the
// process that speaks the Kafka protocol on the loopback interface and keeps
// its records on disk.
//
// It acknowledges after fsync, so that neither a killed process nor a power
// cut loses what was acknowledged. It is one node: it refuses to be a cluster
// or to listen to other machines; for that, run Apache Kafka. Start with
// [Start].
package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
)

// lockName is the file in the data folder that the running broker locks.
const lockName = "mashang.lock"

// A Broker is a running broker.
type Broker struct {
	cluster *kfake.Cluster
	lock    *os.File
	once    sync.Once
	err     error
}

// Start opens the broker on dir and creates the topics that it lacks. addr is
// a loopback address such as "127.0.0.1:9092"; port 0 picks a free one. A
// folder belongs to one broker at a time: a second one gets a conflict with
// the key "data.locked".
func Start(ctx context.Context, dir, addr string, topics []bus.Topic) (*Broker, error) {
	port, err := loopbackPort(addr)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make broker folder: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.Ports(port),
		kfake.ClusterID("mashang"),
		kfake.DataDir(filepath.Join(dir, "log")),
		kfake.SyncWrites(),
		kfake.BrokerConfigs(brokerConfigs()),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start broker on %s in %s: %w", addr, dir, err), lock.Close())
	}
	b := &Broker{cluster: cluster, lock: lock}
	if err := kafka.EnsureTopics(ctx, []string{b.Addr()}, topics); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// brokerConfigs are the settings of the broker. Auto-creation of topics is off
// by default and stays off: an auto-created topic would not survive a kill.
func brokerConfigs() map[string]string {
	return map[string]string{
		// A group that was away keeps its place: the default is a week.
		"offsets.retention.minutes":  strconv.Itoa(180 * 24 * 60),
		"default.replication.factor": "1",
		"min.insync.replicas":        "1",
	}
}

// loopbackPort returns the port of addr, which must not be open to others.
func loopbackPort(addr string) (int, error) {
	if addr == "" {
		return 0, nil
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return 0, &hub.Error{Code: hub.CodeInvalid, Key: "bus.addr_invalid", Args: []any{addr}, Err: err}
	}
	switch host {
	case "", "localhost", "127.0.0.1":
	default:
		return 0, hub.Errorf(hub.CodeInvalid, "bus.loopback_only", addr)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return 0, &hub.Error{Code: hub.CodeInvalid, Key: "bus.addr_invalid", Args: []any{addr}, Err: err}
	}
	return int(n), nil
}

// lockFolder takes the lock of dir; closing the file gives it back, and so
// does the end of the process.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := tryLock(f); err != nil {
		_ = f.Close()
		return nil, &hub.Error{Code: hub.CodeConflict, Key: "data.locked", Args: []any{dir}, Err: err}
	}
	return f, nil
}

// Addr is where the broker listens.
func (b *Broker) Addr() string { return b.cluster.ListenAddrs()[0] }

// Close stops the broker in order and gives the folder back. It may be called
// again.
func (b *Broker) Close() error {
	b.once.Do(func() {
		b.cluster.Close()
		b.err = b.lock.Close()
	})
	return b.err
}
