// Package release is the life of a rule set between an author's desk and the
// cases of citizens: draft (草稿), shadow (影子), canary (灰度), active (启用),
// retired (停用).
//
// A set is known by its content. Before it may judge anything, its check, its
// examples and its effect on history are on record for that very content, and
// somebody other than its author has approved it. All nodes learn of a switch
// over the bus and read the truth from the store; one that cannot load the new
// set keeps the old one and says so. The package does not know how rules are
// written or stored. Start with [Manager].
package release

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"slices"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A State (发布状态) is how far a release has come.
type State string

// The states, in order.
const (
	Draft   State = "draft"   // 草稿: judges nothing
	Shadow  State = "shadow"  // 影子: judges beside the active set, for comparison only
	Canary  State = "canary"  // 灰度: judges the cases of its scope
	Active  State = "active"  // 启用: judges all others
	Retired State = "retired" // 停用
)

// rank orders the states.
func (s State) rank() int {
	return slices.Index([]State{Draft, Shadow, Canary, Active, Retired}, s)
}

// An Origin (来源) says who brought a release.
type Origin string

// The origins.
const (
	ByPeople Origin = "people" // 发布: an author and an approver
	ByFolder Origin = "folder" // 目录: the city's folder beside the hub
)

// A Release (规则发布) is one rule set on its way.
type Release struct {
	ID         int64           `json:"id"`
	Hash       hub.RuleSetHash `json:"hash"`
	State      State           `json:"state"`
	Origin     Origin          `json:"origin"`
	Author     string          `json:"author"`
	Approver   string          `json:"approver,omitempty"`
	Why        string          `json:"why"`
	Forced     string          `json:"forced,omitempty"` // why gates were skipped
	Scope      Scope           `json:"scope,omitzero"`
	Previous   int64           `json:"previous,omitempty"` // release that it took the place of
	CreatedAt  time.Time       `json:"created_at"`
	ApprovedAt time.Time       `json:"approved_at,omitzero"`
	ActiveAt   time.Time       `json:"active_at,omitzero"`
	RetiredAt  time.Time       `json:"retired_at,omitzero"`
}

// A Scope (灰度范围) is the part of the cases that a canary judges: those that
// meet all conditions that are given.
type Scope struct {
	Places   []hub.PlaceCode   `json:"places,omitempty"`
	Channels []hub.ChannelCode `json:"channels,omitempty"`
	Percent  int               `json:"percent,omitempty"` // of the case numbers; 0 is no condition
}

// Empty reports whether s has no condition.
func (s Scope) Empty() bool { return len(s.Places) == 0 && len(s.Channels) == 0 && s.Percent == 0 }

// Has reports whether a case is in s. The same case is always on the same side,
// and growing the percentage only adds cases.
func (s Scope) Has(c *hub.Submission) bool {
	if len(s.Channels) > 0 && !slices.Contains(s.Channels, c.Channel) {
		return false
	}
	if len(s.Places) > 0 && !slices.ContainsFunc(s.Places, c.Place.Within) {
		return false
	}
	return s.Percent == 0 || share(c) < s.Percent
}

// share is a number from 0 to 99 that the case's number determines.
func share(c *hub.Submission) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(c.Case))
	x := h.Sum64()
	x = (x ^ x>>33) * 0xff51afd7ed558ccd // the low bits of FNV are too alike
	return int((x ^ x>>33) % 100)
}

// A GateName names a gate.
type GateName string

// The gates.
const (
	GateCheck GateName = "check" // 检查
	GateTest  GateName = "test"  // 例
	GateDiff  GateName = "diff"  // 与启用版本在历史上的差异
)

// Gates lists them in order.
func Gates() []GateName { return []GateName{GateCheck, GateTest, GateDiff} }

// A Gate (关口) is what a rule set went through before it may act.
type Gate struct {
	Gate    GateName        `json:"gate"`
	OK      bool            `json:"ok"`
	At      time.Time       `json:"at"`
	Base    hub.RuleSetHash `json:"base,omitempty"` // of a diff: the set compared with
	Summary string          `json:"summary"`        // Chinese sentence
	Report  json.RawMessage `json:"report,omitempty"`
}

// An Entry (发布记录) says who did what to a release, when and why.
type Entry struct {
	Release int64     `json:"release"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Action  string    `json:"action"` // propose, promote, rollback, adopt, retire
	From    State     `json:"from,omitempty"`
	To      State     `json:"to"`
	Why     string    `json:"why,omitempty"`
	Forced  string    `json:"forced,omitempty"`
}

// A Step is one change of one release with its entry. A release with ID 0 is
// new.
type Step struct {
	Release Release
	Entry   Entry
}

// A Comparison (影子对比) is one case as the live set and the shadow judge it.
type Comparison struct {
	Case   hub.CaseID      `json:"case"`
	At     time.Time       `json:"at"`
	Shadow hub.RuleSetHash `json:"shadow"`
	Live   hub.RuleSetHash `json:"live"`
	Before hub.Decision    `json:"before"`
	After  hub.Decision    `json:"after"`
	Same   bool            `json:"same"`
}

// A Store keeps releases. Its methods are safe for concurrent use.
type Store interface {
	// Releases returns the newest releases, at most limit, newest first.
	Releases(ctx context.Context, limit int) ([]Release, error)
	// Change locks the releases against other changes, lets decide choose
	// steps, and stores them with a message to all nodes in one transaction.
	Change(ctx context.Context, decide func(all []Release) ([]Step, error)) ([]Release, error)
	// Source returns what SaveSource kept; CodeNotFound if nothing.
	Source(ctx context.Context, hash hub.RuleSetHash) ([]byte, error)
	// SaveSource keeps a rule set under its content address; it may be
	// called again. The gates replace older ones of the same name.
	SaveSource(ctx context.Context, hash hub.RuleSetHash, source []byte, gates []Gate, now time.Time) error
	// Gates returns what hash went through.
	Gates(ctx context.Context, hash hub.RuleSetHash) ([]Gate, error)
}
