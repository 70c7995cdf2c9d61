package journal

// A Query asks for lines. With After they are the first after that one, to
// follow a journal; else the last, or the last before Before.
type Query struct {
	Before, After int64 // seq; 0 for none
	Level         Level // this grave or graver; "" for all
	Limit         int   // 1 or more
}

// A Page (日志页) is lines, oldest first.
type Page struct {
	Lines []Line `json:"lines"`
	// Before asks for the page before this one; 0 when there is none.
	Before int64 `json:"before,omitempty"`
}

// Page answers q from memory, and from the files when memory has too little.
func (j *Journal) Page(q Query) (Page, error) {
	j.mu.Lock()
	lines := append([]Line(nil), j.lines...)
	first := j.seq + 1
	if len(lines) > 0 {
		first = lines[0].Seq
	}
	found := q.pick(lines)
	var stored []byte
	var err error
	if more := q.After == 0 && len(found) <= q.Limit || q.After != 0 && q.After+1 < first; more && first > 1 {
		stored, err = j.stored() // at once with the lines: no rotation comes between
	}
	j.mu.Unlock()
	if err != nil {
		return Page{}, err
	}
	var past []Line
	for _, l := range decode(stored) {
		if l.Seq < first {
			past = append(past, l)
		}
	}
	return q.page(append(q.pick(past), found...)), nil
}

// pick returns those of lines that q asks for, however many.
func (q Query) pick(lines []Line) []Line {
	var out []Line
	for _, l := range lines {
		if (q.Before == 0 || l.Seq < q.Before) && l.Seq > q.After && (q.Level == "" || l.Level.atLeast(q.Level)) {
			out = append(out, l)
		}
	}
	return out
}

// page cuts found to the limit.
func (q Query) page(found []Line) Page {
	p := Page{Lines: found}
	if over := len(found) - q.Limit; over > 0 {
		if q.After > 0 {
			p.Lines = found[:q.Limit]
		} else {
			p.Lines = found[over:]
			p.Before = p.Lines[0].Seq
		}
	}
	if p.Lines == nil {
		p.Lines = []Line{}
	}
	return p
}
