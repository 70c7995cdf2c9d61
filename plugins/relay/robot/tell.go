package robot

import (
	"context"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/relay/message"
)

// Tell posts one message that is about no alert. When the robot's limit leaves
// no room it is not tried, with the time to wait.
func (r *Robot) Tell(ctx context.Context, m message.Message) hub.Receipt {
	r.turn.Lock()
	defer r.turn.Unlock()
	if _, wait := r.pace.take(r.clock.Now()); wait > 0 {
		return hub.Receipt{Outcome: hub.NotTried, Reason: "robot's limit", RetryAfter: wait}
	}
	return r.post(ctx, m)
}
