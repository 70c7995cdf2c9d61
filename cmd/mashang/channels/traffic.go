package channels

import (
	"context"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
)

// The outcomes of a message.
const (
	Accepted    = "accepted"
	Duplicate   = "duplicate"
	Refused     = "refused"     // wrong; kept as a letter
	Denied      = "denied"      // not proved who sent it
	Unavailable = "unavailable" // to be sent again
)

// An Arrival is one message as people may see it: personal data is masked.
type Arrival struct {
	Seq       int64           `json:"seq"`
	At        time.Time       `json:"at"`
	Channel   hub.ChannelCode `json:"channel"`
	Outcome   string          `json:"outcome"`
	Status    int             `json:"status,omitempty"`
	TookMS    float64         `json:"took_ms"`
	Remote    string          `json:"remote,omitempty"`
	MediaType string          `json:"media_type,omitempty"`
	Size      int             `json:"size"`
	Raw       string          `json:"raw,omitempty"`
	Error     string          `json:"error,omitempty"`
	Items     []Item          `json:"items,omitempty"`
}

// An Item is one submission of an Arrival.
type Item struct {
	ExternalID string        `json:"external_id,omitempty"`
	Title      string        `json:"title,omitempty"`
	Place      hub.PlaceCode `json:"place,omitempty"`
	Receipt    hub.ReceiptID `json:"receipt,omitempty"`
	Tracking   hub.CaseID    `json:"tracking,omitempty"`
	Duplicate  bool          `json:"duplicate,omitempty"`
	Error      string        `json:"error,omitempty"`
}

// Counts are what a channel did since the node started.
type Counts struct {
	Accepted    int       `json:"accepted"`
	Duplicate   int       `json:"duplicate"`
	Refused     int       `json:"refused"`
	Denied      int       `json:"denied"`
	Unavailable int       `json:"unavailable"`
	LastAt      time.Time `json:"last_at,omitzero"`
	LastError   string    `json:"last_error,omitempty"`
}

// remembered is how many arrivals a node keeps for those who look on.
const remembered = 1000

// traffic is the node's memory of arrivals.
type traffic struct {
	mu      sync.Mutex
	seq     int64
	ring    []Arrival
	total   map[hub.ChannelCode]Counts
	changed chan struct{}
}

func newTraffic() *traffic {
	return &traffic{total: map[hub.ChannelCode]Counts{}, changed: make(chan struct{})}
}

func (t *traffic) add(tr adapters.Trace) {
	a := arrival(tr)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seq++
	a.Seq = t.seq
	if t.ring = append(t.ring, a); len(t.ring) > 2*remembered {
		t.ring = append([]Arrival(nil), t.ring[remembered:]...)
	}
	t.count(a)
	close(t.changed)
	t.changed = make(chan struct{})
}

func (t *traffic) count(a Arrival) {
	c := t.total[a.Channel]
	c.LastAt = a.At
	switch a.Outcome {
	case Refused:
		c.Refused++
	case Denied:
		c.Denied++
	case Unavailable:
		c.Unavailable++
	}
	for _, it := range a.Items {
		switch {
		case it.Error != "":
			c.Refused++
		case it.Duplicate:
			c.Duplicate++
		default:
			c.Accepted++
		}
	}
	if a.Error != "" {
		c.LastError = a.Error
	}
	t.total[a.Channel] = c
}

func (t *traffic) counts(code hub.ChannelCode) Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total[code]
}

// A TailFilter narrows Tail.
type TailFilter struct {
	Channel hub.ChannelCode
	Outcome string
	After   int64
	Limit   int
}

// Tail returns what arrived after f.After, and waits until ctx ends when that
// is nothing. last is where to go on from.
func (m *Manager) Tail(ctx context.Context, f TailFilter) (arrivals []Arrival, last int64) {
	t := m.traffic
	for {
		t.mu.Lock()
		last = t.seq
		for _, a := range t.ring {
			if a.Seq > f.After && (f.Channel == "" || a.Channel == f.Channel) && (f.Outcome == "" || a.Outcome == f.Outcome) {
				arrivals = append(arrivals, a)
			}
		}
		changed := t.changed
		t.mu.Unlock()
		if f.Limit > 0 && len(arrivals) > f.Limit {
			arrivals = arrivals[len(arrivals)-f.Limit:]
		}
		if len(arrivals) > 0 {
			return arrivals, last
		}
		select {
		case <-ctx.Done():
			return nil, last
		case <-changed:
		}
	}
}

func arrival(tr adapters.Trace) Arrival {
	a := Arrival{
		At: tr.At, Channel: tr.Channel, Status: tr.Status, TookMS: float64(tr.Took.Microseconds()) / 1000, Remote: tr.Remote,
		MediaType: tr.MediaType, Size: tr.Size, Raw: said(tr), Outcome: outcome(tr),
	}
	if tr.Err != nil {
		a.Error = adapters.Sentence(tr.Err)
	}
	for i, s := range tr.Subs {
		if i >= len(tr.Answers) {
			break
		}
		got := tr.Answers[i]
		it := Item{
			ExternalID: s.ExternalID, Title: mask.Said(s.Title, s.Content), Place: s.Place, Receipt: got.Receipt,
			Tracking: got.Case, Duplicate: got.Duplicate,
		}
		if got.Err != nil {
			it.Error = adapters.Sentence(got.Err)
		}
		a.Items = append(a.Items, it)
	}
	return a
}

// said is what arrived without numbers and without those who were understood
// to be the reporters.
func said(tr adapters.Trace) string {
	text := mask.Text(readable(tr.Raw, tr.MediaType))
	for _, s := range tr.Subs {
		text = mask.Said(text, s.Content)
	}
	return text
}

func outcome(tr adapters.Trace) string {
	switch {
	case tr.Status == 401 || tr.Status == 403:
		return Denied
	case tr.Status >= 500, hub.CodeOf(tr.Err) == hub.CodeUnavailable:
		return Unavailable
	case tr.Status >= 400, tr.Err != nil:
		return Refused
	}
	for _, a := range tr.Answers {
		if a.Err != nil {
			return Refused
		}
		if !a.Duplicate {
			return Accepted
		}
	}
	if len(tr.Answers) > 0 {
		return Duplicate
	}
	return Accepted
}

// readable is the text of what arrived, or its bytes in hexadecimal.
func readable(raw []byte, mediaType string) string {
	charset := ""
	if i := strings.Index(strings.ToLower(mediaType), "charset="); i >= 0 {
		charset = strings.Trim(mediaType[i+8:], `"; `)
	}
	text, err := decode.ToUTF8(raw, charset)
	if err == nil && utf8.Valid(text) {
		return string(text)
	}
	return hexDump(raw)
}

func hexDump(raw []byte) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i, c := range raw[:min(len(raw), 4096)] {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}
