package api

import (
	"context"
	"net/http"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/warning"
)

// Warnings reads early warnings. Its methods are safe for concurrent use.
type Warnings interface {
	Warnings(ctx context.Context, open bool, limit int) ([]warning.Warning, error)
	Warning(ctx context.Context, id string) (warning.Warning, []hub.CaseID, error)
}

// A Closer ends a warning by hand.
type Closer = func(ctx context.Context, id, by, why string) (warning.Warning, error)

// A ClosingRequest (解除预警) says why a warning is closed.
type ClosingRequest struct {
	Reason string `json:"reason"`
}

// A WarningList (预警列表) is warnings, newest first.
type WarningList struct {
	Warnings []warning.Warning `json:"warnings"`
}

// A WarningView (预警详情) is a warning with the cases that it gathers, as far
// as the caller may see them.
type WarningView struct {
	warning.Warning
	Members []hub.CaseID `json:"members"`
	Hidden  int          `json:"hidden,omitempty"` // cases beyond the caller's scope
}

// maxWarnings is how many warnings one answer lists.
const maxWarnings = 500

// WarningRoutes returns the routes about early warnings.
func WarningRoutes(warnings Warnings, cases Store, closing Closer) []Route {
	return []Route{
		{
			Method: "POST", Path: "/api/v1/warnings/{id}/close", Right: access.CloseWarnings, Reach: access.OwnCases,
			Summary: "解除一个预警，写明理由；相关部门会收到", Body: ClosingRequest{}, Answer: warning.Warning{},
			Handle: func(r *http.Request) (any, error) {
				var req ClosingRequest
				if err := decode(r, &req); err != nil {
					return nil, err
				}
				return closing(r.Context(), r.PathValue("id"), access.Of(r.Context()).Name, req.Reason)
			},
		},
		{
			Method: "GET", Path: "/api/v1/warnings", Right: access.ReadCases, Reach: access.OwnCases,
			Summary: "列出预警，新的在前", Query: []Param{{"open", "填 true 只看还没解除的"}}, Answer: WarningList{},
			Handle: func(r *http.Request) (any, error) {
				list, err := warnings.Warnings(r.Context(), r.URL.Query().Get("open") == "true", maxWarnings)
				if list == nil {
					list = []warning.Warning{}
				}
				return WarningList{list}, err
			},
		},
		{
			Method: "GET", Path: "/api/v1/warnings/{id}", Right: access.ReadCases, Reach: access.OwnCases,
			Summary: "查看一个预警：为什么报，归集了哪些事项", Answer: WarningView{},
			Handle: func(r *http.Request) (any, error) {
				w, members, err := warnings.Warning(r.Context(), r.PathValue("id"))
				if err != nil {
					return nil, err
				}
				v := WarningView{Warning: w, Members: []hub.CaseID{}}
				for _, id := range members {
					switch _, _, err := cases.Case(r.Context(), id); hub.CodeOf(err) {
					case "":
						v.Members = append(v.Members, id)
					case hub.CodeNotFound:
						v.Hidden++
					default:
						return nil, err
					}
				}
				return v, nil
			},
		},
	}
}
