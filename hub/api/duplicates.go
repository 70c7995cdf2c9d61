package api

import (
	"context"
	"net/http"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/duplicate"
)

// Duplicates suggests cases that may be the same matter. It is safe for
// concurrent use.
type Duplicates interface {
	Like(ctx context.Context, id hub.CaseID, n int) ([]duplicate.Suggestion, error)
}

// A Similar (疑似重复) is a case that may be the same matter, and why.
type Similar struct {
	ID      hub.CaseID      `json:"id"`
	Channel hub.ChannelCode `json:"channel"`
	Status  hub.Status      `json:"status"`
	Title   string          `json:"title"`
	duplicate.Likeness
}

// A SimilarList (疑似重复列表) is suggestions, the likest first.
type SimilarList struct {
	Similar []Similar `json:"similar"`
}

// maxSimilar is how many suggestions one answer lists.
const maxSimilar = 10

// DuplicateRoutes returns the route about cases that may be merged.
func DuplicateRoutes(d Duplicates) []Route {
	return []Route{{
		Method: "GET", Path: "/api/v1/cases/{id}/similar", Right: access.ReadCases, Reach: access.OwnCases,
		Summary: "可能是同一件事的事项，供并案参考", Answer: SimilarList{},
		Handle: func(r *http.Request) (any, error) {
			found, err := d.Like(r.Context(), hub.CaseID(r.PathValue("id")), maxSimilar)
			out := SimilarList{Similar: []Similar{}}
			for _, s := range found {
				out.Similar = append(out.Similar, Similar{s.ID, s.Channel, s.Status, s.Title, s.Likeness})
			}
			return out, err
		},
	}}
}
