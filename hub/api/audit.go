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
	// BadMark is the first checkpoint that was changed or that no registered key
	// signed.
	BadMark *audit.MarkFault `json:"bad_checkpoint,omitempty"`
}

// A VerifyRequest (核验要求) brings checkpoints that were kept elsewhere and the
// public keys that signed them, one a line; without them the hub's own
// checkpoints and the keys that its nodes registered are used.
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
	own    OwnMarks
}

// OwnMarks returns the hub's own checkpoints and the keys of all nodes.
type OwnMarks = func(ctx context.Context) ([]audit.Checkpoint, []ed25519.PublicKey, error)

// AuditRoutes returns the routes about the audit.
func AuditRoutes(ledger Ledger, own OwnMarks) []Route {
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
			Query: []Param{{"chain", "只核验这一条链，0 到 15；不填是全部。记录多时一条一条来"}},
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
	chain, err := chainOf(r.URL.Query().Get("chain"))
	if err != nil {
		return nil, err
	}
	marks, keys, err := s.own(r.Context())
	if err != nil {
		return nil, err
	}
	if len(req.Checkpoints) > 0 {
		marks = req.Checkpoints
	}
	if req.Key != "" {
		if keys, err = audit.ParseKeys(req.Key); err != nil {
			return nil, err
		}
	}
	var v audit.Verifier
	if chain >= 0 {
		v.Only(chain)
	}
	return check(r.Context(), s.ledger, &v, marks, keys)
}

// chainOf reads the number of a chain, -1 for all.
func chainOf(text string) (int, error) {
	if text == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n >= audit.Shards {
		return 0, hub.Errorf(hub.CodeInvalid, "query.invalid", "chain")
	}
	return n, nil
}

// CheckAudit follows the chains against the last of the checkpoints that one of
// the keys signed; a checkpoint that none did is a finding.
func CheckAudit(ctx context.Context, ledger Ledger, marks []audit.Checkpoint, keys []ed25519.PublicKey) (Verdict, error) {
	return check(ctx, ledger, &audit.Verifier{}, marks, keys)
}

func check(ctx context.Context, ledger Ledger, v *audit.Verifier, marks []audit.Checkpoint, keys []ed25519.PublicKey) (Verdict, error) {
	good, bad := audit.Trust(marks[max(0, len(marks)-maxCheckpoints):], keys)
	for _, m := range good {
		v.Expect(m)
	}
	fault, err := ledger.VerifyAudit(ctx, v)
	return Verdict{OK: fault == nil && bad == nil, Records: v.Records, Checkpoints: len(good), FirstBad: fault, BadMark: bad}, err
}

func (s *auditRoutes) histories(r *http.Request) (any, error) {
	ctx := hub.WithScope(r.Context(), hub.Everything()) // numbers of cases only
	return s.ledger.VerifyHistories(ctx, hub.CaseID(r.URL.Query().Get("after")), historiesAtOnce)
}
