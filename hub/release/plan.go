package release

import (
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// The plans below are pure: they look at all releases, newest first, and
// answer with the steps to take or with why not.

// A Proposal (提交) asks for a rule set to be released.
type Proposal struct {
	Author string `json:"author"`
	Why    string `json:"why"`
}

func (p Proposal) plan(all []Release, hash hub.RuleSetHash, now time.Time) ([]Step, error) {
	if p.Author == "" || p.Why == "" {
		return nil, hub.Errorf(hub.CodeInvalid, "release.author_required")
	}
	for _, r := range all {
		switch {
		case r.Hash != hash || r.State == Retired:
		case r.State == Draft && r.Author == p.Author:
			next := r
			next.Why = p.Why
			return []Step{{next, Entry{At: now, By: p.Author, Action: "propose", From: Draft, To: Draft, Why: p.Why}}}, nil
		case r.State != Draft:
			return nil, hub.Errorf(hub.CodeConflict, "release.already", string(r.State), Short(hash))
		}
	}
	r := Release{Hash: hash, State: Draft, Origin: ByPeople, Author: p.Author, Why: p.Why, CreatedAt: now}
	return []Step{{r, Entry{At: now, By: p.Author, Action: "propose", To: Draft, Why: p.Why}}}, nil
}

// A Promotion (批准) takes a release to its next state.
type Promotion struct {
	Hash  hub.RuleSetHash `json:"hash"` // or its beginning, at least six characters
	To    State           `json:"to"`
	By    string          `json:"by"`
	Why   string          `json:"why,omitempty"`
	Scope Scope           `json:"scope,omitzero"` // of a canary
	Force string          `json:"force,omitempty"`
}

func (p Promotion) validate() error {
	switch {
	case p.By == "":
		return hub.Errorf(hub.CodeInvalid, "release.approver_required")
	case p.To != Shadow && p.To != Canary && p.To != Active:
		return hub.Errorf(hub.CodeInvalid, "release.unknown_state", string(p.To))
	case p.To == Canary && p.Scope.Empty() || p.Scope.Percent < 0 || p.Scope.Percent > 100:
		return hub.Errorf(hub.CodeInvalid, "release.scope_required")
	case p.To != Canary && !p.Scope.Empty():
		return hub.Errorf(hub.CodeInvalid, "release.scope_of_canary")
	}
	return nil
}

func (p Promotion) plan(all []Release, now time.Time) ([]Step, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	r, err := find(all, p.Hash)
	if err != nil {
		return nil, err
	}
	switch {
	case r.State == Retired || r.State == Active:
		return nil, hub.Errorf(hub.CodeConflict, "release.already", string(r.State), Short(r.Hash))
	case p.To.rank() < r.State.rank() || p.To == r.State && p.To != Canary:
		return nil, hub.Errorf(hub.CodeConflict, "release.backwards", string(r.State), string(p.To))
	case p.By == r.Author:
		return nil, hub.Errorf(hub.CodeForbidden, "release.same_person", p.By)
	}
	var steps []Step
	next := r
	if cur, ok := in(all, p.To); ok && cur.ID != r.ID {
		if p.To != Active {
			return nil, hub.Errorf(hub.CodeConflict, "release.busy", string(p.To), Short(cur.Hash))
		}
		next.Previous = cur.ID
		steps = append(steps, retire(cur, p.By, "promote", now, p.Why))
	}
	next.State, next.Scope = p.To, p.Scope
	if r.Approver == "" {
		next.Approver, next.ApprovedAt = p.By, now
	}
	if p.Force != "" {
		next.Forced = p.Force
	}
	if p.To == Active {
		next.ActiveAt = now
	}
	return append(steps, Step{next, Entry{
		At: now, By: p.By, Action: "promote", From: r.State, To: p.To, Why: p.Why, Forced: p.Force,
	}}), nil
}

// A Rollback (回滚) undoes the newest switch: it ends a canary, else it brings
// back the set that was active before, or the one that is named.
type Rollback struct {
	By  string          `json:"by"`
	Why string          `json:"why"`
	To  hub.RuleSetHash `json:"to,omitempty"`
}

func (b Rollback) plan(all []Release, now time.Time) ([]Step, error) {
	if b.By == "" {
		return nil, hub.Errorf(hub.CodeInvalid, "release.author_required")
	}
	if c, ok := in(all, Canary); ok && b.To == "" {
		return []Step{retire(c, b.By, "rollback", now, b.Why)}, nil
	}
	cur, ok := in(all, Active)
	if !ok {
		return nil, hub.Errorf(hub.CodeConflict, "release.nothing_before")
	}
	target, ok := b.target(all, cur)
	if !ok {
		return nil, hub.Errorf(hub.CodeConflict, "release.nothing_before")
	}
	next := target
	next.State, next.ActiveAt, next.RetiredAt = Active, now, time.Time{}
	return []Step{
		retire(cur, b.By, "rollback", now, b.Why),
		{next, Entry{At: now, By: b.By, Action: "rollback", From: target.State, To: Active, Why: b.Why}},
	}, nil
}

// target finds the release to bring back.
func (b Rollback) target(all []Release, cur Release) (Release, bool) {
	for _, r := range all {
		if r.ActiveAt.IsZero() || r.ID == cur.ID {
			continue
		}
		if b.To == "" && r.ID == cur.Previous || b.To != "" && matches(r.Hash, b.To) {
			return r, true
		}
	}
	return Release{}, false
}

// folderAuthor stands for the city's folder.
const folderAuthor = "城市目录"

// adopt puts the folder's set into force, or files it as a draft.
func adopt(all []Release, hash hub.RuleSetHash, activate bool, why string, now time.Time) []Step {
	cur, ok := in(all, Active)
	if ok && cur.Hash == hash {
		return nil
	}
	r := Release{Hash: hash, State: Draft, Origin: ByFolder, Author: folderAuthor, Why: why, CreatedAt: now}
	from := State("")
	for _, old := range all {
		if old.Hash == hash && old.State == Draft && old.Origin == ByFolder {
			r, from = old, Draft
		}
	}
	if !activate {
		if from == Draft {
			return nil
		}
		return []Step{{r, Entry{At: now, By: folderAuthor, Action: "propose", To: Draft, Why: why}}}
	}
	var steps []Step
	if ok {
		r.Previous = cur.ID
		steps = append(steps, retire(cur, folderAuthor, "adopt", now, why))
	}
	r.State, r.ActiveAt = Active, now
	return append(steps, Step{r, Entry{At: now, By: folderAuthor, Action: "adopt", From: from, To: Active, Why: why}})
}

func retire(r Release, by, action string, now time.Time, why string) Step {
	e := Entry{At: now, By: by, Action: action, From: r.State, To: Retired, Why: why}
	r.State, r.RetiredAt = Retired, now
	return Step{r, e}
}

// in finds the release that is in state s.
func in(all []Release, s State) (Release, bool) {
	for _, r := range all {
		if r.State == s {
			return r, true
		}
	}
	return Release{}, false
}

// find finds the newest release of hash, one that still lives before others.
func find(all []Release, hash hub.RuleSetHash) (Release, error) {
	var found *Release
	for i := range all {
		r := &all[i]
		if !matches(r.Hash, hash) {
			continue
		}
		if found != nil && found.Hash != r.Hash {
			return Release{}, hub.Errorf(hub.CodeInvalid, "release.ambiguous", string(hash))
		}
		if found == nil || found.State == Retired && r.State != Retired {
			found = r
		}
	}
	if found == nil {
		return Release{}, hub.Errorf(hub.CodeNotFound, "release.not_found", Short(hash))
	}
	return *found, nil
}

// matches reports whether hash is meant by its beginning.
func matches(hash, beginning hub.RuleSetHash) bool {
	return len(beginning) >= 6 && strings.HasPrefix(string(hash), string(beginning))
}

// Short is the beginning of hash, enough for people to tell sets apart.
func Short(hash hub.RuleSetHash) string { return string(hash[:min(12, len(hash))]) }
