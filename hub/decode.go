package hub

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ReadJSON sets s, which is empty, from a submission in the form in which
// encoding/json writes it, several times as fast as a decoder for any JSON. It
// returns false for any other form, even a valid one, and then s is half read:
// decode it into an empty one with a library.
func (s *Submission) ReadJSON(text []byte) bool {
	if !utf8.Valid(text) || holdsControl(text) {
		return false
	}
	r := reader{rest: string(text)} // one copy, of which all strings are parts
	r.open()
	s.Content.read(&r)
	get(&r, `"receipt":`, &s.Receipt)
	get(&r, `"case":`, &s.Case)
	get(&r, `"channel":`, &s.Channel)
	get(&r, `"external_id":`, &s.ExternalID)
	r.bool(`"heuristic":`, &s.Heuristic)
	get(&r, `"place":`, &s.Place)
	get(&r, `"kind":`, &s.Kind)
	get(&r, `"urgency":`, &s.Urgency)
	r.time(`"submitted_at":`, &s.SubmittedAt)
	r.time(`"received_at":`, &s.ReceivedAt)
	get(&r, `"hold":`, &s.Hold)
	r.bytes(`"raw":`, &s.Raw)
	get(&r, `"media_type":`, &s.MediaType)
	r.close()
	return !r.failed && r.rest == ""
}

// ReadJSON sets c as [Submission.ReadJSON] sets a submission. It leaves a case
// that asks for more time, which is rare, to the library.
func (c *Case) ReadJSON(text []byte) bool {
	if !utf8.Valid(text) || holdsControl(text) {
		return false
	}
	r := reader{rest: string(text)}
	r.open()
	get(&r, `"id":`, &c.ID)
	number(&r, `"version":`, &c.Version)
	get(&r, `"status":`, &c.Status)
	get(&r, `"channel":`, &c.Channel)
	get(&r, `"external_id":`, &c.ExternalID)
	get(&r, `"receipt":`, &c.Receipt)
	get(&r, `"place":`, &c.Place)
	if r.key(`"class":`) {
		c.Class.read(&r)
	}
	items(&r, `"assignments":`, &c.Assignments, (*Assignment).read)
	items(&r, `"deadlines":`, &c.Deadlines, (*Deadline).read)
	items(&r, `"overdue":`, &c.Overdue, readText)
	number(&r, `"rung":`, &c.Rung)
	number(&r, `"round":`, &c.Round)
	number(&r, `"hops":`, &c.Hops)
	get(&r, `"keeper":`, &c.Keeper)
	items(&r, `"tried":`, &c.Tried, readText)
	number(&r, `"extensions":`, &c.Extensions)
	get(&r, `"resume":`, &c.Resume)
	r.bool(`"supervised":`, &c.Supervised)
	r.bool(`"instructed":`, &c.Instructed)
	items(&r, `"orders":`, &c.Orders, (*Order).read)
	number(&r, `"rating":`, &c.Rating)
	get(&r, `"into":`, &c.Into)
	r.bool(`"contacted":`, &c.Contacted)
	r.time(`"opened_at":`, &c.OpenedAt)
	r.time(`"closed_at":`, &c.ClosedAt)
	number(&r, `"epoch":`, &c.Epoch)
	r.close()
	return !r.failed && r.rest == ""
}

func (c *Class) read(r *reader) {
	r.open()
	get(r, `"category":`, &c.Category)
	get(r, `"kind":`, &c.Kind)
	get(r, `"urgency":`, &c.Urgency)
	get(r, `"topic":`, &c.Topic)
	get(r, `"grade":`, &c.Grade)
	items(r, `"tags":`, &c.Tags, readText)
	r.close()
}

func (a *Assignment) read(r *reader) {
	r.open()
	get(r, `"department":`, &a.Department)
	get(r, `"role":`, &a.Role)
	r.time(`"assigned_at":`, &a.AssignedAt)
	r.time(`"signed_at":`, &a.SignedAt)
	r.time(`"done_at":`, &a.DoneAt)
	get(r, `"task":`, &a.Task)
	r.time(`"due":`, &a.Due)
	get(r, `"finding":`, &a.Finding)
	get(r, `"progress":`, &a.Progress)
	get(r, `"result":`, &a.Result)
	r.close()
}

func (d *Deadline) read(r *reader) {
	r.open()
	get(r, `"kind":`, &d.Kind)
	if r.key(`"budget":`) {
		r.failed = d.Budget.UnmarshalText([]byte(r.string())) != nil || r.failed
	}
	r.time(`"start":`, &d.Start)
	r.time(`"due":`, &d.Due)
	r.time(`"warn_at":`, &d.WarnAt)
	r.time(`"paused_at":`, &d.PausedAt)
	items(r, `"pauses":`, &d.Pauses, (*Pause).read)
	r.bool(`"provisional":`, &d.Provisional)
	number(r, `"epoch":`, &d.Epoch)
	r.close()
}

