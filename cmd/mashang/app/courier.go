package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/oklog/run"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
	"github.com/mashang-hub/mashang/hub/courier"
	"github.com/mashang-hub/mashang/hub/mask"
	letters "github.com/mashang-hub/mashang/hub/postgres/courier"
	"github.com/mashang-hub/mashang/plugins/relay/app"
	"github.com/mashang-hub/mashang/plugins/relay/drop"
	"github.com/mashang-hub/mashang/plugins/relay/mail"
	words "github.com/mashang-hub/mashang/plugins/relay/message"
	"github.com/mashang-hub/mashang/plugins/relay/robot"
	"github.com/mashang-hub/mashang/plugins/relay/sms"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// openCourier adds the loops that tell people one by one: from the bus to the
// list of notices, and from there to whoever is told.
func (a *App) openCourier(ctx context.Context, g *run.Group) error {
	senders := map[string]courier.Sender{}
	for name, way := range a.city.Telling.Ways {
		s, err := a.wayOf(way)
		if err != nil {
			return fmt.Errorf("notices.yaml: ways.%s: %w", name, err)
		}
		senders[name] = s
	}
	c := (&courier.Courier{
		Store: letters.New(a.db), Book: addressBook{a, letters.New(a.db)}, Policy: a.city.Telling.Policy, Ladder: a.city.Ladder,
		Senders: senders, Clock: a.clock, Log: a.log,
	}).Open()
	a.courier = c
	a.consumeBatches(ctx, g, kafka.SubscriberConfig{Group: "mashang.courier", BatchWait: courier.BatchWait}, []string{bus.Notices}, c.Record)
	if len(c.Policy.News()) > 0 {
		a.consumeBatches(ctx, g, kafka.SubscriberConfig{Group: "mashang.courier.news", BatchWait: courier.BatchWait}, []string{bus.Events}, c.Hear)
	}
	actor(ctx, g, c.Run)
	return nil
}

// telling shows and repeats notices.
func (a *App) telling() *api.Telling {
	return &api.Telling{
		Store: letters.New(a.db), Clock: a.clock, Policy: a.city.Telling.Policy, Ladder: a.city.Ladder,
		Words: func(ctx context.Context, n courier.Notice) (courier.Message, error) { return a.courier.Words(ctx, n) },
		Wake:  func() { a.courier.Notify() },
	}
}

// wayOf makes a way from its configuration.
func (a *App) wayOf(w city.Way) (courier.Sender, error) {
	raw := json.RawMessage(os.Expand(string(w.Config), os.Getenv))
	switch w.Kind {
	case "sms":
		c := sms.Default()
		return opened(a, raw, &c, func() (*sms.Direct, error) { return sms.NewDirect(c) }, texted)
	case "mail":
		c := mail.Default()
		return opened(a, raw, &c, func() (*mail.Direct, error) { return mail.NewDirect(c) }, a.written)
	case "app":
		var c app.Config
		return opened(a, raw, &c, func() (*app.App, error) { return app.New(c, a.clock) }, called)
	case "wecom", "dingtalk", "feishu":
		c := robot.Default()
		c.Format = "text"
		return opened(a, raw, &c, func() (*robot.Robot, error) { return robot.New(robot.Vendor(w.Kind), c, a.clock) }, posted)
	case "file":
		var c struct {
			Dir string `json:"dir"`
			// Plain writes telephones in full, for a gateway that fetches files.
			Plain bool `json:"plain"`
		}
		dir := func() (*drop.Drop, error) {
			abs, err := filepath.Abs(filepath.Join(a.opts.Data, "notices"))
			if err != nil {
				return nil, err
			}
			return drop.New(cmp.Or(c.Dir, abs))
		}
		return opened(a, raw, &c, dir, func(d *drop.Drop) courier.SenderFunc { return dropped(d, c.Plain) })
	}
	return nil, hub.Errorf(hub.CodeInvalid, "notice.kind", w.Kind)
}

// opened decodes the configuration of a way, makes it and closes it at the end.
func opened[C any, W interface{ Close() error }](a *App, raw json.RawMessage, config *C, open func() (W, error),
	send func(W) courier.SenderFunc,
) (courier.Sender, error) {
	if err := webhook.Decode(raw, config); err != nil {
		return nil, err
	}
	w, err := open()
	if err != nil {
		return nil, err
	}
	a.defers("way of notices", w.Close)
	return send(w), nil
}

func texted(d *sms.Direct) courier.SenderFunc {
	return func(ctx context.Context, m courier.Message) hub.Receipt {
		write := func(v map[string]string) string { text, _ := courier.Fill(m.Template.Text, v); return text }
		return d.Send(ctx, sms.Text{ID: m.ID, Phone: m.To.Phone, Code: m.Template.Code, Params: m.Params, Write: write})
	}
}

// written writes to the mail address of a member of staff; of a citizen the hub
// knows none.
func (a *App) written(d *mail.Direct) courier.SenderFunc {
	return func(ctx context.Context, m courier.Message) hub.Receipt {
		if m.To.Person == "" {
			return hub.Receipt{Outcome: hub.Refused, Reason: "citizens leave no mail address"}
		}
		return d.Send(ctx, mail.Letter{ID: m.ID, To: m.To.Mail, Subject: "【" + a.city.Name + "】" + m.Text, Text: m.Text, At: m.At})
	}
}

// called sends to staff by their number in the list of people, and to citizens
// by their number in the app.
func called(x *app.App) courier.SenderFunc {
	return func(ctx context.Context, m courier.Message) hub.Receipt {
		user := cmp.Or(string(m.To.Person), m.To.Account)
		return x.Send(ctx, app.Message{ID: m.ID, User: user, Text: m.Text, Link: m.Link, Loud: m.Critical, At: m.At})
	}
}

// posted posts into a group what staff are told; a citizen is in no group.
func posted(r *robot.Robot) courier.SenderFunc {
	return func(ctx context.Context, m courier.Message) hub.Receipt {
		if m.To.Person == "" {
			return hub.Receipt{Outcome: hub.Refused, Reason: "citizens are in no group"}
		}
		level := words.Warn
		if m.Critical {
			level = words.Severe
		}
		return r.Tell(ctx, words.Message{ID: m.ID, Level: level, Title: m.Text, Link: m.Link, At: m.At, Of: m.Of})
	}
}

func dropped(d *drop.Drop, plain bool) courier.SenderFunc {
	return func(ctx context.Context, m courier.Message) hub.Receipt {
		l := drop.Line{ID: m.ID, At: m.At, Name: mask.Name(m.To.Name), Phone: mask.Phone(m.To.Phone), Text: m.Text}
		if plain {
			l.Name, l.Phone = m.To.Name, m.To.Phone
		}
		return d.Send(ctx, l)
	}
}
