package api

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"strconv"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// Ledger reads the audit.
type Ledger interface {
	Audit(ctx context.Context, f auditlog.Filter) ([]audit.Entry, error)
	// VerifyAudit follows the chains in one snapshot, see auditlog.Verify.
	VerifyAudit(ctx context.Context, v *audit.Verifier) (*audit.Fault, error)
	// VerifyHistories follows the events of up to n cases after one.
	VerifyHistories(ctx context.Context, after hub.CaseID, n int) (audit.Histories, error)
}

// An AuditList (审计列表) is records, newest first.
type AuditList struct {
	Records []audit.Entry `json:"records"`
}

// A Verdict (核验结论) says whether the audit is as it was written.
type Verdict struct {
	OK          bool         `json:"ok"`
	Records     int64        `json:"records"`
	Checkpoints int          `json:"checkpoints"`
	FirstBad    *audit.Fault `json:"first_bad,omitempty"`
}

// A VerifyRequest (核验要求) brings checkpoints that were kept elsewhere and the
// public key that signed them; without it the hub's own are used.
type VerifyRequest struct {
	Checkpoints []audit.Checkpoint `json:"checkpoints,omitempty"`
	Key         string             `json:"key,omitempty"`
}

// historiesAtOnce is how many cases one request verifies: about two seconds.
const historiesAtOnce = 20_000

// maxCheckpoints is how many checkpoints a verification looks at, the last
// ones.
const maxCheckpoints = 5000

type auditRoutes struct {
	ledger Ledger
	own    func() ([]audit.Checkpoint, ed25519.PublicKey, error)
}

// AuditRoutes returns the routes about the audit; own returns the hub's own
// checkpoints and their key.
func AuditRoutes(ledger Ledger, own func() ([]audit.Checkpoint, ed25519.PublicKey, error)) []Route {
	s := &auditRoutes{ledger, own}
	return []Route{
		{
			Method: "GET", Path: "/api/v1/audit", Right: access.ReadAudit, Reach: access.NoCases, Handle: s.list,
			Summary: "审计记录，新的在前", Answer: AuditList{}, Query: []Param{
				{"actor", "谁做的（账号）"},
				{"action", "做了什么，写开头即可，如 case."},
				{"object", "对什么做的"},
				{"since", "从这时起（RFC 3339）"},
				{"until", "到这时止"},
				{"limit", "最多多少条，不超过 1000"},
			},
		},
		{
			Method: "POST", Path: "/api/v1/audit/verify", Right: access.ReadAudit, Reach: access.NoCases, Handle: s.verify,
			Summary: "核验审计链，指出第一条被改、被删的记录", Body: VerifyRequest{}, Answer: Verdict{},
		},
		{
			Method: "POST", Path: "/api/v1/audit/histories", Right: access.ReadAudit, Reach: access.NoCases, Handle: s.histories,
			Summary: "逐件核验事项经过的哈希链，一次一批；用回答里的 next 接着往下", Answer: audit.Histories{},
			Query: []Param{{"after", "从这个事项编号之后开始"}},
		},
	}
}

func (s *auditRoutes) list(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := auditlog.Filter{Actor: q.Get("actor"), Action: q.Get("action"), Object: q.Get("object")}
	for name, at := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		if text := q.Get(name); text != "" {
			t, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return nil, hub.Errorf(hub.CodeInvalid, "query.invalid", name)
			}
			*at = t
		}
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return nil, hub.Errorf(hub.CodeInvalid, "query.invalid", "limit")
		}
		f.Limit = n
	}
	list, err := s.ledger.Audit(r.Context(), f)
	if list == nil {
		list = []audit.Entry{}
	}
	return AuditList{list}, err
}

func (s *auditRoutes) verify(r *http.Request) (any, error) {
	var req VerifyRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	marks, key, err := s.own()
	if err != nil {
		return nil, err
	}
	if len(req.Checkpoints) > 0 {
		marks = req.Checkpoints
	}
	if req.Key != "" {
		if key, err = audit.ParseKey(req.Key); err != nil {
			return nil, err
		}
	}
	return CheckAudit(r.Context(), s.ledger, marks, key)
}

// CheckAudit follows the chains against the last of the checkpoints that key
// signed; a checkpoint that it did not sign is an error.
func CheckAudit(ctx context.Context, ledger Ledger, marks []audit.Checkpoint, key ed25519.PublicKey) (Verdict, error) {
	marks = marks[max(0, len(marks)-maxCheckpoints):]
	var v audit.Verifier
	for _, m := range marks {
		if err := m.Check(key); err != nil {
			return Verdict{}, err
		}
		v.Expect(m)
	}
	fault, err := ledger.VerifyAudit(ctx, &v)
	return Verdict{OK: fault == nil, Records: v.Records, Checkpoints: len(marks), FirstBad: fault}, err
}

func (s *auditRoutes) histories(r *http.Request) (any, error) {
	ctx := hub.WithScope(r.Context(), hub.Everything()) // numbers of cases only
	return s.ledger.VerifyHistories(ctx, hub.CaseID(r.URL.Query().Get("after")), historiesAtOnce)
}
