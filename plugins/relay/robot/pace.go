package robot

import (
	"sync"
	"time"
)

// A pace keeps a robot below its vendor's limit: no more than limit messages in
// any minute, measured from their answers. The first half of the limit may be
// used at once; after that messages are spaced, so that what comes meanwhile
// goes out together.
type pace struct {
	mu    sync.Mutex
	limit int
	sent  []time.Time // within the last minute, oldest first
	until time.Time   // the vendor asked for silence
	// memory keeps both over restarts; nil keeps nothing.
	memory *memory
}

const minute = time.Minute

// take reserves one message at now, or says how long to wait. crowded asks for
// everything that waits to go in this one.
func (p *pace) take(now time.Time) (crowded bool, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Before(p.until) {
		return false, p.until.Sub(now)
	}
	for len(p.sent) > 0 && now.Sub(p.sent[0]) >= minute {
		p.sent = p.sent[1:]
	}
	n := len(p.sent)
	if n >= p.limit {
		return false, minute - now.Sub(p.sent[0])
	}
	crowded = n >= p.limit/2
	if gap := minute / time.Duration(p.limit); crowded && n > 0 && now.Sub(p.sent[n-1]) < gap {
		return false, gap - now.Sub(p.sent[n-1])
	}
	p.sent = append(p.sent, now)
	if p.keep() != nil { // unkept it may be repeated after a restart: leave it
		p.sent = p.sent[:n]
		return false, unkept
	}
	return crowded, 0
}

// unkept is the wait while the folder cannot be written.
const unkept = 30 * time.Second

// keep writes down how the robot stands.
func (p *pace) keep() error {
	if p.memory == nil {
		return nil
	}
	k := kept{Until: p.until.UnixMilli()}
	for _, t := range p.sent {
		k.Sent = append(k.Sent, t.UnixMilli())
	}
	return p.memory.save(k)
}

// left is how many messages may go out at now without spacing.
func (p *pace) left(now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, t := range p.sent {
		if now.Sub(t) < minute {
			n++
		}
	}
	return p.limit/2 - n
}

// hush keeps the robot silent for d.
func (p *pace) hush(now time.Time, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = now.Add(d)
	_ = p.keep() // the vendor says it again if it is forgotten
}