func (p *Pause) read(r *reader) {
	r.open()
	r.time(`"from":`, &p.From)
	r.time(`"to":`, &p.To)
	r.close()
}

func (v *Order) read(r *reader) {
	r.open()
	number(r, `"id":`, &v.ID)
	get(r, `"kind":`, &v.Kind)
	get(r, `"grade":`, &v.Grade)
	get(r, `"owner":`, &v.Owner)
	r.time(`"due":`, &v.Due)
	get(r, `"note":`, &v.Note)
	r.close()
}

// read leaves attachments, which are rare, to others.
func (c *Content) read(r *reader) {
	get(r, `"title":`, &c.Title)
	get(r, `"text":`, &c.Text)
	if r.key(`"reporter":`) {
		r.open()
		get(r, `"name":`, &c.Reporter.Name)
		get(r, `"phone":`, &c.Reporter.Phone)
		get(r, `"id_number":`, &c.Reporter.IDNumber)
		get(r, `"account":`, &c.Reporter.Account)
		r.bool(`"anonymous":`, &c.Reporter.Anonymous)
		r.close()
	}
	get(r, `"place_text":`, &c.PlaceText)
	if r.key(`"extra":`) {
		c.Extra = r.texts()
	}
}

// A reader reads one JSON object whose names are known and in a known order.
// Once something is not as expected it has failed and reads no more.
type reader struct {
	rest   string
	inside bool // after the first value of its object
	failed bool
}

// take consumes token, which has to be next.
func (r *reader) take(token string) {
	rest, ok := strings.CutPrefix(r.rest, token)
	r.rest, r.failed = rest, r.failed || !ok
}

func (r *reader) open() {
	r.take("{")
	r.inside = false
}

func (r *reader) close() {
	r.take("}")
	r.inside = true
}

// key reports whether name is next, and consumes it.
func (r *reader) key(name string) bool {
	rest := r.rest
	if r.inside {
		if rest == "" || rest[0] != ',' {
			return false
		}
		rest = rest[1:]
	}
	rest, ok := strings.CutPrefix(rest, name)
	if !ok || r.failed {
		return false
	}
	r.rest, r.inside = rest, true
	return true
}

func get[T ~string](r *reader, name string, v *T) {
	if r.key(name) {
		*v = T(r.string())
	}
}

// readText reads one string of a list.
func readText[T ~string](v *T, r *reader) { *v = T(r.string()) }

// items reads a list; an empty one is left out.
func items[T any](r *reader, name string, v *[]T, read func(*T, *reader)) {
	if !r.key(name) {
		return
	}
	r.take("[")
	for more := true; more && !r.failed; {
		*v = append(*v, *new(T))
		read(&(*v)[len(*v)-1], r)
		r.rest, more = strings.CutPrefix(r.rest, ",")
	}
	r.take("]")
	r.inside = true
}

// number reads a whole number.
func number[T ~int | ~int64](r *reader, name string, v *T) {
	if !r.key(name) {
		return
	}
	end := 0
	for end < len(r.rest) && (r.rest[end] >= '0' && r.rest[end] <= '9' || end == 0 && r.rest[0] == '-') {
		end++
	}
	n, err := strconv.ParseInt(r.rest[:end], 10, 64)
	odd := strconv.FormatInt(n, 10) != r.rest[:end] // a nought before it
	*v, r.rest, r.failed = T(n), r.rest[end:], r.failed || err != nil || odd
}

// string reads a string.
func (r *reader) string() string {
	r.take(`"`)
	end := strings.IndexByte(r.rest, '"')
	if end < 0 {
		r.failed = true
		return ""
	}
	if strings.IndexByte(r.rest[:end], '\\') >= 0 {
		return r.escaped()
	}
	v := r.rest[:end]
	r.rest = r.rest[end+1:]
	return v
}

func (r *reader) bool(name string, v *bool) {
	if r.key(name) {
		r.take("true") // false is left out
		*v = true
	}
}

func (r *reader) time(name string, v *time.Time) {
	if r.key(name) {
		text := r.string()
		// The standard library lets an hour of one digit and a comma pass.
		odd := len(text) < len("2006-01-02T15:04:05Z") || text[len("2006-01-02T15")] != ':' || strings.Contains(text, ",")
		r.failed = r.failed || odd || v.UnmarshalText([]byte(text)) != nil
	}
}

func (r *reader) bytes(name string, v *[]byte) {
	if r.key(name) {
		b, err := base64.StdEncoding.Strict().DecodeString(r.string())
		*v, r.failed = b, r.failed || err != nil
	}
}

// texts reads an object of strings whose names are each once there.
func (r *reader) texts() map[string]string {
	m := map[string]string{}
	for r.open(); !r.failed && !strings.HasPrefix(r.rest, "}"); r.inside = true {
		if r.inside {
			r.take(",")
		}
		k := r.string()
		r.take(":")
		if _, twice := m[k]; twice {
			r.failed = true
		}
		m[k] = r.string()
	}
	r.close()
	return m
}
