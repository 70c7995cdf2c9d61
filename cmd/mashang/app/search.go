package app

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

const (
	// indexPause is how long the first cases after a rest may wait for their
	// words to be indexed; until then a search looks at each of them. It is
	// short until none came for indexRest: a search looks at a waiting case for
	// longer than an index takes it in.
	indexPause = time.Second
	indexBusy  = 40 * time.Millisecond
	indexRest  = 2 * time.Second
	// indexMany is how many cases at once show that there is a backlog.
	indexMany = 500
)

// index makes the words of new cases quick to find until ctx ends.
func (a *App) index(ctx context.Context) error {
	pause := time.NewTimer(indexPause)
	defer pause.Stop()
	var came time.Time // when cases were last found waiting
	last := ""
	for {
		n, err := a.cases.IndexSearch(ctx)
		merged, mergeErr := a.cases.MergeSearch(ctx)
		err = cmp.Or(err, mergeErr)
		if text := fmt.Sprint(err); err != nil && text != last && ctx.Err() == nil {
			last = text
			a.log.Error("index the words of cases", "err", err)
		}
		if n >= indexMany && err == nil {
			continue
		}
		if n > 0 || merged > 0 {
			came = time.Now()
		}
		wait := indexPause
		if time.Since(came) < indexRest {
			wait = indexBusy
		}
		pause.Reset(wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
	}
}
