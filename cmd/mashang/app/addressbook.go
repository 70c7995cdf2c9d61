package app

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/courier"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	letters "github.com/mashang-hub/mashang/hub/postgres/courier"
)

// addressBook knows what notices are about and who is told, from cases,
// accounts and the city's list of people.
type addressBook struct {
	*App
	store *letters.Store
}

// Urgencies implements courier.Book.
func (b addressBook) Urgencies(ctx context.Context, ids []hub.CaseID) (map[hub.CaseID]hub.Urgency, error) {
	return b.store.Urgencies(ctx, ids)
}

// Joined implements courier.Book.
func (b addressBook) Joined(ctx context.Context, ids []hub.CaseID) (map[hub.CaseID][]hub.CaseID, error) {
	return b.store.Joined(ctx, ids)
}

// Told implements courier.Book.
func (b addressBook) Told(ctx context.Context, n courier.Notice) (courier.Told, error) {
	ctx = hub.WithScope(ctx, hub.Everything())
	c, s, err := b.cases.Case(ctx, n.Case)
	if err != nil {
		return courier.Told{}, err
	}
	id, seq := n.EventOf()
	t := b.told(n, cases.Happened{Case: c, Submission: s})
	events, err := b.cases.Events(ctx, id)
	if err != nil {
		return t, err
	}
	if id != n.Case {
		_, whose, err := b.cases.Case(ctx, id)
		if err != nil {
			return t, err
		}
		t.Whose = whose.Content
	}
	for _, e := range events {
		if e.Seq == seq {
			t.Event = e
		}
	}
	return t, nil
}

// ToldAll implements courier.Book: it leaves out those whose event is one of
// another case.
func (b addressBook) ToldAll(ctx context.Context, all []courier.Notice) (map[string]courier.Told, error) {
	own := map[string]cases.Moment{}
	for _, n := range all {
		if id, seq := n.EventOf(); id == n.Case {
			own[n.ID] = cases.Moment{Case: id, Seq: seq}
		}
	}
	happened, err := b.cases.Happened(ctx, slices.Collect(maps.Values(own)))
	if err != nil {
		return nil, err
	}
	out := map[string]courier.Told{}
	for _, n := range all {
		if h, ok := happened[own[n.ID]]; ok {
			out[n.ID] = b.told(n, h)
		}
	}
	return out, nil
}

// told puts what n is about into the city's words.
func (b addressBook) told(n courier.Notice, h cases.Happened) courier.Told {
	c, s := h.Case, h.Submission
	t := courier.Told{Case: c, Content: s.Content, Event: h.Event, City: b.city.Name, Link: b.base + "/cases/" + string(c.ID)}
	t.Place = cmp.Or(b.places[c.Place].Name, s.PlaceText)
	if n.Person == "" {
		t.Link = b.citizenLink(c.ID)
		t.Place = cmp.Or(s.PlaceText, t.Place)
	}
	if step, ok := b.city.Ladder.Step(n.Rung); ok {
		t.Post = step.Title
	}
	return t
}

// citizenLink is where the citizen of a case sees it without a password.
func (b addressBook) citizenLink(id hub.CaseID) string {
	return b.base + "/t/" + url.PathEscape(string(id)) + "?k=" + b.counter.Key(id)
}

// Address implements courier.Book: a member of staff is found by their account
// or in the city's list.
func (b addressBook) Address(ctx context.Context, n courier.Notice, t courier.Told) (courier.Address, error) {
	if n.Person == "" {
		r := t.Content.Reporter
		return courier.Address{Name: r.Name, Phone: r.Phone, Account: r.Account, Channel: t.Case.Channel}, nil
	}
	a := courier.Address{Person: n.Person}
	account, err := b.people.FindPerson(ctx, n.Person)
	if err != nil && hub.CodeOf(err) != hub.CodeNotFound {
		return a, err
	}
	a.Name, a.Phone, a.Mail = account.Name, account.Phone, account.Mail
	listed := b.staff[n.Person]
	a.Name, a.Phone = cmp.Or(a.Name, listed.Name), cmp.Or(a.Phone, listed.Phone)
	return a, nil
}
