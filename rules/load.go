package rules

import (
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/calendar"
)

// An Option tells Load what lies outside the folder.
type Option func(*Set)

// WithCalendar says when people work, for 工作时间(). Without it, every weekday
// is a working day.
func WithCalendar(c *calendar.Calendar) Option {
	return func(x *Set) { x.open = c.Open }
}

// WithKnowledge gives the texts of knowledge entries (知识) by number.
func WithKnowledge(text map[string]string) Option {
	return func(x *Set) { x.knowledge = text }
}

// A Recent counts the cases of a topic that were submitted in places that
// begin with prefix, from since until the moment. It must be quick and safe
// for concurrent use.
type Recent func(topic, prefix string, since, until time.Time) int

// WithRecent lets 同类近期 count. Without it, such conditions never hold.
func WithRecent(count Recent) Option {
	return func(x *Set) { x.recent = count }
}

// Timing is how long the parts of a load took.
type Timing struct {
	Read  time.Duration // files and YAML
	Build time.Duration // conditions, checks, index
}

// WithTiming stores how long the load took in t.
func WithTiming(t *Timing) Option {
	return func(x *Set) { x.timing = t }
}

// Load reads and checks every *.yaml file of fsys. known are the departments
// that rules may name; none allows all. The error wraps Problems.
func Load(fsys fs.FS, known []hub.DepartmentCode, options ...Option) (*Set, error) {
	set, problems, err := load(fsys, known, options)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, problems.asError()
	}
	return set, nil
}

// Inspect is Load for tools: it returns what could be read, even with
// problems, in which case nothing may be decided with it.
func Inspect(fsys fs.FS, known []hub.DepartmentCode, options ...Option) (*Set, Problems, error) {
	return load(fsys, known, options)
}

func load(fsys fs.FS, known []hub.DepartmentCode, options []Option) (*Set, Problems, error) {
	start := time.Now()
	sources, problems, err := read(fsys)
	if err != nil {
		return nil, nil, err
	}
	compiling := time.Now()
	c := newCompiler(sources, known, options)
	set := c.compile()
	if set.timing != nil {
		*set.timing = Timing{compiling.Sub(start), time.Since(compiling)}
	}
	if set.hash, err = hashOf(sources); err != nil {
		return nil, nil, err
	}
	return set, append(problems, c.problems...), nil
}

// A Holder keeps the rule set in use. It is safe for concurrent use.
type Holder struct {
	known   []hub.DepartmentCode
	options []Option
	current atomic.Pointer[Set]
}

// NewHolder starts with set; known and options are for later loads.
func NewHolder(set *Set, known []hub.DepartmentCode, options ...Option) *Holder {
	h := &Holder{known: known, options: options}
	h.current.Store(set)
	return h
}

// Set returns the set in use.
func (h *Holder) Set() *Set { return h.current.Load() }

// Reload loads fsys and swaps the set in. On an error the old set stays and
// the error, which wraps Problems, says why. changed is false if the new set
// says the same.
func (h *Holder) Reload(fsys fs.FS) (changed bool, err error) {
	set, err := Load(fsys, h.known, h.options...)
	if err != nil {
		return false, err
	}
	return h.current.Swap(set).Hash() != set.Hash(), nil
}
