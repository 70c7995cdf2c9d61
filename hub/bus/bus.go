// Package bus names what the parts of the hub say to each other over Kafka:
// the topics (主题), the metadata of a message and where it came from.
//
// It carries nothing itself: package kafka publishes and consumes, package
// embedded is the broker of a single machine. Start with [Topics].
package bus

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// The topics that every installation has.
const (
	// Submissions (来件) carries what channels handed in, keyed by channel
	// and external id.
	Submissions = "mashang.submissions"
	// Events (事件) carries what happened to cases, keyed by case.
	Events = "mashang.events"
	// Updates (办理反馈) carries what departments report back, keyed by case.
	Updates = "mashang.updates"
	// Notices (通知) carries what people are to be told, keyed by case.
	Notices = "mashang.notices"
	// Audit (审计检查点) carries signed checkpoints of the audit away from the
	// database.
	Audit = "mashang.audit"
	// Rules (规则切换) tells every node that rule sets were released.
	Rules = "mashang.rules"
	// DeadLetters (死信) keeps, byte for byte, what could not be handled.
	DeadLetters = "mashang.dead"

	alertPrefix = "mashang.alerts."
)

// Alerts is the topic of what department d is pushed (推送), keyed by case.
func Alerts(d hub.DepartmentCode) string { return alertPrefix + string(d) }

// IsAlerts reports whether topic is one of those that Alerts names.
func IsAlerts(topic string) bool { return strings.HasPrefix(topic, alertPrefix) }

// How long a topic keeps its records.
const (
	// KeepWork is for topics that the hub reads within moments; PostgreSQL
	// has the truth. It leaves time for a long outage.
	KeepWork = 14 * 24 * time.Hour
	// KeepDead is for dead letters, which wait for a person.
	KeepDead = 90 * 24 * time.Hour
	// KeepAudit is longer than records of logs must be kept.
	KeepAudit = 366 * 24 * time.Hour
)

// A Topic is a topic as it is to be created.
type Topic struct {
	Name       string
	Partitions int
	// Retention is always set on the topic itself: a broker's default is
	// not ours, and the embedded broker cleans up only where it is told to.
	Retention time.Duration
}

// Topics lists all the topics of a hub with these departments. Dead letters
// and switches of rules are few and have one partition.
func Topics(depts []hub.DepartmentCode, partitions int) []Topic {
	partitions = max(partitions, 1)
	var topics []Topic
	for _, name := range []string{Submissions, Events, Updates, Notices} {
		topics = append(topics, Topic{Name: name, Partitions: partitions, Retention: KeepWork})
	}
	for _, d := range depts {
		// One partition carries far more than one department can answer, and
		// spares the broker a flush for each of the others.
		topics = append(topics, Topic{Name: Alerts(d), Partitions: 1, Retention: KeepWork})
	}
	return append(topics, Topic{Name: DeadLetters, Partitions: 1, Retention: KeepDead},
		Topic{Name: Audit, Partitions: 1, Retention: KeepAudit},
		Topic{Name: Rules, Partitions: 1, Retention: KeepWork})
}

// CaseEvent (事项事件) begins the type of an event of a case in its CloudEvents
// envelope; the event's name and a version follow.
const CaseEvent = "mashang.case."

// KindOf reads which event of a case the envelope in payload holds, without
// decoding it. It returns "" when it cannot tell.
func KindOf(payload []byte) hub.EventType {
	const head = 256 // the type comes early
	_, rest, ok := bytes.Cut(payload[:min(head, len(payload))], []byte(`"type":"`+CaseEvent))
	kind, _, ended := bytes.Cut(rest, []byte("."))
	if !ok || !ended {
		return ""
	}
	return hub.EventType(kind)
}

// The metadata keys of a message. On Kafka they are record headers, except
// MetaKey, which is the record's key. The ce_ names are the CloudEvents
// binding for Kafka, version 1.0.
const (
	MetaKey         = "key"
	MetaContentType = "content-type"
	MetaSpecVersion = "ce_specversion"
	MetaID          = "ce_id"
	MetaType        = "ce_type"
	MetaSource      = "ce_source"
	MetaSubject     = "ce_subject"
	MetaTime        = "ce_time"
)

// The metadata that a dead letter has beside its own.
const (
	DeadTopic     = "dead_topic"     // where it came from
	DeadPartition = "dead_partition" // and in which partition
	DeadOffset    = "dead_offset"    // and at which offset
	DeadGroup     = "dead_group"     // who could not handle it
	DeadReason    = "dead_reason"    // the last error
	DeadAttempts  = "dead_attempts"  // how often it was tried
)

// A Position says where in Kafka a message was read.
type Position struct {
	Topic     string
	Partition int32
	Offset    int64
	At        time.Time // when the broker or the producer stamped it
}

type positionKey struct{}

// WithPosition returns a context that carries p.
func WithPosition(ctx context.Context, p Position) context.Context {
	return context.WithValue(ctx, positionKey{}, p)
}

// PositionOf returns the position that a consumed message's context carries.
func PositionOf(ctx context.Context) (Position, bool) {
	p, ok := ctx.Value(positionKey{}).(Position)
	return p, ok
}
