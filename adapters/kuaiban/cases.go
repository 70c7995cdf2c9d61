package kuaiban

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// Pages of a list of cases.
const (
	pageSize = 20
	maxSize  = 100
	maxPage  = 1000
)

// A Mine is one of a user's own cases. Who they are is not in it, and numbers
// in what they said are masked: the answer may be seen over a shoulder.
type Mine struct {
	Tracking   hub.CaseID `json:"tracking"`
	ExternalID string     `json:"external_id"`
	Title      string     `json:"title"`
	Text       string     `json:"text"`
	Status     hub.Status `json:"status"`
	StatusText string     `json:"status_text"`
	Open       bool       `json:"open"`
	Agency     string     `json:"agency,omitempty"`
	Address    string     `json:"address,omitempty"`
	StatusURL  string     `json:"status_url"`
	OpenedAt   time.Time  `json:"opened_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
}

// A List is one page of a user's cases, newest first.
type List struct {
	Cases []Mine `json:"cases"`
	Page  int    `json:"page"`
	More  bool   `json:"more"` // whether there is another page
}

// cases serves GET …/cases?user=ID&page=1&page_size=20. The signature is over
// the method and the address with its query, so that nobody who sees one
// request can ask for another user.
func (a *adapter) cases(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		adapters.WriteProblem(w, hub.Errorf(hub.CodeInvalid, "http.method"), http.StatusMethodNotAllowed)
		return
	}
	list, err := a.list(r)
	if err != nil {
		adapters.WriteError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(list) // the app went away: it will ask again
}

// signed is what the app signs of a request without a body.
func signed(r *http.Request) []byte { return []byte(r.Method + " " + r.URL.RequestURI()) }

func (a *adapter) list(r *http.Request) (List, error) {
	if err := adapters.CheckHMAC(r, a.secret, signed(r), a.deps.Clock.Now()); err != nil {
		return List{}, err
	}
	q := r.URL.Query()
	user := q.Get("user")
	if user == "" || len(q["user"]) > 1 {
		return List{}, hub.Errorf(hub.CodeInvalid, "submission.field", "user", user)
	}
	page, err := number(q.Get("page"), 1, maxPage)
	if err != nil {
		return List{}, err
	}
	size, err := number(q.Get("page_size"), pageSize, maxSize)
	if err != nil {
		return List{}, err
	}
	found, err := a.deps.Public.Cases(r.Context(), adapters.PublicFilter{
		Channels: []hub.ChannelCode{a.channel}, Account: user, Limit: size + 1, Offset: (page - 1) * size,
	})
	if err != nil {
		return List{}, err
	}
	out := List{Cases: []Mine{}, Page: page, More: len(found) > size}
	for _, c := range found[:min(size, len(found))] {
		out.Cases = append(out.Cases, Mine{
			Tracking: c.ID, ExternalID: c.ExternalID, Title: hub.Headline(c.Description), Text: c.Description,
			Status: c.Status, StatusText: glossary.Zh(string(c.Status)), Open: c.Status.Open(), Agency: c.Agency, Address: c.Address,
			StatusURL: adapters.StatusURL(c.ID), OpenedAt: c.OpenedAt, UpdatedAt: c.UpdatedAt,
		})
	}
	return out, nil
}

// number reads a whole number from 1 to most.
func number(text string, unset, most int) (int, error) {
	if text == "" {
		return unset, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, hub.Errorf(hub.CodeInvalid, "query.number", text)
	}
	return n, nil
}
