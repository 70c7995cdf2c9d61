package cases

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// An inserter gathers new cases, with all that belongs to them, and copies
// them in, table by table.
type inserter struct {
	submissions, cases, events, assignments, deadlines copyRows

	words   copyRows // of the search, if they are indexed at once
	indexed bool

	outbox []hub.Outgoing
	kept   postgres.Kept // of the outbox, once saved
	ids    []string      // of cases whose words are indexed later

	scratch []byte // what the hash of an event covers
}

// reset empties the inserter and keeps its memory.
func (in *inserter) reset() {
	for _, r := range []*copyRows{&in.submissions, &in.cases, &in.events, &in.assignments, &in.deadlines, &in.words} {
		r.buf, r.n, r.cuts = r.buf[:0], 0, r.cuts[:0]
	}
	in.outbox = make([]hub.Outgoing, 0, len(in.outbox)) // the relay has the other
	in.ids = in.ids[:0]
}

func (in *inserter) add(o *hub.Opening) error {
	head, err := in.addEvents(o)
	if err != nil {
		return err
	}
	if err := in.addCase(&o.Case, o.Submission.Title, head); err != nil {
		return err
	}
	for _, a := range o.Case.Assignments {
		in.addAssignment(o.Case.ID, a)
	}
	for _, d := range o.Case.Deadlines {
		in.addDeadline(o.Case.ID, d)
	}
	in.outbox = append(in.outbox, o.Out...)
	if in.indexed {
		in.words.words(o.Case.ID, grams(o.Submission.Title+"\n"+o.Submission.Text))
	} else {
		in.ids = append(in.ids, string(o.Case.ID))
	}
	return nil
}

// addEvents returns the hash of the last event.
func (in *inserter) addEvents(o *hub.Opening) ([]byte, error) {
	var head []byte
	for i, e := range o.Events {
		var text hub.EventText
		if len(o.Texts) == len(o.Events) {
			text = o.Texts[i]
		} else {
			var err error
			if text, err = e.Encode(); err != nil {
				return nil, err
			}
		}
		in.scratch = chained(in.scratch[:0], head, e, text)
		sum := sha256.Sum256(in.scratch)
		head = sum[:]
		r := &in.events
		r.row(7)
		r.text(string(e.Case))
		r.int8(e.Seq)
		r.text(string(e.Type))
		r.time(e.At)
		r.bytes(text.By)
		r.bytes(text.Data)
		r.bytes(head)
	}
	return head, nil
}

func (in *inserter) addCase(c *hub.Case, title string, head []byte) error {
	r := &in.cases
	r.row(18)
	r.text(string(c.ID))
	r.int8(c.Version)
	r.text(string(c.Status))
	r.text(string(c.Channel))
	r.text(string(c.Receipt))
	r.text(string(c.Lead()))
	r.text(string(c.Place))
	r.text(c.Class.Category)
	r.text(string(c.Class.Kind))
	r.text(string(c.Class.Urgency))
	r.text(c.Class.Topic)
	r.text(title)
	r.int4(int(c.Rung))
	r.time(c.OpenedAt)
	r.maybeTime(c.ClosedAt)
	if due := dueOf(*c); due != nil {
		r.time(*due)
	} else {
		r.null()
	}
	r.bytes(head)
	at := r.open()
	buf, err := c.AppendJSON(r.buf)
	if err != nil {
		return fmt.Errorf("encode case %s: %w", c.ID, err)
	}
	r.close(at, buf)
	return nil
}

func (in *inserter) addAssignment(id hub.CaseID, a hub.Assignment) {
	r := &in.assignments
	r.row(6)
	r.text(string(id))
	r.text(string(a.Department))
	r.text(string(a.Role))
	r.time(a.AssignedAt)
	r.maybeTime(a.SignedAt)
	r.maybeTime(a.DoneAt)
}

func (in *inserter) addDeadline(id hub.CaseID, d hub.Deadline) {
	at, running := d.FireAt()
	if !running {
		return
	}
	r := &in.deadlines
	r.row(5)
	r.text(string(id))
	r.text(string(d.Kind))
	r.int4(d.Epoch)
	r.time(at)
	r.time(d.Due)
}

