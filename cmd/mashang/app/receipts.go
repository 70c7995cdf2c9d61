package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/postgres/feedback"
	"github.com/mashang-hub/mashang/hub/receipt"
	words "github.com/mashang-hub/mashang/plugins/relay/message"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// openReceipts makes the links with which departments answer from a phone; base
// is the address under which phones reach the hub.
func (a *App) openReceipts(ctx context.Context, base string) error {
	key, err := a.db.NumberingKey(ctx)
	if err != nil {
		return fmt.Errorf("key of receipt links: %w", err)
	}
	a.base, a.links = strings.TrimRight(base, "/"), receipt.NewLinks(base, key)
	return nil
}

// addLink puts the signed link into an alert that is about to be pushed.
func (a *App) addLink(al *hub.Alert) {
	switch al.Event { //nolint:exhaustive // the rest tells of one case
	case hub.Gathered, hub.Digested, hub.Endpoint:
		return // none to sign for
	}
	extra := maps.Clone(al.Content.Extra)
	if extra == nil {
		extra = map[string]string{}
	}
	extra[words.ReceiptURL] = a.links.For(*al)
	al.Content.Extra = extra
}

// mountReceipts mounts what departments reach without an account: the page
// behind their links and the schemas of the events.
func (a *App) mountReceipts(mux *http.ServeMux) {
	mux.Handle("/d/", a.receipts())
	mux.Handle("GET /schemas/", webhook.Schemas())
}

// receipts is the page behind the links. What it reports passes the desk's door
// for departments at once, so that the phone shows what became of it.
func (a *App) receipts() http.Handler {
	departments := make([]hub.Department, len(a.city.Departments))
	for i, d := range a.city.Departments {
		departments[i] = d.Department
	}
	return receipt.New(receipt.Parts{
		Links: a.links, Clock: a.clock, Log: a.log, Case: a.cases.Case, Departments: departments,
		Feedback: feedback.New(a.db.Pool()).Save, SavePhoto: a.saveAttachment,
		Place: func(code hub.PlaceCode) string { return a.places[code].Name },
		Update: func(ctx context.Context, u hub.Update) error {
			payload, err := json.Marshal(u)
			if err != nil {
				return fmt.Errorf("encode update %s: %w", u.ID, err)
			}
			return a.desk.Update(ctx, []*message.Message{message.NewMessage(string(u.Department)+"/"+u.ID, payload)})
		},
	})
}

// A FeedbackList (反馈统计) is what departments said of the alerts of each rule.
type FeedbackList struct {
	Feedback []feedback.Count `json:"feedback"`
}

// feedbackWindow is how far back feedback counts for a rule.
const feedbackWindow = 90 * 24 * time.Hour

// feedbackRoutes shows the score of the rules.
func (a *App) feedbackRoutes() []api.Route {
	store := feedback.New(a.db.Pool())
	return []api.Route{{
		Method: "GET", Path: "/api/v1/feedback", Right: access.ReadDeliveries, Reach: access.NoCases,
		Summary: "部门对推送的反馈（误报、不归我们、信息不全），按规则计，近 90 天", Answer: FeedbackList{},
		Handle: func(r *http.Request) (any, error) {
			counts, err := store.Counts(r.Context(), a.clock.Now().Add(-feedbackWindow))
			if counts == nil {
				counts = []feedback.Count{}
			}
			return FeedbackList{counts}, err
		},
	}}
}
