// Package cases keeps the cases of citizens in PostgreSQL: what was said, what
// happened, whose turn it is and which clocks run. Case, events, assignments,
// clocks and outgoing messages change in one transaction or not at all.
//
// It decides nothing: callers hand in a function that decides, and the package
// locks, saves and commits around it. Time is always an argument. Start with
// [New] and [Store.InsertCases].
package cases

import (
	"sync"

	"github.com/mashang-hub/mashang/hub/postgres"
)

// A Store keeps cases. It is safe for concurrent use.
type Store struct {
	db        *postgres.DB
	inserters sync.Pool // of *inserter
	rounds    postgres.Together[*locked]
	lookups   postgres.Together[*lookup]
}

// New returns the store.
func New(db *postgres.DB) *Store {
	p := &Store{db: db}
	p.rounds.Rounds, p.rounds.Most, p.rounds.Do = rounds, roundCases, p.round
	p.lookups.Rounds, p.lookups.Most, p.lookups.Do = lookups, asked, p.look
	return p
}
