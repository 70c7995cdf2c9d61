package open311

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// Limits of one list: 90 days or 1,000 requests, whichever is less.
const (
	maxSpan  = 90 * 24 * time.Hour
	maxItems = 1000
)

// codeOther is what a request is shown under whose service is not known.
const codeOther = "other"

// list serves GET services, requests and servicerequestupdates.
func (a *adapter) list(c call) (any, error) {
	switch c.name {
	case "services":
		return a.services(), nil
	case "requests":
		return a.requests(c)
	case "servicerequestupdates":
		return a.updates(c)
	}
	return nil, notFound("resource")
}

// one serves GET services/{code}, requests/{id} and tokens/{id}.
func (a *adapter) one(c call) (any, error) {
	switch c.resource {
	case "services":
		return a.definition(c.name)
	case "requests":
		return a.find(c, adapters.PublicFilter{Cases: []hub.CaseID{hub.CaseID(c.name)}}, "service_request_id")
	case "tokens":
		found, err := a.find(c, adapters.PublicFilter{Receipts: []hub.ReceiptID{hub.ReceiptID(c.name)}}, "token")
		if err != nil {
			return nil, err
		}
		return requests{Items: []request{{ID: found.Items[0].ID, Token: c.name}}}, nil
	}
	return nil, notFound("resource")
}

// discover serves discovery, the map of the endpoints.
func (a *adapter) discover(c call) (any, error) {
	if c.name != "discovery" {
		return nil, notFound("resource")
	}
	base := strings.TrimRight(cmp.Or(a.config.BaseURL, a.deps.PublicURL, origin(c.Request)), "/") + "/in/" + string(a.channel)
	at := func(path, kind string) endpoint {
		return endpoint{
			"http://wiki.open311.org/GeoReport_v2", base + path, a.config.Changeset, kind, []string{"text/xml", "application/json"},
		}
	}
	return discovery{
		Changeset: a.config.Changeset, Contact: a.config.Contact, KeyService: a.config.KeyService,
		Endpoints: []endpoint{at("/v2", "production"), at("/test/v2", "test")},
	}, nil
}

// origin is the address under which the client itself reached the hub.
func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

func (a *adapter) services() services {
	var out services
	for _, s := range a.config.Services {
		out.Items = append(out.Items, service{
			s.Code, s.Name, s.Description, len(s.Attributes) > 0, "realtime", s.Keywords, s.Group,
		})
	}
	return out
}

func (a *adapter) definition(code string) (any, error) {
	s, ok := a.config.service(code)
	if !ok {
		return nil, notFound("service_code " + code)
	}
	out := definition{Code: code, Attributes: []attribute{}}
	for i, q := range s.Attributes {
		d := attribute{!q.Notice, q.Code, q.Datatype, q.Required, q.Hint, i + 1, q.Description, nil}
		for _, v := range q.Values {
			d.Values = append(d.Values, value(v))
		}
		out.Attributes = append(out.Attributes, d)
	}
	return out, nil
}

func (a *adapter) find(c call, f adapters.PublicFilter, what string) (requests, error) {
	f.Channels, f.Limit = []hub.ChannelCode{a.channel}, 1
	found, err := a.deps.Public.Cases(c.Context(), f)
	if err != nil {
		return requests{}, err
	}
	if len(found) == 0 {
		return requests{}, notFound(what)
	}
	return requests{Items: []request{a.request(found[0])}}, nil
}

// requests serves the list; service_request_id overrides all other arguments.
func (a *adapter) requests(c call) (any, error) {
	q := c.URL.Query()
	f, err := a.filter(q)
	if err != nil {
		return nil, err
	}
	found, err := a.deps.Public.Cases(c.Context(), f)
	if err != nil {
		return nil, err
	}
	var out requests
	for _, p := range found {
		out.Items = append(out.Items, a.request(p))
	}
	return out, nil
}

func (a *adapter) filter(q url.Values) (adapters.PublicFilter, error) {
	f := adapters.PublicFilter{Channels: []hub.ChannelCode{a.channel}, Limit: maxItems}
	if ids := split(q, "service_request_id"); len(ids) > 0 {
		for _, id := range ids[:min(len(ids), maxItems)] {
			f.Cases = append(f.Cases, hub.CaseID(id))
		}
		return f, nil
	}
	f.Services = split(q, "service_code")
	if slices.Contains(f.Services, codeOther) {
		f.Services = append(f.Services, "") // shown as other, too
	}
	var err error
	if f.From, f.To, err = a.span(q, "start_date", "end_date"); err != nil {
		return f, err
	}
	states := split(q, "status")
	for _, s := range states {
		if s != "open" && s != "closed" {
			return f, invalid("status must be open or closed", "status 只能是 open 或 closed")
		}
	}
	if slices.Sort(states); len(slices.Compact(states)) == 1 {
		open := states[0] == "open"
		f.Open = &open
	}
	page, size := 1, maxItems
	for name, n := range map[string]*int{"page": &page, "page_size": &size} {
		if v := q.Get(name); v != "" {
			if *n, err = strconv.Atoi(v); err != nil || *n < 1 || *n > maxItems*maxItems {
				return f, invalid(name+" must be a positive number", name+" 应为正整数")
			}
		}
	}
	f.Limit = min(size, maxItems)
	f.Offset = (page - 1) * f.Limit
	return f, nil
}

