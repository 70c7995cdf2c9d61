package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/oklog/run"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
	"github.com/mashang-hub/mashang/hub/dispatch"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/notice"
	"github.com/mashang-hub/mashang/hub/postgres/deliveries"
	"github.com/mashang-hub/mashang/hub/postgres/notices"
	"github.com/mashang-hub/mashang/plugins/host"
)

// departments adds, for each department, its plugin process, its lane and the
// way back of its updates; the relay of the outbox and one consumer file the
// alerts of all, and one waker tells the lanes what is due.
func (a *App) departments(ctx context.Context, g *run.Group) error {
	dir, err := runDir(a.opts.Data)
	if err != nil {
		return err
	}
	a.pluginDir = dir
	a.defers("plugin sockets", func() error { return os.RemoveAll(dir) })
	if err := a.openJournals(); err != nil {
		return err
	}
	a.lanes = map[hub.DepartmentCode]*dispatch.Lane{}
	store := deliveries.New(a.db)
	waker := &dispatch.Waker{Planner: store, Clock: a.clock, Log: a.log}
	topics := make([]string, 0, len(a.city.Departments))
	for _, d := range a.city.Departments {
		spec, err := a.pluginSpec(d, dir)
		if err != nil {
			return fmt.Errorf("plugin of %s: %w", d.Code, err)
		}
		plugin := host.New(spec, a.log)
		lane := dispatch.New(d.Code, store, plugin, a.clock, a.log, dispatch.Options{
			Jitter: rand.Float64, Feedback: a.feedback, Alarm: a.endpointAlarm, Poll: time.Minute,
			Prepare: a.addLink,
		})
		a.lanes[d.Code] = lane
		waker.Lanes = append(waker.Lanes, lane)
		topics = append(topics, bus.Alerts(d.Code))
		a.plugins = append(a.plugins, plugin)
		actor(ctx, g, plugin.Run)
		actor(ctx, g, lane.Run)
		actor(ctx, g, func(ctx context.Context) error {
			return plugin.Updates(ctx, func(u hub.Update) error { return lane.Report(ctx, u) })
		})
	}
	actor(ctx, g, waker.Run)
	intake := dispatch.NewIntake(a.noticeDesk(), a.clock, a.notify, nil)
	a.consumeBatches(ctx, g, kafka.SubscriberConfig{Group: "mashang.dispatch", BatchWait: dispatch.BatchWait}, topics, intake.Record)
	actor(ctx, g, func(ctx context.Context) error { return a.db.Relay(ctx, intake.Beside(ctx, a.pub.Relay), a.log) })
	actor(ctx, g, a.notices.Run)
	actor(ctx, g, a.dailyLoop().Run)
	return nil
}

// noticeDesk files alerts as the departments' policies and the silences say.
func (a *App) noticeDesk() *notice.Desk {
	policies := map[hub.DepartmentCode]notice.Policy{}
	for _, d := range a.city.Departments {
		policies[d.Code] = d.Notices
	}
	a.notices = &notice.Desk{Store: notices.New(a.db.Pool()), Policies: policies, Clock: a.clock, Log: a.log, Notify: a.notify}
	return a.notices
}

func (a *App) silencing() *api.Silencing {
	return &api.Silencing{Store: notices.New(a.db.Pool()), Clock: a.clock, Changed: a.notices.Forget}
}

// notify wakes the lane of d, if there is one.
func (a *App) notify(d hub.DepartmentCode) {
	if lane, ok := a.lanes[d]; ok {
		lane.Notify()
	}
}

// endpointAlarm tells people, by another way than the one that fails, that a
// department's endpoint fails, is gone or is well again: by the notices on the
// bus and as a push to the department that looks after the others.
func (a *App) endpointAlarm(ctx context.Context, al dispatch.Alarm) {
	id := fmt.Sprintf("E%s-%s-%d", al.Department, al.State, al.At.UnixMicro())
	payload, err := json.Marshal(al)
	if err == nil {
		m := message.NewMessage(id, payload)
		m.Metadata.Set(bus.MetaKey, string(al.Department))
		m.Metadata.Set(bus.MetaType, "mashang.endpoint."+string(al.State)+".v1")
		err = errors.Join(a.pub.Publish(bus.Notices, m), a.pushAlarm(ctx, id, al))
	}
	if err != nil {
		a.log.Error("tell of an endpoint", "department", string(al.Department), "err", err)
	}
}

func (a *App) pushAlarm(ctx context.Context, id string, al dispatch.Alarm) error {
	to := a.city.Alarms
	if to == "" || to == al.Department {
		return nil
	}
	alert := hub.Alert{
		ID: hub.AlertID(id + ".1." + string(to)), Department: to, Role: hub.RoleLead, Event: hub.Endpoint, Seq: 1,
		At: al.At, Case: hub.CaseID(id), Class: hub.Class{Urgency: hub.UrgencyUrgent},
		Content: hub.Content{
			Title: glossary.In("department", string(al.Department)) + "：" + glossary.In("alarm", string(al.State)), Text: al.Reason,
		},
	}
	if err := deliveries.New(a.db).AddDeliveries(ctx, []hub.Alert{alert}, al.At); err != nil {
		return fmt.Errorf("push the alarm: %w", err)
	}
	a.notify(to)
	return nil
}

// feedback puts a department's report on the bus, from where the desk takes it.
func (a *App) feedback(_ context.Context, u hub.Update) error {
	payload, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("encode update %s: %w", u.ID, err)
	}
	m := message.NewMessage(string(u.Department)+"/"+u.ID, payload)
	m.Metadata.Set(bus.MetaKey, string(u.Case))
	return a.pub.Publish(bus.Updates, m)
}
