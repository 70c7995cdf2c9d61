package hub

import (
	"fmt"
	"reflect"
	"strings"
)

// An EventText (事件原文) is the JSON of an event's actor and data, made once:
// what leaves the hub, what is stored and what the chain of hashes covers are
// the same bytes.
type EventText struct {
	By, Data []byte
}

// Encode returns the event's text.
func (e Event) Encode() (EventText, error) {
	_, text, err := e.AppendText(make([]byte, 0, 640))
	return text, err
}

// AppendText appends the event's text to dst, where it stays.
func (e Event) AppendText(dst []byte) ([]byte, EventText, error) {
	start := len(dst)
	dst, err := e.By.appendJSON(dst)
	if err != nil {
		return dst, EventText{}, fmt.Errorf("encode actor of %s: %w", e.Case, err)
	}
	middle := len(dst)
	if dst, err = e.Data.appendJSON(dst); err != nil {
		return dst, EventText{}, fmt.Errorf("encode event %d of %s: %w", e.Seq, e.Case, err)
	}
	// Only now is it certain where they stay: dst may have moved as it grew.
	return dst, EventText{By: dst[start:middle:middle], Data: dst[middle:len(dst):len(dst)]}, nil
}

// AppendJSON appends the event as encoding/json writes it, given its text.
func (e Event) AppendJSON(dst []byte, text EventText) []byte {
	o := open(dst)
	str(&o, `"case":`, e.Case)
	o.int(`"seq":`, e.Seq)
	str(&o, `"type":`, e.Type)
	o.time(`"at":`, e.At)
	o.raw(`"by":`, text.By)
	o.raw(`"data":`, text.Data)
	return append(o.b, '}')
}

// AppendJSON appends the case as encoding/json writes it.
func (c Case) AppendJSON(dst []byte) ([]byte, error) {
	if !shaped {
		return appendAny(dst, c)
	}
	o := open(dst)
	str(&o, `"id":`, c.ID)
	o.int(`"version":`, c.Version)
	str(&o, `"status":`, c.Status)
	str(&o, `"channel":`, c.Channel)
	str(&o, `"external_id":`, c.ExternalID)
	str(&o, `"receipt":`, c.Receipt)
	strIf(&o, `"place":`, c.Place)
	o.b = c.Class.appendJSON(o.key(`"class":`))
	list(&o, `"assignments":`, c.Assignments, Assignment.appendJSON)
	list(&o, `"deadlines":`, c.Deadlines, Deadline.appendJSON)
	list(&o, `"overdue":`, c.Overdue, appendString)
	o.intIf(`"rung":`, int64(c.Rung))
	o.int(`"round":`, int64(c.Round))
	o.intIf(`"hops":`, int64(c.Hops))
	strIf(&o, `"keeper":`, c.Keeper)
	list(&o, `"tried":`, c.Tried, appendString)
	o.intIf(`"extensions":`, int64(c.Extensions))
	otherIf(&o, `"asked":`, c.Asked)
	strIf(&o, `"resume":`, c.Resume)
	o.boolIf(`"supervised":`, c.Supervised)
	o.boolIf(`"instructed":`, c.Instructed)
	list(&o, `"orders":`, c.Orders, Order.appendJSON)
	o.intIf(`"rating":`, int64(c.Rating))
	strIf(&o, `"into":`, c.Into)
	o.boolIf(`"contacted":`, c.Contacted)
	o.time(`"opened_at":`, c.OpenedAt)
	o.timeIf(`"closed_at":`, c.ClosedAt)
	o.int(`"epoch":`, int64(c.Epoch))
	return append(o.b, '}'), o.err
}

// AppendJSON appends the alert as encoding/json writes it.
func (a Alert) AppendJSON(dst []byte) ([]byte, error) { return a.AppendJSONWith(dst, nil) }

