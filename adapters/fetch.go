package adapters

import (
	"context"
	"fmt"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// Alone runs work on one node at a time (一处来源同一时刻只由一个节点读取), on
// another as soon as that one dies, until ctx ends. The work returns when its
// own context ends, and may be begun again.
type Alone func(ctx context.Context, channel hub.ChannelCode, work func(context.Context) error) error

// always is Alone where there is one node only.
func always(ctx context.Context, _ hub.ChannelCode, work func(context.Context) error) error {
	return work(ctx)
}

// Fetch runs the rounds of a channel that fetches, on one node at a time: one
// every interval, at once while there is more, after failures ever more seldom
// up to longest.
func (w *Wired) Fetch(ctx context.Context, every, longest time.Duration, round func(context.Context) (more bool, err error)) error {
	rounds := Rounds{Every: every, Max: longest, Log: w.Deps.Log.With("channel", string(w.Channel))}
	return w.Deps.Alone(ctx, w.Channel, func(ctx context.Context) error { return rounds.Run(ctx, round) })
}

// Cursor is how far the channel has read its source; start at the beginning.
func (w *Wired) Cursor(ctx context.Context, start string) (string, error) {
	if w.Deps.Cursors == nil {
		return start, nil
	}
	cursor, err := w.Deps.Cursors.LoadCursor(ctx, w.Channel)
	if err != nil {
		return "", fmt.Errorf("load cursor: %w", err)
	}
	if cursor == "" {
		return start, nil
	}
	return cursor, nil
}

// MoveCursor remembers how far the channel has read. Call it once all before
// it is accepted or kept.
func (w *Wired) MoveCursor(ctx context.Context, cursor string) error {
	if w.Deps.Cursors == nil {
		return nil
	}
	if err := w.Deps.Cursors.SaveCursor(ctx, w.Channel, cursor); err != nil {
		return fmt.Errorf("save cursor: %w", err)
	}
	return nil
}