func (in *inserter) save(ctx context.Context, tx pgx.Tx) error {
	for _, t := range []struct {
		rows  *copyRows
		table string
	}{
		{&in.submissions, `submission (receipt, case_id, channel, external_id, heuristic,
			place, kind, urgency, media_type, raw, received_at, submitted_at, content, account, person)`},
		{&in.cases, `cases (id, version, status, channel, receipt, lead, place, category, kind, urgency,
			topic, title, rung, opened_at, closed_at, due_at, head, state)`},
		{&in.events, "event (case_id, seq, type, at, actor, data, hash)"},
		{&in.assignments, "assignment (case_id, department, role, assigned_at, signed_at, done_at)"},
		{&in.deadlines, "deadline (case_id, kind, epoch, fire_at, due_at)"},
		{&in.words, "search_words (case_id, grams)"},
	} {
		if err := t.rows.into(ctx, tx, t.table); err != nil {
			return err
		}
	}
	var b pgx.Batch
	postgres.QueueKept(&b, in.outbox, &in.kept)
	if len(in.ids) > 0 {
		b.Queue("insert into search_queue (case_ids) values ($1)", in.ids)
	}
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("save outgoing messages: %w", err)
	}
	return nil
}

// copyHeader opens a stream of PostgreSQL's binary COPY format, and copyEnd ends
// it.
const (
	copyHeader = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	copyEnd    = "\xff\xff"
)

// serverEpoch is where the server's timestamps begin, in Unix microseconds.
const serverEpoch = 946684800_000000

// copyRows gathers rows of one table in the binary COPY format: the fastest
// way in, for rows that cannot collide.
type copyRows struct {
	buf  []byte
	n    int   // rows
	cuts []int // where portions after the first begin
}

// A server before version 17 holds the description of a table once for each row
// of a COPY that it has not written yet, and looks for it among them: a thousand
// small rows cost as much again. It writes when it has 64 KiB.
const portionRows, portionBytes = 128, 32 << 10

// row begins a row of n columns; the columns follow, in order.
func (r *copyRows) row(n int) {
	if len(r.buf) == 0 {
		r.buf = append(r.buf, copyHeader...)
	}
	if r.n%portionRows == 0 && r.n > 0 && len(r.buf)/r.n < portionBytes/portionRows {
		r.cuts = append(r.cuts, len(r.buf))
	}
	r.n++
	r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(n))
}

func (r *copyRows) text(s string) {
	r.buf = append(binary.BigEndian.AppendUint32(r.buf, uint32(len(s))), s...)
}

func (r *copyRows) bytes(b []byte) {
	r.buf = append(binary.BigEndian.AppendUint32(r.buf, uint32(len(b))), b...)
}

// open begins a column that the caller appends to buf; close ends it.
func (r *copyRows) open() int {
	r.buf = append(r.buf, 0, 0, 0, 0)
	return len(r.buf)
}

// close ends the column that open began at at; buf is all that there is now.
func (r *copyRows) close(at int, buf []byte) {
	r.buf = buf
	binary.BigEndian.PutUint32(buf[at-4:], uint32(len(buf)-at))
}

func (r *copyRows) null() { r.buf = binary.BigEndian.AppendUint32(r.buf, ^uint32(0)) }

// maybeText writes NULL for no text.
func (r *copyRows) maybeText(s *string) {
	if s == nil {
		r.null()
		return
	}
	r.text(*s)
}

func (r *copyRows) int8(v int64) {
	r.buf = binary.BigEndian.AppendUint32(r.buf, 8)
	r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(v))
}

func (r *copyRows) int4(v int) {
	r.buf = binary.BigEndian.AppendUint32(r.buf, 4)
	r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(int32(v)))
}

func (r *copyRows) bool(v bool) {
	r.buf = binary.BigEndian.AppendUint32(r.buf, 1)
	if v {
		r.buf = append(r.buf, 1)
	} else {
		r.buf = append(r.buf, 0)
	}
}

func (r *copyRows) time(t time.Time) { r.int8(t.UnixMicro() - serverEpoch) }

// maybeTime writes NULL for the zero time.
func (r *copyRows) maybeTime(t time.Time) {
	if t.IsZero() {
		r.null()
		return
	}
	r.time(t)
}

// into sends the rows to the columns of table, given as "table (a, b)".
func (r *copyRows) into(ctx context.Context, tx pgx.Tx, table string) error {
	if len(r.buf) == 0 {
		return nil
	}
	from := len(copyHeader)
	for _, to := range append(r.cuts, len(r.buf)) {
		rows := io.MultiReader(strings.NewReader(copyHeader), bytes.NewReader(r.buf[from:to]), strings.NewReader(copyEnd))
		if _, err := tx.Conn().PgConn().CopyFrom(ctx, rows, "copy "+table+" from stdin binary"); err != nil {
			return fmt.Errorf("copy into %s: %w", table, err)
		}
		from = to
	}
	return nil
}