// AppendJSONWith is AppendJSON for an alert whose content is JSON already, if
// content is not nil.
func (a Alert) AppendJSONWith(dst, content []byte) ([]byte, error) {
	if !shaped {
		return appendAny(dst, a)
	}
	o := open(dst)
	str(&o, `"id":`, a.ID)
	str(&o, `"department":`, a.Department)
	str(&o, `"role":`, a.Role)
	str(&o, `"event":`, a.Event)
	o.int(`"seq":`, a.Seq)
	o.time(`"at":`, a.At)
	str(&o, `"case":`, a.Case)
	strIf(&o, `"place":`, a.Place)
	o.b = a.Class.appendJSON(o.key(`"class":`))
	o.timeIf(`"due":`, a.Due)
	strIf(&o, `"text":`, a.Text)
	switch {
	case a.Content.zero():
	case content != nil:
		o.raw(`"content":`, content)
	default:
		o.b, o.err = a.Content.AppendJSON(o.key(`"content":`))
	}
	return append(o.b, '}'), o.err
}

// AppendJSON appends the content as encoding/json writes it.
func (c Content) AppendJSON(dst []byte) ([]byte, error) {
	if !shaped {
		return appendAny(dst, c)
	}
	o := open(dst)
	str(&o, `"title":`, c.Title)
	str(&o, `"text":`, c.Text)
	if c.Reporter != (Reporter{}) {
		r := open(o.key(`"reporter":`))
		strIf(&r, `"name":`, c.Reporter.Name)
		strIf(&r, `"phone":`, c.Reporter.Phone)
		strIf(&r, `"id_number":`, c.Reporter.IDNumber)
		strIf(&r, `"account":`, c.Reporter.Account)
		r.boolIf(`"anonymous":`, c.Reporter.Anonymous)
		o.b = append(r.b, '}')
	}
	strIf(&o, `"place_text":`, c.PlaceText)
	if len(c.Attachments) > 0 {
		o.other(`"attachments":`, c.Attachments)
	}
	if len(c.Extra) > 0 {
		o.other(`"extra":`, c.Extra)
	}
	return append(o.b, '}'), o.err
}

func (c Content) zero() bool {
	return c.Title == "" && c.Text == "" && c.Reporter == (Reporter{}) && c.PlaceText == "" &&
		c.Attachments == nil && c.Extra == nil
}

func (a Actor) appendJSON(dst []byte) ([]byte, error) {
	if !shaped {
		return appendAny(dst, a)
	}
	o := open(dst)
	str(&o, `"kind":`, a.Kind)
	strIf(&o, `"id":`, a.ID)
	strIf(&o, `"name":`, a.Name)
	return append(o.b, '}'), nil
}

func (d Data) appendJSON(dst []byte) ([]byte, error) {
	if !shaped {
		return appendAny(dst, d)
	}
	o := open(dst)
	if d.Origin != nil {
		o.b = d.Origin.appendJSON(o.key(`"origin":`))
	}
	if d.Decision != nil {
		o.b, o.err = d.Decision.appendJSON(o.key(`"decision":`))
	}
	if d.Class != nil {
		o.b = d.Class.appendJSON(o.key(`"class":`))
	}
	strIf(&o, `"department":`, d.Department)
	strIf(&o, `"lead":`, d.Lead)
	list(&o, `"co":`, d.Co, appendString)
	strIf(&o, `"text":`, d.Text)
	list(&o, `"deadlines":`, d.Deadlines, Deadline.appendJSON)
	strIf(&o, `"clock":`, d.Clock)
	otherIf(&o, `"duty":`, d.Duty)
	otherIf(&o, `"extension":`, d.Extension)
	if d.Order != nil {
		o.b = d.Order.appendJSON(o.key(`"order":`))
	}
	strIf(&o, `"finding":`, d.Finding)
	o.timeIf(`"due":`, d.Due)
	strIf(&o, `"into":`, d.Into)
	o.intIf(`"rating":`, int64(d.Rating))
	return append(o.b, '}'), o.err
}

