// Package citizen takes what citizens say about their own case after it was
// opened: an answer when they were asked, a rating, and that the matter is not
// settled.
//
// Who knows the case number and the last four digits of the telephone, or has
// the link, is taken for the citizen; guesses are few and all wrong answers
// look the same. Start with [Counter].
package citizen

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/expirable"

	"github.com/mashang-hub/mashang/hub"
)

// Limits of guessing: wrong proofs for one case, from one address and in all,
// in a quarter of an hour.
const (
	perCase   = 5
	perRemote = 30
	perAll    = 3000
	window    = 15 * time.Minute
	maxText   = 2000 // runes
	maxRounds = 4    // a case is not opened again by its citizen after that
)

// A Store reads cases. It returns an Error of CodeNotFound for one that does
// not exist.
type Store interface {
	Case(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error)
}

// A Desk carries out commands, all or none.
type Desk interface {
	DoAll(ctx context.Context, id hub.CaseID, messageID string, cmds ...hub.Command) (hub.Case, error)
}

// A Proof (凭证) shows that somebody is the citizen: the last four digits of
// the telephone, or the key of the link.
type Proof struct {
	Tail   string `json:"tail,omitempty"`
	Key    string `json:"key,omitempty"`
	Remote string `json:"-"` // address of the sender
}

// A Counter (市民窗口) hears citizens. Make one with New; it is safe for
// concurrent use.
type Counter struct {
	store Store
	desk  Desk
	clock hub.Clock
	key   []byte
	days  int

	mu     sync.Mutex // guards counting in wrongs
	wrongs *lru.LRU[string, wrongs]
}

// New returns a Counter; key makes the links, and days is how long after its
// closing a citizen may have a case opened again.
func New(store Store, desk Desk, clock hub.Clock, key []byte, days int) *Counter {
	return &Counter{
		store: store, desk: desk, clock: clock, key: key, days: days,
		wrongs: lru.NewLRU[string, wrongs](100_000, nil, 2*window),
	}
}

// Key returns the key of the link to a case: /t/NUMBER?k=KEY.
func (c *Counter) Key(id hub.CaseID) string {
	h := hmac.New(sha256.New, c.key)
	h.Write([]byte("citizen/" + id))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:16])
}

// check returns the case if p proves that its citizen is asking.
func (c *Counter) check(ctx context.Context, id hub.CaseID, p Proof) (hub.Case, error) {
	if !c.guess(id, p) {
		return hub.Case{}, hub.Errorf(hub.CodeForbidden, "citizen.too_often")
	}
	kase, s, err := c.store.Case(ctx, id)
	if err != nil && hub.CodeOf(err) != hub.CodeNotFound {
		c.count(id, p, -1)
		return kase, err
	}
	tail := tailOf(s.Reporter.Phone)
	byTail := len(tail) == 4 && subtle.ConstantTimeCompare([]byte(tail), []byte(p.Tail)) == 1
	byKey := subtle.ConstantTimeCompare([]byte(c.Key(id)), []byte(strings.ToUpper(p.Key))) == 1
	if err == nil && (byTail || byKey) {
		c.count(id, p, -1)
		return kase, nil
	}
	return hub.Case{}, hub.Errorf(hub.CodeForbidden, "citizen.proof")
}

// limits says how often a proof may be wrong, by what is counted.
func limits(id hub.CaseID, p Proof) map[string]int {
	return map[string]int{"case " + string(id): perCase, "from " + p.Remote: perRemote, "all": perAll}
}

// guess takes p for wrong until it is proved right, so that many guesses at
// once are no more than few. It reports whether there may be another.
func (c *Counter) guess(id hub.CaseID, p Proof) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, limit := range limits(id, p) {
		if c.current(name).n >= limit {
			return false
		}
	}
	c.add(id, p, 1)
	return true
}

func (c *Counter) count(id hub.CaseID, p Proof, by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(id, p, by)
}

