package postgres

import (
	"sync"

	"github.com/mashang-hub/mashang/hub"
)

// freshBytes is how many bytes of messages are remembered at most.
const freshBytes = 64 << 20

// fresh remembers the messages of outbox rows that this process has just
// committed, so that its relay need not read and unpack them again. It is a
// shortcut and no more: the row is the truth, whoever takes it away may do so
// without this memory, and what is not in it is read. Its methods are safe for
// concurrent use.
type fresh struct {
	mu    sync.Mutex
	rows  map[int64][]hub.Outgoing
	bytes int
}

// Kept are the rows of the outbox that one transaction adds, with their
// messages, see [QueueKept]. It may be used for the next one after [DB.Keep].
type Kept struct {
	rows   []keptRow
	packer packer
}

type keptRow struct {
	id  int64
	out []hub.Outgoing
}

// Keep remembers the messages of a transaction that has committed until they
// leave, and wakes the relay. The messages are the store's own from then on.
func (db *DB) Keep(kept *Kept) {
	db.fresh.put(kept.rows)
	kept.rows = nil
	db.Wake()
}

// put remembers rows, the oldest ones when there is not room for all: they are
// the next to leave.
func (f *fresh) put(rows []keptRow) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range rows {
		size := sizeOf(r.out)
		if f.bytes+size > freshBytes {
			return
		}
		if f.rows == nil {
			f.rows = map[int64][]hub.Outgoing{}
		}
		f.rows[r.id] = r.out
		f.bytes += size
	}
}

// known returns what is remembered now.
func (f *fresh) known() (ids []int64, rows map[int64][]hub.Outgoing) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ids, rows = make([]int64, 0, len(f.rows)), make(map[int64][]hub.Outgoing, len(f.rows))
	for id, out := range f.rows {
		ids, rows[id] = append(ids, id), out
	}
	return ids, rows
}

// forget lets go of the rows up to last: they have left, here or elsewhere.
func (f *fresh) forget(last int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, out := range f.rows {
		if id <= last {
			f.bytes -= sizeOf(out)
			delete(f.rows, id)
		}
	}
}
