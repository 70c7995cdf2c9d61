package dispatch_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/dispatch"
)

func TestIntakeRecordsAndTells(t *testing.T) {
	s, told, dead := &shelf{}, []hub.DepartmentCode{}, []string{}
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	in := dispatch.NewIntake(s, hub.ClockFunc(func() time.Time { return now }),
		func(d hub.DepartmentCode) { told = append(told, d) },
		func(_ context.Context, m *message.Message, _ string) error { dead = append(dead, m.UUID); return nil })
	one, _ := json.Marshal(alert("heating", "A", 1))
	two, _ := json.Marshal(alert("heating", "B", 1))
	err := in.Record(t.Context(), []*message.Message{
		message.NewMessage("1", one), message.NewMessage("2", []byte("not json")), message.NewMessage("3", two),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.ds) != 2 || s.ds[1].Alert.Case != "B" || !s.ds[0].NextAt.Equal(now) {
		t.Errorf("stored %+v", s.ds)
	}
	if len(told) != 1 || told[0] != "heating" {
		t.Errorf("told %v", told)
	}
	if len(dead) != 1 || dead[0] != "2" {
		t.Errorf("dead letters %v", dead)
	}
}

func TestIntakeWithoutDeadLettersRefuses(t *testing.T) {
	in := dispatch.NewIntake(&shelf{}, hub.ClockFunc(time.Now), nil, nil)
	if err := in.Record(t.Context(), []*message.Message{message.NewMessage("1", []byte(`{"id":"x"}`))}); err == nil {
		t.Error("an incomplete alert was taken")
	}
}
