package release

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
)

// A Status (规则状态) is what is in force, on the way and wrong.
type Status struct {
	Active  *Release  `json:"active"`
	Canary  *Release  `json:"canary,omitempty"`
	Shadow  *Release  `json:"shadow,omitempty"`
	Drafts  []Release `json:"drafts"`
	Banner  string    `json:"banner,omitempty"` // what is wrong, in words
	Healthy bool      `json:"healthy"`
}

// An Outcome (发布结果) is a release and what it went through.
type Outcome struct {
	Release Release `json:"release"`
	Gates   []Gate  `json:"gates,omitempty"`
}

// A Version (版本) names a rule set: a source, or a released hash, or "active".
type Version struct {
	Ref    string `json:"ref,omitempty"`
	Source []byte `json:"source,omitempty"`
}

// maxBody bounds a request: a rule set of 10,000 rules, packed, is far smaller.
const maxBody = 16 << 20

// A Submitted (提交内容) is a rule set on its way in. People are known by their
// log-in; only a program that acts for others names the author.
type Submitted struct {
	Proposal
	Source []byte `json:"source"` // packed
}

// A Log (发布历史) is all releases and what was done to them, newest first.
type Log struct {
	Releases []Release `json:"releases"`
	Log      []Entry   `json:"log"`
}

// Routes returns the API of the life cycle.
func (m *Manager) Routes(lib Library) []api.Route {
	return append(m.readRoutes(lib), m.changeRoutes()...)
}

func (m *Manager) readRoutes(lib Library) []api.Route {
	read := func(path, summary string, answer any, f func(*http.Request) (any, error), query ...api.Param) api.Route {
		return api.Route{
			Method: "GET", Path: path, Right: access.ReadRules, Reach: access.NoCases, Handle: f,
			Summary: summary, Query: query, Answer: answer,
		}
	}
	ask := func(path, summary string, f func(context.Context, *Question) (any, error)) api.Route {
		return api.Route{
			Method: "POST", Path: path, Right: access.ReadRules, Reach: access.NoCases, Summary: summary,
			Handle: post(func(r *http.Request, in *Question) (any, error) { return f(r.Context(), in) }),
			Body:   Question{}, Answer: map[string]any{},
		}
	}
	return []api.Route{
		read("/api/v1/rules", "哪个规则集在用，哪些在路上，有什么问题", Status{},
			func(r *http.Request) (any, error) { return m.Status(r.Context()) }),
		read("/api/v1/rules/releases", "发布历史：谁、何时、为什么", Log{},
			func(r *http.Request) (any, error) { return m.Log(r.Context(), lib) }),
		read("/api/v1/rules/gates/{hash}", "一个规则集过了哪些关口", Outcome{}, func(r *http.Request) (any, error) {
			rel, gates, err := m.Gates(r.Context(), hub.RuleSetHash(r.PathValue("hash")))
			return Outcome{rel, gates}, err
		}),
		read("/api/v1/rules/shadow", "影子运行的规则集与实际判定的不同", ShadowReport{},
			func(r *http.Request) (any, error) {
				return m.ShadowReport(r.Context(), lib, hub.RuleSetHash(r.URL.Query().Get("hash")))
			}, api.Param{Name: "hash", Summary: "规则集编号"}),
		read("/api/v1/rules/tail", "实时判定；没有新的时等一会儿再答", JudgedPage{},
			func(r *http.Request) (any, error) { return m.tail(r, lib) }, api.Param{Name: "after", Summary: "上次答复里的 next"}),
		{
			Method: "GET", Path: "/api/v1/rules/explain/{case}", Right: access.ReadRules, Reach: access.OwnCases,
			Summary: "一件事项为什么这样判定，用当时的规则集解释", Answer: map[string]any{},
			Handle: func(r *http.Request) (any, error) {
				return m.explain(r.Context(), lib, hub.CaseID(r.PathValue("case")))
			},
		},
		ask("/api/v1/rules/diff", "两个规则集对近期历史的判定有什么不同", m.Diff),
		ask("/api/v1/rules/simulate", "一个规则集会怎样判定近期历史", m.simulate),
	}
}

func (m *Manager) changeRoutes() []api.Route {
	return []api.Route{
		{
			Method: "POST", Path: "/api/v1/rules/releases", Right: access.WriteRules, Reach: access.NoCases,
			Summary: "提交规则：检查、跑例、与启用版本对比历史，成为草稿", Body: Submitted{}, Answer: Outcome{},
			Handle: post(func(r *http.Request, in *Submitted) (any, error) {
				in.Author = who(r, in.Author)
				rel, gates, err := m.Propose(r.Context(), in.Source, in.Proposal)
				return Outcome{rel, gates}, err
			}),
		},
		{
			Method: "POST", Path: "/api/v1/rules/promote", Right: access.ApproveRules, Reach: access.NoCases,
			Summary: "批准规则到影子、灰度或启用；提交人不能批准自己的", Body: Promotion{}, Answer: Outcome{},
			Handle: post(func(r *http.Request, in *Promotion) (any, error) {
				in.By = who(r, in.By)
				rel, gates, err := m.Promote(r.Context(), *in)
				return Outcome{rel, gates}, err
			}),
		},
		{
			Method: "POST", Path: "/api/v1/rules/rollback", Right: access.ApproveRules, Reach: access.NoCases,
			Summary: "撤下刚上线的规则，恢复上一版", Body: Rollback{}, Answer: Outcome{},
			Handle: post(func(r *http.Request, in *Rollback) (any, error) {
				in.By = who(r, in.By)
				rel, err := m.Rollback(r.Context(), *in)
				return Outcome{Release: rel}, err
			}),
		},
	}
}

