package app

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/desk"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/public"
)

// outside is what channels may show to anyone.
type outside struct {
	cases    *cases.Store
	store    *public.Store
	desk     *desk.Desk
	places   map[hub.PlaceCode]hub.Place
	agencies map[hub.DepartmentCode]string
}

func (a *App) outside() outside {
	o := outside{a.cases, public.New(a.db), a.desk, a.places, map[hub.DepartmentCode]string{}}
	for _, d := range a.city.Departments {
		o.agencies[d.Code] = d.Name
	}
	return o
}

// Cases lists cases, newest first.
func (o outside) Cases(ctx context.Context, f adapters.PublicFilter) ([]adapters.PublicCase, error) {
	found, err := o.store.Cases(ctx, public.Filter(f))
	if err != nil {
		return nil, err
	}
	out := make([]adapters.PublicCase, 0, len(found))
	for _, at := range found {
		c, s, err := o.cases.Case(ctx, at.ID)
		if err != nil {
			return nil, fmt.Errorf("read case %s: %w", at.ID, err)
		}
		out = append(out, adapters.PublicCase{
			Case: c, Description: mask.Said(s.Text, s.Content), Address: o.address(c.Place), Agency: o.agencies[c.Lead()],
			Extra: s.Extra, UpdatedAt: at.UpdatedAt,
		})
	}
	return out, nil
}

// told are the steps that a reporter hears of.
func told() []hub.EventType {
	return []hub.EventType{
		hub.Assigned, hub.SignedFor, hub.ContactMade, hub.Progressed, hub.InfoAsked, hub.InfoGiven, hub.ExtensionApproved,
		hub.Suspended, hub.Resumed, hub.Resolved, hub.Answered, hub.Rejected, hub.Merged, hub.Reopened, hub.Archived,
	}
}

// Updates lists steps in [from, to), oldest first. Notes between offices stay
// inside: only what was written for the reporter is shown.
func (o outside) Updates(ctx context.Context, channels []hub.ChannelCode, from, to time.Time, limit int) ([]adapters.PublicUpdate, error) {
	steps, err := o.store.Steps(ctx, channels, told(), from, to, limit)
	if err != nil {
		return nil, err
	}
	out := make([]adapters.PublicUpdate, 0, len(steps))
	for _, s := range steps {
		u := adapters.PublicUpdate{
			ID: string(s.Case) + "." + strconv.FormatInt(s.Seq, 10), Case: s.Case, Step: s.Type, At: s.At, Open: true,
		}
		switch s.Type {
		case hub.Resolved, hub.Answered, hub.Rejected, hub.InfoAsked:
			u.Text = mask.Text(s.Text)
			u.Open = s.Type == hub.InfoAsked
		case hub.Merged, hub.Archived:
			u.Open = false
		default:
		}
		out = append(out, u)
	}
	return out, nil
}

// Reply hands the reporter's answer to the desk.
func (o outside) Reply(ctx context.Context, id hub.CaseID, text string) error {
	_, err := o.desk.Do(ctx, id, hub.CitizenReply{By: hub.By{Actor: hub.Actor{Kind: hub.ActorCitizen}}, Text: text})
	return err
}

// address names a place from the county down.
func (o outside) address(code hub.PlaceCode) string {
	var names []string
	for p, ok := o.places[code]; ok && p.Level != hub.LevelCity && len(names) < 8; p, ok = o.places[p.Parent] {
		names = append([]string{p.Name}, names...)
	}
	return strings.Join(names, "")
}
