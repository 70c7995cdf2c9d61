package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"

	"github.com/IBM/sarama"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
)

// EnsureTopics creates the topics that the brokers lack, with the brokers' own
// replication factor. It leaves a topic that exists as it is: changing its
// partitions would break the order of its keys. It may be called at every
// start and by several nodes at once.
func EnsureTopics(ctx context.Context, brokers []string, topics []bus.Topic, security ...Security) error {
	cfg, err := secured(first(security))
	if err != nil {
		return err
	}
	admin, err := sarama.NewClusterAdmin(brokers, cfg)
	if err != nil {
		return unreached(brokers, cfg, fmt.Errorf("connect to Kafka %v: %w", brokers, err))
	}
	defer func() { _ = admin.Close() }()
	have, err := admin.ListTopics()
	if err != nil {
		return unreached(brokers, cfg, fmt.Errorf("list topics: %w", err))
	}
	for _, t := range topics {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, ok := have[t.Name]; ok {
			continue
		}
		err := admin.CreateTopic(t.Name, detail(t), false)
		if err != nil && !errors.Is(err, sarama.ErrTopicAlreadyExists) {
			return unavailable(fmt.Errorf("create topic %s: %w", t.Name, err))
		}
	}
	return nil
}

func detail(t bus.Topic) *sarama.TopicDetail {
	retention := "-1" // for ever
	if t.Retention > 0 {
		retention = strconv.FormatInt(t.Retention.Milliseconds(), 10)
	}
	entries := map[string]*string{"retention.ms": &retention}
	if t.Name == bus.DeadLetters {
		limit := strconv.Itoa(deadBytes)
		entries["max.message.bytes"] = &limit
	}
	return &sarama.TopicDetail{
		NumPartitions:     int32(max(t.Partitions, 1)),
		ReplicationFactor: -1,
		ConfigEntries:     entries,
	}
}

// unreached says why the first connection with cfg did not come about. A login
// or certificate that is not taken is wrong tomorrow too, so it is not
// unavailable: somebody must change it. A broker that hangs up may mean that,
// or be on its way down.
func unreached(brokers []string, cfg *sarama.Config, err error) error {
	at := strings.Join(brokers, ",")
	if errors.Is(err, sarama.ErrSASLAuthenticationFailed) {
		return &hub.Error{Code: hub.CodeUnauthorized, Key: "bus.login_refused", Args: []any{at, cfg.Net.SASL.User}, Err: err}
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &hub.Error{Code: hub.CodeUnauthorized, Key: "bus.certificate", Args: []any{at}, Err: err}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return &hub.Error{Code: hub.CodeUnavailable, Key: "bus.hung_up", Args: []any{at}, Err: err}
	}
	return unavailable(err)
}

// unavailable wraps err for callers that can try again.
func unavailable(err error) error {
	return &hub.Error{Code: hub.CodeUnavailable, Key: "bus.unavailable", Err: err}
}
