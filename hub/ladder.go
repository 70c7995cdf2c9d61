package hub

import (
	"fmt"
	"time"
)

// A Rung (责任层级) is a level of the ladder, 1 lowest.
type Rung int

// A Step is one rung of a Ladder: a post at a place level.
type Step struct {
	Rung  Rung       `json:"rung"`
	Post  string     `json:"post"`  // code of the post, such as "village_cadre"
	Title string     `json:"title"` // 村(社区)干部(民警)
	Level PlaceLevel `json:"level"`
	// Wait is how long this rung has before the next one is told.
	Wait Budget `json:"wait"`
	// Quiet are the hours in which this rung is told of critical cases only;
	// others climb to it when they end.
	Quiet Quiet `json:"quiet,omitzero"`
}

// Quiet (免打扰时段) are hours of the day by China's clock, in minutes after
// midnight, such as 22:00 to 07:00; equal ends mean none.
type Quiet struct{ From, To int }

// UnmarshalText reads "22:00-07:00".
func (q *Quiet) UnmarshalText(text []byte) error {
	var a, b, c, d int
	n, _ := fmt.Sscanf(string(text), "%d:%d-%d:%d", &a, &b, &c, &d)
	if n != 4 || min(a, b, c, d) < 0 || max(a, c) > 24 || max(b, d) > 59 {
		return Errorf(CodeInvalid, "ladder.quiet", string(text))
	}
	*q = Quiet{a*60 + b, c*60 + d}
	return nil
}

// MarshalText returns what UnmarshalText reads.
func (q Quiet) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%02d:%02d-%02d:%02d", q.From/60, q.From%60, q.To/60, q.To%60), nil
}

// End returns when the quiet hours that t lies in are over; t itself when it
// lies in none.
func (q Quiet) End(t time.Time) time.Time {
	if q.From == q.To {
		return t
	}
	local := t.In(China())
	minute := local.Hour()*60 + local.Minute()
	y, m, d := local.Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, local.Location())
	switch over := q.From > q.To; {
	case over && minute >= q.From:
		return midnight.AddDate(0, 0, 1).Add(time.Duration(q.To) * time.Minute)
	case over && minute < q.To, !over && minute >= q.From && minute < q.To:
		return midnight.Add(time.Duration(q.To) * time.Minute)
	}
	return t
}

// A Ladder (七级责任链) lists the rungs, lowest first.
type Ladder []Step

// Step returns the step of r.
func (l Ladder) Step(r Rung) (Step, bool) {
	for _, s := range l {
		if s.Rung == r {
			return s, true
		}
	}
	return Step{}, false
}

// Top returns the highest rung, 0 of an empty ladder.
func (l Ladder) Top() Rung {
	if len(l) == 0 {
		return 0
	}
	return l[len(l)-1].Rung
}

// A Duty (责任岗位) is who holds a rung for a place at some moment.
// A vacant post has no Person.
type Duty struct {
	Rung   Rung      `json:"rung"`
	Place  PlaceCode `json:"place"`
	Post   string    `json:"post"`
	Person PersonID  `json:"person,omitempty"`
	Name   string    `json:"name,omitempty"`
	// Deputy is set when the holder is away and Person stands in.
	Deputy bool `json:"deputy,omitempty"`
}