func (v Origin) appendJSON(dst []byte) []byte {
	o := open(dst)
	str(&o, `"channel":`, v.Channel)
	str(&o, `"external_id":`, v.ExternalID)
	str(&o, `"receipt":`, v.Receipt)
	strIf(&o, `"place":`, v.Place)
	o.time(`"submitted_at":`, v.SubmittedAt)
	o.boolIf(`"heuristic":`, v.Heuristic)
	return append(o.b, '}')
}

func (d Decision) appendJSON(dst []byte) ([]byte, error) {
	o := open(dst)
	str(&o, `"rule_set":`, d.RuleSet)
	o.b = d.Class.appendJSON(o.key(`"class":`))
	strIf(&o, `"lead":`, d.Lead)
	list(&o, `"co":`, d.Co, appendString)
	strIf(&o, `"rule":`, d.Rule)
	list(&o, `"matches":`, d.Matches, Match.appendJSON)
	o.float(`"confidence":`, d.Confidence)
	list(&o, `"candidates":`, d.Candidates, appendString)
	if len(d.Clocks) > 0 {
		o.other(`"clocks":`, d.Clocks)
	}
	otherIf(&o, `"reject":`, d.Reject)
	otherIf(&o, `"answer":`, d.Answer)
	o.intIf(`"start_rung":`, int64(d.StartRung))
	list(&o, `"alert":`, d.Alert, appendString)
	return append(o.b, '}'), o.err
}

func (c Class) appendJSON(dst []byte) []byte {
	o := open(dst)
	strIf(&o, `"category":`, c.Category)
	strIf(&o, `"kind":`, c.Kind)
	strIf(&o, `"urgency":`, c.Urgency)
	strIf(&o, `"topic":`, c.Topic)
	strIf(&o, `"grade":`, c.Grade)
	list(&o, `"tags":`, c.Tags, appendString)
	return append(o.b, '}')
}

func (m Match) appendJSON(dst []byte) []byte {
	o := open(dst)
	str(&o, `"rule":`, m.Rule)
	str(&o, `"stage":`, m.Stage)
	o.intIf(`"priority":`, int64(m.Priority))
	strIf(&o, `"department":`, m.Department)
	list(&o, `"hits":`, m.Hits, Hit.appendJSON)
	return append(o.b, '}')
}

func (h Hit) appendJSON(dst []byte) []byte {
	o := open(dst)
	str(&o, `"field":`, h.Field)
	str(&o, `"word":`, h.Word)
	o.int(`"rune":`, int64(h.Rune))
	return append(o.b, '}')
}

func (a Assignment) appendJSON(dst []byte) []byte {
	o := open(dst)
	str(&o, `"department":`, a.Department)
	str(&o, `"role":`, a.Role)
	o.time(`"assigned_at":`, a.AssignedAt)
	o.timeIf(`"signed_at":`, a.SignedAt)
	o.timeIf(`"done_at":`, a.DoneAt)
	strIf(&o, `"task":`, a.Task)
	o.timeIf(`"due":`, a.Due)
	strIf(&o, `"finding":`, a.Finding)
	strIf(&o, `"progress":`, a.Progress)
	strIf(&o, `"result":`, a.Result)
	return append(o.b, '}')
}

func (d Deadline) appendJSON(dst []byte) []byte {
	o := open(dst)
	str(&o, `"kind":`, d.Kind)
	if d.Budget != (Budget{}) {
		str(&o, `"budget":`, d.Budget.String())
	}
	o.time(`"start":`, d.Start)
	o.time(`"due":`, d.Due)
	o.timeIf(`"warn_at":`, d.WarnAt)
	o.timeIf(`"paused_at":`, d.PausedAt)
	list(&o, `"pauses":`, d.Pauses, Pause.appendJSON)
	o.boolIf(`"provisional":`, d.Provisional)
	o.int(`"epoch":`, int64(d.Epoch))
	return append(o.b, '}')
}

