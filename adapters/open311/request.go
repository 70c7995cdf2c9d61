package open311

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// maxDescription is how long a description may be, in characters.
const maxDescription = 4000

// extra names under which a request's own fields are kept with the case.
const (
	extraService = hub.ExtraService
	extraLat     = "lat"
	extraLong    = "long"
	extraMedia   = "media_url"
	extraAccount = "account_id"
	extraEmail   = "email"
)

func parse(body string) (url.Values, error) {
	if !utf8.ValidString(body) {
		return nil, hub.Errorf(hub.CodeInvalid, "charset.invalid", "UTF-8")
	}
	form, err := url.ParseQuery(body)
	if err != nil {
		return nil, invalid("the form cannot be read", "表单格式有误")
	}
	for _, values := range form {
		for _, v := range values {
			if !utf8.ValidString(v) {
				return nil, invalid("text is not UTF-8", "文字不是 UTF-8 编码")
			}
		}
	}
	return form, nil
}

// post takes POST requests and POST servicerequestupdates.
func (a *adapter) post(c call) (any, error) {
	body, err := adapters.ReadBody(c.w, c.Request, adapters.MaxBody)
	if err != nil {
		return nil, err
	}
	form, err := parse(string(body))
	if err != nil {
		return nil, err
	}
	if err := a.admit(cmp.Or(form.Get("api_key"), c.URL.Query().Get("api_key"), c.Header.Get(keyHeader))); err != nil {
		return nil, err
	}
	if id := form.Get("jurisdiction_id"); id != "" && a.config.Jurisdiction != "" && id != a.config.Jurisdiction {
		return nil, notFound("jurisdiction_id")
	}
	switch c.name {
	case "requests":
		return a.create(c, form, body)
	case "servicerequestupdates":
		return a.reply(c, form)
	}
	return nil, notFound("resource")
}

func (a *adapter) create(c call, form url.Values, body []byte) (any, error) {
	s, service, err := a.submission(c.Context(), form)
	if err != nil {
		return nil, err
	}
	account := form.Get("account_id")
	if c.test {
		return requests{Items: []request{{ID: "TEST-" + service.Code, Notice: "测试地址，未留存。", Account: &account}}}, nil
	}
	s.Raw, s.MediaType = body, "application/x-www-form-urlencoded"
	answers, err := a.intake.Accept(c.Context(), []hub.Submission{s})
	if err == nil {
		err = answers[0].Err
	}
	if err != nil {
		return nil, err
	}
	notice := "已收到，马上办理。可凭编号拨打 12345 查询。"
	if answers[0].Duplicate {
		notice = "这件事已经收到过，编号不变。"
	}
	return requests{Items: []request{{ID: string(answers[0].Case), Notice: notice, Account: &account}}}, nil
}

// submission maps a form; its service comes back with it.
func (a *adapter) submission(ctx context.Context, form url.Values) (hub.Submission, Service, error) {
	none := hub.Submission{}
	code := form.Get("service_code")
	if code == "" {
		return none, Service{}, invalid("service_code was not provided", "缺少 service_code")
	}
	service, ok := a.config.service(code)
	if !ok {
		return none, service, notFound("service_code " + code)
	}
	description := strings.TrimSpace(form.Get("description"))
	if utf8.RuneCountInString(description) > maxDescription {
		return none, service, invalid("description is longer than 4000 characters", "description 最多 4000 字")
	}
	answers, err := service.answers(form)
	if err != nil {
		return none, service, err
	}
	s := hub.Submission{
		Channel: a.channel, ExternalID: form.Get("external_id"),
		Content: hub.Content{
			Title: service.Name, Text: cmp.Or(description, service.Name),
			Reporter: hub.Reporter{
				Name:  strings.TrimSpace(form.Get("last_name") + form.Get("first_name")),
				Phone: form.Get("phone"), Account: form.Get("account_id"),
			},
			Extra: answers,
		},
	}
	s.Reporter.Anonymous = s.Reporter.Name == "" && s.Reporter.Phone == ""
	for name, value := range map[string]string{
		extraService: code, extraMedia: form.Get("media_url"), extraAccount: form.Get("account_id"), extraEmail: form.Get("email"),
	} {
		if value != "" {
			s.Extra[name] = value
		}
	}
	return s, service, a.locate(ctx, form, &s)
}

