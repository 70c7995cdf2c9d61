package hub

import "time"

// Forecast (推演) returns what happens to c from now on if nobody does
// anything: its clocks fire one after another, each at its time, until the
// reminders at the top of the ladder repeat, the case is filed or n events have
// come. Who holds a rung later is taken to be who holds it now.
func Forecast(c Case, f Facts, now time.Time, n int) ([]Event, error) {
	var out []Event
	reminders := 0
	for len(out) < n && reminders < 2 {
		next, at, ok := nextClock(c)
		if !ok {
			break
		}
		if at.Before(now) {
			at = now
		}
		events, err := Decide(c, Fire{By: By{System()}, Clock: next.Kind, Epoch: next.Epoch}, f, at)
		if err != nil {
			return out, err
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			c = Apply(c, e)
			if e.Type == Reminded {
				reminders++
			}
		}
		out, now = append(out, events...), at
	}
	return out, nil
}

// nextClock returns the running clock that fires first.
func nextClock(c Case) (next Deadline, at time.Time, ok bool) {
	for _, d := range c.Deadlines {
		if t, running := d.FireAt(); running && (!ok || t.Before(at)) {
			next, at, ok = d, t, true
		}
	}
	return next, at, ok
}
