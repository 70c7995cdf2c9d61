package app

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/desk"
	"github.com/mashang-hub/mashang/hub/intake"
	"github.com/mashang-hub/mashang/hub/postgres/places"
)

// seed writes places and posts of the city and, in a demo with an empty
// database, the invented cases.
func (a *App) seed(ctx context.Context) error {
	store := places.New(a.db)
	if err := store.SavePlaces(ctx, a.city.Places); err != nil {
		return fmt.Errorf("save places: %w", err)
	}
	posts := make([]places.Post, 0, len(a.city.Posts))
	for _, p := range a.city.Posts {
		posts = append(posts, places.Post{Rung: p.Rung, Place: p.Place, Post: p.Post, Person: p.Person, Name: p.Name})
	}
	if err := store.SavePosts(ctx, posts, a.clock.Now()); err != nil {
		return fmt.Errorf("save posts: %w", err)
	}
	n, err := a.cases.CountCases(ctx, hub.Filter{})
	if err != nil || !a.opts.Demo || n > 0 {
		return err
	}
	return a.seedDemo(ctx)
}

// seedDemo lets the invented cases live through their past: the same desk at
// virtual time.
func (a *App) seedDemo(ctx context.Context) error {
	key, err := a.db.NumberingKey(ctx)
	if err != nil {
		return fmt.Errorf("numbering key: %w", err)
	}
	opened := map[string]hub.CaseID{} // by channel/external id, for those that are merged
	for _, c := range a.city.Demo {
		id, err := a.live(ctx, key, c, opened)
		if err != nil {
			return fmt.Errorf("demo case %s: %w", c.ExternalID, err)
		}
		opened[string(c.Channel)+"/"+c.ExternalID] = id
	}
	return nil
}

// publisherFunc is a publisher that is one function.
type publisherFunc func(topic string, msgs ...*message.Message) error

// Publish calls f.
func (f publisherFunc) Publish(topic string, msgs ...*message.Message) error {
	return f(topic, msgs...)
}

// live opens one invented case and takes it through its steps, spread evenly
// over its age.
func (a *App) live(ctx context.Context, key []byte, c city.DemoCase, opened map[string]hub.CaseID) (hub.CaseID, error) {
	now := a.clock.Now()
	at := c.Opened(now)
	clock := hub.ClockFunc(func() time.Time { return at })
	d := desk.New(deskStore{a.cases, clock, len(c.Life) > 0}, a.rules.Rollout(), a.know, clock)
	straight := publisherFunc(func(_ string, msgs ...*message.Message) error { return d.Receive(ctx, msgs) })
	got, err := intake.New(straight, a.cases, key, a.city.Prefix, clock).Accept(ctx, []hub.Submission{{
		Content: hub.Content{
			Title: c.Title, Text: c.Text, PlaceText: c.PlaceText,
			Reporter: hub.Reporter{Name: c.Name, Phone: c.Phone, Anonymous: c.Name == ""},
		},
		Channel: c.Channel, ExternalID: c.ExternalID, Place: c.Place, SubmittedAt: at,
		Raw: []byte(c.Text), MediaType: "text/plain; charset=utf-8",
	}})
	if err == nil {
		err = got[0].Err
	}
	if err != nil {
		return "", err
	}
	id := got[0].Case
	for i, step := range c.Life {
		at = c.At(i, now)
		row, _, err := a.cases.Case(ctx, id)
		if err != nil {
			return "", err
		}
		cmds := commandsOf(step, row, c, at)
		if step.Name() == "merge" {
			cmds = append(cmds, hub.Merge{By: clerk(), Into: opened[step.Arg()], Text: "同一事项"})
		}
		for _, cmd := range cmds {
			if _, err = d.Do(ctx, id, cmd); err != nil {
				a.log.Warn("demo step", "case_id", id, "step", string(step), "err", err)
				break
			}
		}
	}
	return id, nil
}

// commandsOf turns a step of a life into commands of the one who would give
// them; a case that the rules left at the sorting desk is assigned first.
func commandsOf(step city.Step, c hub.Case, demo city.DemoCase, now time.Time) []hub.Command {
	name, text, _ := strings.Cut(string(step), ":")
	var out []hub.Command
	lead := c.Lead()
	clerk := clerk()
	if c.Status == hub.StatusSorting && name != "reject" && name != "answer" && name != "assign" && name != "merge" {
		lead = demo.Lead
		out = append(out, hub.Assign{By: clerk, Lead: lead, Co: demo.Co})
	}
	by := hub.By{Actor: hub.ByDepartment(lead)}
	switch name {
	case "sign":
		return append(out, hub.SignFor{By: by, Department: lead})
	case "progress":
		return append(out, hub.Progress{By: by, Department: lead, Text: text})
	case "send_back":
		return append(out, hub.SendBack{By: by, Department: lead, Text: text})
	case "resolve":
		for _, part := range c.Assignments {
			if part.Role == hub.RoleCo && part.DoneAt.IsZero() {
				co := hub.By{Actor: hub.ByDepartment(part.Department)}
				out = append(out, hub.Resolve{By: co, Department: part.Department, Text: "协办部分已完成"})
			}
		}
		return append(out, hub.Resolve{By: by, Department: lead, Text: text})
	case "assign":
		return append(out, hub.Assign{By: clerk, Lead: demo.Lead, Co: demo.Co, Text: text})
	case "suspend":
		return append(out, hub.Suspend{By: clerk, Text: text, Until: now.AddDate(0, 3, 0)})
	case "extend":
		b, err := hub.ParseBudget(text)
		if err != nil {
			b = hub.Budget{N: 5, Unit: hub.WorkingDay}
		}
		return append(out, hub.AskExtension{By: by, Extension: hub.Extension{Budget: b, Reason: "需要现场施工条件"}})
	}
	if cmd := personal(name, text, clerk); cmd != nil {
		out = append(out, cmd)
	}
	return out
}

func clerk() hub.By {
	return hub.By{Actor: hub.Actor{Kind: hub.ActorPerson, ID: "clerk", Name: "分拨员"}}
}

// personal are the steps that do not depend on the department.
func personal(name, text string, clerk hub.By) hub.Command {
	citizen := hub.By{Actor: hub.Actor{Kind: hub.ActorCitizen}}
	leader := hub.By{Actor: hub.Actor{Kind: hub.ActorPerson, ID: "leader", Name: "分管领导"}}
	switch name {
	case "contact":
		return hub.Contact{By: clerk, Text: text}
	case "reject":
		return hub.Reject{By: clerk, Text: text}
	case "answer":
		return hub.AnswerAtOnce{By: clerk, Text: text}
	case "ask":
		return hub.AskCitizen{By: clerk, Text: text}
	case "reply":
		return hub.CitizenReply{By: citizen, Text: text}
	case "grant":
		return hub.DecideExtension{By: leader, Approve: true, Text: text}
	case "refuse":
		return hub.DecideExtension{By: leader, Text: text}
	case "resume":
		return hub.ResumeCase{By: clerk, Text: text}
	case "rate":
		stars, _ := strconv.Atoi(text)
		return hub.Rate{By: citizen, Stars: stars}
	case "reopen":
		return hub.Reopen{By: citizen, Text: text}
	case "escalate":
		return hub.Escalate{By: clerk, Text: text}
	case "supervise":
		return hub.Supervise{By: leader, Text: text}
	case "instruct":
		return hub.Instruct{By: leader, Text: text}
	case "answer_demand":
		return hub.AnswerDemand{By: clerk, Text: text}
	case "archive":
		return hub.Archive{By: clerk}
	}
	return nil
}