// locate reads one of address_id, address_string and lat with long.
func (a *adapter) locate(ctx context.Context, form url.Values, s *hub.Submission) error {
	lat, long := form.Get("lat"), form.Get("long")
	s.PlaceText = strings.TrimSpace(form.Get("address_string"))
	id := form.Get("address_id")
	if id == "" && s.PlaceText == "" && (lat == "" || long == "") {
		return invalid("a location was not provided: lat and long, address_string or address_id",
			"缺少地点：lat 与 long、address_string、address_id 三选一")
	}
	if id != "" {
		place, ok := a.deps.Place(ctx, hub.PlaceCode(id))
		if !ok {
			return notFound("address_id")
		}
		s.Place = place.Code
		s.PlaceText = cmp.Or(s.PlaceText, place.Name)
	}
	if lat == "" && long == "" {
		return nil
	}
	if !within(lat, 90) || !within(long, 180) {
		return invalid("lat and long must be WGS84 degrees", "lat、long 应为 WGS84 度数")
	}
	s.Extra[extraLat], s.Extra[extraLong] = lat, long
	s.PlaceText = cmp.Or(s.PlaceText, "坐标 "+lat+","+long)
	return nil
}

func within(degrees string, limit float64) bool {
	f, err := strconv.ParseFloat(degrees, 64)
	return err == nil && f >= -limit && f <= limit
}

// answers reads attribute[CODE]=value and attribute[CODE][]=value.
func (s Service) answers(form url.Values) (map[string]string, error) {
	out := map[string]string{}
	for i, a := range s.Attributes {
		values := slices.Concat(form["attribute["+a.Code+"]"], form["attribute["+a.Code+"][]"])
		values = slices.DeleteFunc(values, func(v string) bool { return strings.TrimSpace(v) == "" })
		switch {
		case a.Notice:
			continue
		case len(values) == 0 && a.Required:
			return nil, invalid("attribute["+a.Code+"] is required", "缺少必填项 "+a.Code)
		case len(values) > 1 && a.Datatype != "multivaluelist":
			return nil, invalid("attribute["+a.Code+"] takes one value", a.Code+" 只能有一个值")
		}
		for _, v := range values {
			if err := s.Attributes[i].check(v); err != nil {
				return nil, err
			}
		}
		if len(values) > 0 {
			out["attribute."+a.Code] = strings.Join(values, "；")
		}
	}
	return out, nil
}

func (a Attribute) check(v string) error {
	var err error
	switch a.Datatype {
	case "number":
		_, err = strconv.ParseFloat(v, 64)
	case "datetime":
		_, err = time.Parse(time.RFC3339, v)
	case "singlevaluelist", "multivaluelist":
		if !slices.ContainsFunc(a.Values, func(o Value) bool { return o.Key == v }) {
			return invalid("attribute["+a.Code+"] is not one of its values", a.Code+" 不在可选值里")
		}
	}
	if err != nil {
		return invalid("attribute["+a.Code+"] is not a "+a.Datatype, a.Code+" 的写法不对，应为 "+a.Datatype)
	}
	return nil
}

// reply takes what the reporter adds to a case that waits for it.
func (a *adapter) reply(c call, form url.Values) (any, error) {
	id, text := form.Get("service_request_id"), strings.TrimSpace(form.Get("description"))
	if id == "" {
		return nil, invalid("service_request_id was not provided", "缺少 service_request_id")
	}
	if text == "" {
		return nil, invalid("description was not provided", "缺少 description")
	}
	found, err := a.deps.Public.Cases(c.Context(), adapters.PublicFilter{
		Channels: []hub.ChannelCode{a.channel}, Cases: []hub.CaseID{hub.CaseID(id)}, Limit: 1,
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, notFound("service_request_id")
	}
	if c.test {
		return updates{Items: []update{{ID: "TEST"}}}, nil
	}
	if err := a.deps.Public.Reply(c.Context(), hub.CaseID(id), text); err != nil {
		if hub.CodeOf(err) == hub.CodeConflict {
			return nil, refusal{http.StatusConflict, "the request does not wait for an answer · 这件事现在不需要补充"}
		}
		return nil, err
	}
	return updates{Items: []update{{ID: cmp.Or(form.Get("update_id"), id+"-"+strconv.FormatInt(a.deps.Clock.Now().Unix(), 10))}}}, nil
}