func (c *Counter) add(id hub.CaseID, p Proof, by int) {
	for name := range limits(id, p) {
		w := c.current(name)
		w.n = max(0, w.n+by)
		c.wrongs.Add(name, w)
	}
}

// wrongs are the wrong proofs since the first of a quarter of an hour.
type wrongs struct {
	n     int
	until time.Time
}

func (c *Counter) current(name string) wrongs {
	now := c.clock.Now()
	if w, ok := c.wrongs.Get(name); ok && now.Before(w.until) {
		return w
	}
	return wrongs{until: now.Add(window)}
}

func tailOf(phone string) string {
	if len(phone) < 7 {
		return ""
	}
	return phone[len(phone)-4:]
}

func by() hub.By { return hub.By{Actor: hub.Actor{Kind: hub.ActorCitizen}} }

func said(text string) (string, error) {
	text = strings.TrimSpace(text)
	if len([]rune(text)) > maxText {
		return "", hub.Errorf(hub.CodeTooLarge, "citizen.text", maxText)
	}
	return text, nil
}

// Reply answers what the citizen was asked; the clocks run on.
func (c *Counter) Reply(ctx context.Context, id hub.CaseID, p Proof, text string) (hub.Case, error) {
	if _, err := c.check(ctx, id, p); err != nil {
		return hub.Case{}, err
	}
	text, err := said(text)
	if err == nil && text == "" {
		err = hub.Errorf(hub.CodeInvalid, "text.required")
	}
	if err != nil {
		return hub.Case{}, err
	}
	return c.desk.DoAll(ctx, id, "", hub.CitizenReply{By: by(), Text: text})
}

// A Rating (评价) is what a citizen thinks of how their case was handled. One
// or two stars need a reason; Again has the case opened again.
type Rating struct {
	Stars int    `json:"stars"`
	Text  string `json:"text,omitempty"`
	Again bool   `json:"again,omitempty"`
}

// Rate records a rating and, if that is asked for, opens the case again.
func (c *Counter) Rate(ctx context.Context, id hub.CaseID, p Proof, r Rating) (hub.Case, error) {
	kase, err := c.check(ctx, id, p)
	if err != nil {
		return kase, err
	}
	if r.Text, err = said(r.Text); err != nil {
		return kase, err
	}
	if r.Text == "" && (r.Again || r.Stars >= 1 && r.Stars <= 2) {
		return kase, hub.Errorf(hub.CodeInvalid, "citizen.why")
	}
	cmds := []hub.Command{hub.Rate{By: by(), Stars: r.Stars, Text: r.Text}}
	if r.Again {
		if err := c.mayReopen(kase); err != nil {
			return kase, err
		}
		cmds = append(cmds, hub.Reopen{By: by(), Text: "反映人不满意：" + r.Text})
	}
	return c.desk.DoAll(ctx, id, "", cmds...)
}

// Reopen has a case opened again that is not settled.
func (c *Counter) Reopen(ctx context.Context, id hub.CaseID, p Proof, text string) (hub.Case, error) {
	kase, err := c.check(ctx, id, p)
	if err != nil {
		return kase, err
	}
	if text, err = said(text); err == nil && text == "" {
		err = hub.Errorf(hub.CodeInvalid, "citizen.why")
	}
	if err == nil {
		err = c.mayReopen(kase)
	}
	if err != nil {
		return kase, err
	}
	return c.desk.DoAll(ctx, id, "", hub.Reopen{By: by(), Text: "反映人要求重办：" + text})
}

func (c *Counter) mayReopen(k hub.Case) error {
	switch {
	case k.Status.Open():
		return hub.Errorf(hub.CodeConflict, "citizen.open")
	case k.ClosedAt.AddDate(0, 0, c.days).Before(c.clock.Now()):
		return hub.Errorf(hub.CodeConflict, "citizen.too_late", c.days)
	case k.Round >= maxRounds:
		return hub.Errorf(hub.CodeConflict, "citizen.rounds")
	}
	return nil
}