// span reads a range of at most 90 days; without one it is the last 90.
func (a *adapter) span(q url.Values, start, end string) (from, to time.Time, err error) {
	for name, t := range map[string]*time.Time{start: &from, end: &to} {
		if v := q.Get(name); v != "" {
			// A "+" that the client forgot to encode arrives as a space.
			if *t, err = time.Parse(time.RFC3339, strings.ReplaceAll(v, " ", "+")); err != nil {
				return from, to, invalid(name+" must look like 2026-01-01T00:00:00Z", name+" 应写成 2026-01-01T00:00:00Z")
			}
		}
	}
	switch {
	case from.IsZero() && to.IsZero():
		return a.deps.Clock.Now().Add(-maxSpan), time.Time{}, nil
	case from.IsZero():
		from = to.Add(-maxSpan)
	case to.IsZero():
		to = from.Add(maxSpan)
	}
	if to.Before(from) {
		return from, to, invalid(end+" lies before "+start, "结束时间早于开始时间")
	}
	if to.Sub(from) > maxSpan {
		return from, to, invalid("the range may not span more than 90 days", "时间范围最多 90 天")
	}
	return from, to, nil
}

// request shows one case.
func (a *adapter) request(p adapters.PublicCase) request {
	s, _ := a.config.service(p.Extra[extraService])
	r := request{
		ID: string(p.ID), Status: status(p.Status.Open()), Notes: notes(p.Status),
		Name: cmp.Or(s.Name, p.Class.Category, "其他"), Code: cmp.Or(s.Code, codeOther), Text: p.Description, Agency: p.Agency,
		Requested: w3(p.OpenedAt), Updated: w3(p.UpdatedAt), Address: p.Address, AddressID: string(p.Place),
		Lat: number(p.Extra[extraLat]), Long: number(p.Extra[extraLong]),
	}
	if !p.ClosedAt.IsZero() {
		r.Updated = w3(p.ClosedAt)
	}
	if d, ok := p.Deadline(hub.ClockClose); ok {
		r.Expected = w3(d.Due)
	}
	return r
}

func (a *adapter) updates(c call) (any, error) {
	from, to, err := a.span(c.URL.Query(), "start_date", "end_date")
	if err != nil {
		return nil, err
	}
	if to.IsZero() {
		to = a.deps.Clock.Now().Add(time.Second)
	}
	found, err := a.deps.Public.Updates(c.Context(), []hub.ChannelCode{a.channel}, from, to, maxItems)
	if err != nil {
		return nil, err
	}
	var out updates
	for _, u := range found {
		out.Items = append(out.Items, update{
			ID: u.ID, Request: string(u.Case), Status: extended(u), Updated: w3(u.At), Text: u.Text,
		})
	}
	return out, nil
}

// extended names a step as the update extension does, in its upper-case words.
func extended(u adapters.PublicUpdate) string {
	switch u.Step {
	case hub.SignedFor, hub.Assigned, hub.ContactMade:
		return "INVESTIGATING"
	case hub.Progressed, hub.PartDone:
		return "IN_PROGRESS"
	case hub.Merged:
		return "DUPLICATE"
	case hub.SentBack:
		return "INTERNAL_REFERRAL"
	case hub.Rejected:
		return "NO_FURTHER_ACTION"
	case hub.Reopened:
		return "REOPEN"
	case hub.Resolved, hub.Answered:
		return "FIXED"
	}
	return strings.ToUpper(status(u.Open))
}

func status(open bool) string {
	if open {
		return "open"
	}
	return "closed"
}

// notes explains the two states of the specification.
func notes(s hub.Status) string {
	switch s {
	case hub.StatusSorting:
		return "已收到，正在分派"
	case hub.StatusAssigned:
		return "已派单，等待签收"
	case hub.StatusSigned, hub.StatusHandling:
		return "正在办理"
	case hub.StatusWaiting:
		return "等待您补充情况"
	case hub.StatusSuspended:
		return "条件不具备，已批准暂缓"
	case hub.StatusResolved:
		return "已办结"
	case hub.StatusAnswered:
		return "已当即答复"
	case hub.StatusRejected:
		return "未受理，原因已告知"
	case hub.StatusMerged:
		return "与同一事项合并办理"
	case hub.StatusArchived:
		return "已归档"
	}
	return ""
}

func number(text string) *degree {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil
	}
	d := degree(f)
	return &d
}

// split reads a list that is given by commas, by repetition or both.
func split(q url.Values, name string) []string {
	var out []string
	for _, v := range q[name] {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}
