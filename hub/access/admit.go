package access

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/order"
)

// A Reach (可及范围) says which cases the statements of a route may touch. Stores
// apply it; handlers cannot leave it out.
type Reach string

// The reaches.
const (
	NoCases  Reach = "none"     // none at all, whatever the caller's rights
	OwnCases Reach = "own"      // those on which the caller has the route's right
	ByNumber Reach = "tracking" // the one whose number the citizen shows
)

// A Knower (门卫) finds out who sends a request. Nobody is the zero Principal; a proof
// that is wrong is an error of CodeUnauthorized.
type Knower interface {
	Principal(r *http.Request) (Principal, error)
}

// CheckRule refuses what cannot be the rule of a route: a right that no role
// has, or a reach that there is not.
func CheckRule(right Right, reach Reach) error {
	switch {
	case right != Public && right != Self && !slices.Contains(Rights(), right):
		return fmt.Errorf("%q is not a right that some role has", right)
	case reach != NoCases && reach != OwnCases && reach != ByNumber:
		return errors.New("it does not say which cases it may touch")
	}
	return nil
}

// Admit lets r pass if its sender has the right, and returns it bound to that
// sender: what is read and changed under its context stays within the reach
// and is recorded as the sender's. The console uses it too.
func Admit(gate Knower, r *http.Request, right Right, reach Reach) (*http.Request, error) {
	p, err := gate.Principal(r)
	switch {
	case err != nil && right == Public:
		p = Principal{}
	case err != nil:
		return r, err
	case !p.Can(right) && p.Account == "":
		return r, hub.Errorf(hub.CodeUnauthorized, "api.token")
	case !p.Can(right):
		return r, hub.Errorf(hub.CodeForbidden, "right.missing", string(right))
	}
	ctx := With(r.Context(), p)
	if p.Account != "" {
		ctx = audit.From(ctx, audit.Source{Actor: p.Actor(), Session: p.Session, Remote: remote(r)})
	}
	switch reach {
	case OwnCases:
		ctx = hub.WithScope(ctx, p.Scope(right))
	case NoCases:
		ctx = hub.WithScope(ctx, hub.Scope{})
	case ByNumber: // the number is the key
	}
	return r.WithContext(ctx), nil
}

func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// Command returns the command that the principal of ctx asks for, and a
// context bound to the cases on which they have the right to it. People act
// under their own name and for their own department; only a service may tell
// another.
func Command(ctx context.Context, req order.Request) (context.Context, hub.Command, error) {
	p := Of(ctx)
	right, ok := RightFor(req.Type)
	if !ok {
		return ctx, nil, hub.Errorf(hub.CodeInvalid, "command.unknown", req.Type)
	}
	if !p.Can(right) {
		return ctx, nil, hub.Errorf(hub.CodeForbidden, "right.missing", string(right))
	}
	if !p.Service {
		req.Actor = p.Actor()
	}
	if own := p.Departments(right); own != nil {
		switch {
		case req.Type == "task": // for another department, in the name of one's own
			req.Lead = own[0]
		case req.Department == "" && len(own) == 1:
			req.Department = own[0]
		case req.Department != "" && !slices.Contains(own, req.Department):
			return ctx, nil, hub.Errorf(hub.CodeForbidden, "right.other_department", string(req.Department))
		}
	}
	cmd, err := req.Command()
	return Bind(ctx, p, right), cmd, err
}