func (p Pause) appendJSON(dst []byte) []byte {
	o := open(dst)
	o.time(`"from":`, p.From)
	o.time(`"to":`, p.To)
	return append(o.b, '}')
}

func (v Order) appendJSON(dst []byte) []byte {
	o := open(dst)
	o.int(`"id":`, v.ID)
	str(&o, `"kind":`, v.Kind)
	strIf(&o, `"grade":`, v.Grade)
	strIf(&o, `"owner":`, v.Owner)
	o.timeIf(`"due":`, v.Due)
	strIf(&o, `"note":`, v.Note)
	return append(o.b, '}')
}

// The hot path writes thousands of cases a second, and reflection would be a
// third of its work; so the types above are written by hand, field by field.
// shapes has the fields that this file knows. When a type has others, all are
// left to encoding/json, which is slower and never wrong.
func shapes() map[reflect.Type]string {
	return map[reflect.Type]string{
		reflect.TypeFor[Actor](): "kind id,omitempty name,omitempty",
		reflect.TypeFor[Case](): "id version status channel external_id receipt place,omitempty class assignments,omitempty " +
			"deadlines,omitempty overdue,omitempty rung,omitempty round hops,omitempty keeper,omitempty tried,omitempty " +
			"extensions,omitempty asked,omitempty resume,omitempty supervised,omitempty " +
			"instructed,omitempty orders,omitempty rating,omitempty into,omitempty contacted,omitempty opened_at " +
			"closed_at,omitzero epoch",
		reflect.TypeFor[Alert](): "id department role event seq at case place,omitempty class due,omitzero text,omitempty " +
			"content,omitzero",
		reflect.TypeFor[Content]():  "title text reporter,omitzero place_text,omitempty attachments,omitempty extra,omitempty",
		reflect.TypeFor[Reporter](): "name,omitempty phone,omitempty id_number,omitempty account,omitempty anonymous,omitempty",
		reflect.TypeFor[Data](): "origin,omitempty decision,omitempty class,omitempty department,omitempty lead,omitempty " +
			"co,omitempty text,omitempty deadlines,omitempty clock,omitempty duty,omitempty " +
			"extension,omitempty order,omitempty finding,omitempty due,omitzero into,omitempty rating,omitempty",
		reflect.TypeFor[Origin](): "channel external_id receipt place,omitempty submitted_at heuristic,omitempty",
		reflect.TypeFor[Decision](): "rule_set class lead,omitempty co,omitempty rule,omitempty matches,omitempty confidence " +
			"candidates,omitempty clocks,omitempty reject,omitempty answer,omitempty " +
			"start_rung,omitempty alert,omitempty",
		reflect.TypeFor[Class](): "category,omitempty kind,omitempty urgency,omitempty topic,omitempty grade,omitempty " +
			"tags,omitempty",
		reflect.TypeFor[Match](): "rule stage priority,omitempty department,omitempty hits,omitempty",
		reflect.TypeFor[Hit]():   "field word rune",
		reflect.TypeFor[Assignment](): "department role assigned_at signed_at,omitzero done_at,omitzero task,omitempty due,omitzero " +
			"finding,omitempty progress,omitempty result,omitempty",
		reflect.TypeFor[Pause](): "from to",
		reflect.TypeFor[Order](): "id kind grade,omitempty owner,omitempty due,omitzero note,omitempty",
		reflect.TypeFor[Deadline](): "kind budget,omitzero start due warn_at,omitzero paused_at,omitzero pauses,omitempty provisional,omitempty " +
			"epoch",
	}
}

// shaped reports that the types have the fields that this file knows.
var shaped = func() bool {
	for t, want := range shapes() {
		if shapeOf(t) != want {
			return false
		}
	}
	return true
}()

// shapeOf lists the JSON names and options of t's fields.
func shapeOf(t reflect.Type) string {
	tags := make([]string, t.NumField())
	for i := range tags {
		tags[i] = t.Field(i).Tag.Get("json")
	}
	return strings.Join(tags, " ")
}
