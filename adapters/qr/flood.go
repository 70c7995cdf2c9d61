package qr

import (
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/time/rate"

	"github.com/mashang-hub/mashang/hub"
)

// remembered is how many codes the flood limit watches at once: all of a city.
const remembered = 100_000

// A flood notices codes that bring more submissions than people behind them
// write. Nothing is refused: what is too much is held for a clerk.
type flood struct {
	perHour int
	clock   hub.Clock
	codes   *expirable.LRU[string, *rate.Limiter]
}

func newFlood(perHour int, clock hub.Clock) *flood {
	return &flood{perHour, clock, expirable.NewLRU[string, *rate.Limiter](remembered, nil, 2*time.Hour)}
}

// hold returns why the next submission from code is to be held, or "".
func (f *flood) hold(code string) string {
	if f.perHour == 0 || code == "" {
		return ""
	}
	l, ok := f.codes.Get(code)
	if !ok {
		l = rate.NewLimiter(rate.Every(time.Hour/time.Duration(f.perHour)), f.perHour)
		f.codes.Add(code, l)
	}
	if l.AllowN(f.clock.Now(), 1) {
		return ""
	}
	return "同一二维码短时间内来件过多，请核实后分派"
}
