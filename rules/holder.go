package rules

import (
	"io/fs"
	"sync/atomic"

	"github.com/mashang-hub/mashang/hub"
)

// A Holder keeps the rule set in use. It is safe for concurrent use.
type Holder struct {
	known   []hub.DepartmentCode
	current atomic.Pointer[Set]
}

// NewHolder starts with set; known are the departments for later loads.
func NewHolder(set *Set, known []hub.DepartmentCode) *Holder {
	h := &Holder{known: known}
	h.current.Store(set)
	return h
}

// Set returns the set in use.
func (h *Holder) Set() *Set { return h.current.Load() }

// Decide asks the set in use.
func (h *Holder) Decide(s *hub.Submission) hub.Decision { return h.Set().Decide(s) }

// Reload loads fsys and swaps the set in. On an error the old set stays and
// the error, which wraps Problems, says why. changed is false if the new set
// says the same.
func (h *Holder) Reload(fsys fs.FS) (changed bool, err error) {
	set, err := Load(fsys, h.known)
	if err != nil {
		return false, err
	}
	return h.current.Swap(set).Hash() != set.Hash(), nil
}
