package bus_test

import (
	"context"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
)

func TestTopicsNameEveryTopicOnceWithRetention(t *testing.T) {
	seen := map[string]bus.Topic{}
	for _, topic := range bus.Topics([]hub.DepartmentCode{"heating", "housing"}, 8) {
		if _, twice := seen[topic.Name]; twice {
			t.Errorf("%s is listed twice", topic.Name)
		}
		if topic.Retention <= 0 || topic.Partitions < 1 {
			t.Errorf("%s has no retention or partitions: %+v", topic.Name, topic)
		}
		seen[topic.Name] = topic
	}
	for _, name := range []string{
		"mashang.submissions", "mashang.events", "mashang.updates", "mashang.notices",
		"mashang.dead", "mashang.alerts.heating", "mashang.alerts.housing",
	} {
		if _, ok := seen[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
	if n := seen[bus.Submissions].Partitions; n != 8 {
		t.Errorf("submissions has %d partitions, want 8", n)
	}
}

func TestPosition(t *testing.T) {
	if _, ok := bus.PositionOf(t.Context()); ok {
		t.Error("a bare context has a position")
	}
	want := bus.Position{Topic: bus.Events, Partition: 3, Offset: 7}
	got, ok := bus.PositionOf(bus.WithPosition(context.Background(), want))
	if !ok || got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
