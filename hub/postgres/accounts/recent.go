package accounts

import (
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub/access"
)

// fresh is for how long a token counts as it was read. A change that this
// store makes counts at once; one that another node makes, after this.
const fresh = time.Second

// most is how many tokens are remembered.
const most = 4096

// A memory remembers tokens that were read a moment ago, with their accounts:
// a program sends many requests with one token. It is safe for concurrent use,
// and its zero value is empty.
type memory struct {
	mu      sync.Mutex
	changes int // so far: what was read before one must not be kept after it
	tokens  map[[32]byte]remembered
}

type remembered struct {
	token   access.Token
	account access.Account
	until   time.Time
}

// get returns the token with that hash, if it is fresh, and otherwise how many
// changes there were before the caller reads it.
func (m *memory) get(hash [32]byte) (r remembered, changes int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok = m.tokens[hash]
	return r, m.changes, ok && time.Now().Before(r.until)
}

// put keeps what was read since there were as many changes as get said.
func (m *memory) put(hash [32]byte, r remembered, changes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if changes != m.changes {
		return
	}
	if m.tokens == nil || len(m.tokens) >= most {
		m.tokens = map[[32]byte]remembered{}
	}
	r.until = time.Now().Add(fresh)
	m.tokens[hash] = r
}

// forget drops everything, because something was changed.
func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++
	clear(m.tokens)
}