// who is the person that r comes from; a service names the one it acts for.
func who(r *http.Request, named string) string {
	p := access.Of(r.Context())
	if p.Service {
		return named
	}
	return p.Account
}

// post reads a JSON body strictly. It insists on JSON, which a form of another
// site cannot send.
func post[T any](f func(*http.Request, *T) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		if mt, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); mt != "application/json" {
			return nil, hub.Errorf(hub.CodeInvalid, "api.json_only")
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if err != nil {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "json.invalid", Err: err}
		}
		if len(body) > maxBody {
			return nil, hub.Errorf(hub.CodeTooLarge, "release.too_large")
		}
		var in T
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "json.invalid", Err: err}
		}
		return f(r, &in)
	}
}

// Status says what is in force.
func (m *Manager) Status(ctx context.Context) (Status, error) {
	all, err := m.store.Releases(ctx, recent)
	if err != nil {
		return Status{}, err
	}
	s := Status{Drafts: []Release{}, Banner: m.Banner()}
	s.Healthy = s.Banner == ""
	for i, r := range all {
		switch r.State {
		case Active:
			s.Active = &all[i]
		case Canary:
			s.Canary = &all[i]
		case Shadow:
			s.Shadow = &all[i]
		case Draft:
			s.Drafts = append(s.Drafts, r)
		case Retired:
		}
	}
	return s, nil
}

// Log returns the releases and what was done to them, newest first.
func (m *Manager) Log(ctx context.Context, lib Library) (Log, error) {
	all, err := m.store.Releases(ctx, recent)
	if err != nil {
		return Log{}, err
	}
	log, err := lib.Entries(ctx, 200)
	if all == nil {
		all = []Release{}
	}
	return Log{all, log}, err
}

// Gates returns the newest release of hash, or of what begins with it, and what
// it went through.
func (m *Manager) Gates(ctx context.Context, hash hub.RuleSetHash) (Release, []Gate, error) {
	all, err := m.store.Releases(ctx, recent)
	if err != nil {
		return Release{}, nil, err
	}
	r, err := find(all, hash)
	if err != nil {
		return r, nil, err
	}
	gates, err := m.store.Gates(ctx, r.Hash)
	return r, gates, err
}

// Resolve returns the rule set that ref names: a state, or a hash or its
// beginning.
func (m *Manager) Resolve(ctx context.Context, ref string) (hub.RuleSetHash, error) {
	all, err := m.store.Releases(ctx, recent)
	if err != nil {
		return "", err
	}
	if r, ok := in(all, State(ref)); ok {
		return r.Hash, nil
	}
	r, err := find(all, hub.RuleSetHash(ref))
	return r.Hash, err
}

// explain explains a case by the rule set that decided it.
func (m *Manager) explain(ctx context.Context, lib Library, id hub.CaseID) (any, error) {
	s, d, err := lib.Decided(ctx, id)
	if err != nil {
		return nil, err
	}
	rules, err := m.load(ctx, d.RuleSet)
	if err != nil {
		return nil, err
	}
	return m.engine.Explain(rules, &s), nil
}

// ShadowReport reports on the shadow that runs, or on the one that hash names.
func (m *Manager) ShadowReport(ctx context.Context, lib Library, hash hub.RuleSetHash) (ShadowReport, error) {
	if hash == "" {
		all, err := m.store.Releases(ctx, recent)
		if err != nil {
			return ShadowReport{}, err
		}
		rel, ok := in(all, Shadow)
		if !ok {
			return ShadowReport{}, hub.Errorf(hub.CodeNotFound, "release.no_shadow")
		}
		return lib.ShadowSummary(ctx, rel.Hash, 20)
	}
	full, err := m.Resolve(ctx, string(hash))
	if err != nil {
		return ShadowReport{}, err
	}
	return lib.ShadowSummary(ctx, full, 20)
}

// A Question (提问) asks what rule sets would do with history.
type Question struct {
	Versions []Version `json:"versions"`
	Since    string    `json:"since"` // such as 30d
}

func (q *Question) from(now time.Time) (time.Time, error) {
	b, err := hub.ParseBudget(q.Since)
	return now.Add(-b.Length()), err
}

func (m *Manager) version(ctx context.Context, v Version) (Rules, error) {
	if v.Source != nil {
		return m.engine.Open(v.Source)
	}
	hash, err := m.Resolve(ctx, v.Ref)
	if err != nil {
		return nil, err
	}
	return m.load(ctx, hash)
}

// Diff says what changes over history when the second version of q takes the
// place of the first.
func (m *Manager) Diff(ctx context.Context, q *Question) (any, error) {
	since, err := q.from(m.clock.Now())
	if err != nil {
		return nil, err
	}
	if len(q.Versions) != 2 {
		return nil, hub.Errorf(hub.CodeInvalid, "release.versions")
	}
	before, err := m.version(ctx, q.Versions[0])
	if err != nil {
		return nil, err
	}
	after, err := m.version(ctx, q.Versions[1])
	if err != nil {
		return nil, err
	}
	r, err := m.engine.Compare(ctx, before, after, since)
	return r.Data, err
}

func (m *Manager) simulate(ctx context.Context, q *Question) (any, error) {
	since, err := q.from(m.clock.Now())
	if err != nil {
		return nil, err
	}
	if len(q.Versions) == 0 {
		q.Versions = []Version{{Ref: string(Active)}}
	}
	rules, err := m.version(ctx, q.Versions[0])
	if err != nil {
		return nil, err
	}
	r, err := m.engine.Simulate(ctx, rules, since)
	return r.Data, err
}
