package open311_test

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/hub"
)

// A client speaks to an endpoint as GeoReport v2 says.
type client struct {
	*testing.T
	h      http.Handler
	intake *adaptertest.Intake
	town   *town
}

func newClient(t *testing.T) client {
	t.Helper()
	s, in, public := suite(), &adaptertest.Intake{}, &town{}
	s.Deps.Public = public
	a, err := s.New(in)
	if err != nil {
		t.Fatal(err)
	}
	return client{t, a.Handler(), in, public}
}

func (c client) do(method, path, form string) *httptest.ResponseRecorder {
	c.Helper()
	r := httptest.NewRequest(method, "/in/open311"+path, strings.NewReader(form))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, r)
	media := "application/json; charset=utf-8"
	if strings.Contains(path, ".xml") {
		media = "text/xml; charset=utf-8"
	}
	if got := w.Header().Get("Content-Type"); got != media {
		c.Errorf("%s %s: %s, want %s", method, path, got, media)
	}
	return w
}

// object is a JSON object of an answer; XML is read into the same.
type object map[string]any

// node is any XML element.
type node struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
	Nodes   []node `xml:",any"`
}

func (n node) object() object {
	o := object{}
	for _, c := range n.Nodes {
		if len(c.Nodes) == 0 {
			o[c.XMLName.Local] = strings.TrimSpace(c.Text)
			continue
		}
		var list []any
		for _, item := range c.Nodes {
			if len(item.Nodes) > 0 {
				list = append(list, item.object())
			} else {
				list = append(list, strings.TrimSpace(item.Text))
			}
		}
		o[c.XMLName.Local] = list
	}
	return o
}

// list reads the items of an answer in either format, all values as text.
func (c client) list(w *httptest.ResponseRecorder, root, item string) []object {
	c.Helper()
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/xml") {
		if !strings.HasPrefix(w.Body.String(), `<?xml version="1.0" encoding="UTF-8"?>`) {
			c.Errorf("no XML declaration: %.60s", w.Body)
		}
		var n node
		if err := xml.Unmarshal(w.Body.Bytes(), &n); err != nil || n.XMLName.Local != root {
			c.Fatalf("root %q, %v, want %q:\n%s", n.XMLName.Local, err, root, w.Body)
		}
		var out []object
		for _, i := range n.Nodes {
			if i.XMLName.Local != item {
				c.Errorf("item %q, want %q", i.XMLName.Local, item)
			}
			out = append(out, i.object())
		}
		return out
	}
	var out []object
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		c.Fatalf("not a JSON array: %v\n%s", err, w.Body)
	}
	return out
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func (c client) want(got object, fields map[string]string) {
	c.Helper()
	for name, v := range fields {
		if text(got[name]) != v {
			c.Errorf("%s is %q, want %q", name, text(got[name]), v)
		}
	}
}

// formats runs f for both.
func formats(t *testing.T, f func(c client, ext string)) {
	for _, ext := range []string{".json", ".xml"} {
		t.Run(ext[1:], func(t *testing.T) { f(newClient(t), ext) })
	}
}

func TestServiceList(t *testing.T) {
	formats(t, func(c client, ext string) {
		got := c.list(c.do("GET", "/v2/services"+ext, ""), "services", "service")
		if len(got) != 2 {
			c.Fatalf("services: %v", got)
		}
		c.want(got[0], map[string]string{
			"service_code": "heating", "service_name": "供暖问题", "description": "家里不热", "metadata": "true",
			"type": "realtime", "keywords": "暖气,不热", "group": "城乡建设",
		})
		c.want(got[1], map[string]string{"service_code": "road", "metadata": "false"})
		if _, isBool := got[0]["metadata"].(bool); ext == ".json" && !isBool {
			c.Error("metadata is not a JSON boolean")
		}
	})
}

func TestServiceDefinition(t *testing.T) {
	formats(t, func(c client, ext string) {
		w := c.do("GET", "/v2/services/heating"+ext, "")
		var d object
		if ext == ".xml" {
			var n node
			if err := xml.Unmarshal(w.Body.Bytes(), &n); err != nil || n.XMLName.Local != "service_definition" {
				c.Fatalf("%v\n%s", err, w.Body)
			}
			d = n.object()
		} else if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
			c.Fatal(err)
		}
		attributes, _ := d["attributes"].([]any)
		if text(d["service_code"]) != "heating" || len(attributes) != 2 {
			c.Fatalf("definition: %v", d)
		}
		first := asObject(attributes[0])
		c.want(first, map[string]string{
			"variable": "true", "code": "TEMP", "datatype": "number", "required": "true", "order": "1", "description": "室温",
			"datatype_description": "度",
		})
		values, _ := asObject(attributes[1])["values"].([]any)
		if len(values) != 2 {
			c.Fatalf("values: %v", attributes[1])
		}
		c.want(asObject(values[0]), map[string]string{"key": "flat", "name": "我家"})
		c.refused(c.do("GET", "/v2/services/none"+ext, ""), http.StatusNotFound)
	})
}

func asObject(v any) object {
	switch v := v.(type) {
	case object:
		return v
	case map[string]any:
		return v
	}
	return nil
}

// refused wants the specification's list of errors.
func (c client) refused(w *httptest.ResponseRecorder, status int) {
	c.Helper()
	if w.Code != status {
		c.Errorf("answered %d, want %d: %s", w.Code, status, w.Body)
	}
	got := c.list(w, "errors", "error")
	if len(got) != 1 || text(got[0]["code"]) != strconv.Itoa(status) || text(got[0]["description"]) == "" {
		c.Errorf("errors: %v", got)
	}
}

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func TestPostRequest(t *testing.T) {
	formats(t, func(c client, ext string) {
		w := c.do("POST", "/v2/requests"+ext, form("api_key", "k2", "jurisdiction_id", "baiyin.gov.cn", "service_code", "heating",
			"lat", "36.54", "long", "104.17", "description", "三天\n不热", "first_name", "三", "last_name", "张", "phone", "13900000001",
			"email", "z@example.cn", "account_id", "a7", "media_url", "https://example.cn/p.jpg",
			"attribute[TEMP]", "12.5", "attribute[SCOPE][]", "flat", "attribute[SCOPE][]", "house"))
		got := c.list(w, "service_requests", "request")
		if w.Code != http.StatusOK || len(got) != 1 || text(got[0]["service_request_id"]) == "" || text(got[0]["token"]) != "" {
			c.Fatalf("answered %d %v", w.Code, got)
		}
		c.want(got[0], map[string]string{"account_id": "a7"})
		s := c.intake.Taken()[0]
		if s.Text != "三天\n不热" || s.Reporter.Name != "张三" || s.Extra["attribute.SCOPE"] != "flat；house" ||
			s.Extra["attribute.TEMP"] != "12.5" || s.Extra["lat"] != "36.54" || s.Channel != "open311" || len(s.Raw) == 0 {
			c.Errorf("handed in %+v", s)
		}
	})
}

func TestPostRefuses(t *testing.T) {
	good := []string{"service_code", "heating", "address_string", "人民路3号", "attribute[TEMP]", "12"}
	with := func(pairs ...string) string { return form(append(slices.Clone(good), pairs...)...) }
	cases := []struct {
		name, form string
		status     int
	}{
		{"no key is 403, not 400", with(), http.StatusForbidden},
		{"a wrong key", with("api_key", "k3"), http.StatusForbidden},
		{"no service", form("api_key", "k1", "address_string", "x"), http.StatusBadRequest},
		{"an unknown service", form("api_key", "k1", "address_string", "x", "service_code", "none"), http.StatusNotFound},
		{"another city", with("api_key", "k1", "jurisdiction_id", "elsewhere.gov.cn"), http.StatusNotFound},
		{"no place", form("api_key", "k1", "service_code", "road"), http.StatusBadRequest},
		{"half a place", form("api_key", "k1", "service_code", "road", "lat", "36"), http.StatusBadRequest},
		{"a place off the globe", form("api_key", "k1", "service_code", "road", "lat", "136", "long", "0"), http.StatusBadRequest},
		{"no answer to a required question", form("api_key", "k1", "service_code", "heating", "address_string", "x"), http.StatusBadRequest},
		{"a word for a number", form("api_key", "k1", "service_code", "heating", "address_string", "x", "attribute[TEMP]", "冷"), http.StatusBadRequest},
		{"a choice that is none", with("api_key", "k1", "attribute[SCOPE]", "street"), http.StatusBadRequest},
		{"too long a text", with("api_key", "k1", "description", strings.Repeat("冷", 4001)), http.StatusBadRequest},
		{"not UTF-8", "api_key=k1&service_code=road&address_string=%B0%D7", http.StatusBadRequest},
	}
	formats(t, func(c client, ext string) {
		for _, v := range cases {
			c.Run(v.name, func(t *testing.T) {
				client{t, c.h, c.intake, c.town}.refused(c.do("POST", "/v2/requests"+ext, v.form), v.status)
			})
		}
		c.intake.Fail(hub.Errorf(hub.CodeUnavailable, "intake.unavailable"))
		w := c.do("POST", "/v2/requests"+ext, with("api_key", "k1"))
		if c.refused(w, http.StatusServiceUnavailable); w.Header().Get("Retry-After") == "" {
			c.Error("503 without Retry-After")
		}
		if len(c.intake.Taken()) != 0 {
			c.Errorf("taken all the same: %v", c.intake.Taken())
		}
	})
}

func TestTheTestEndpointKeepsNothing(t *testing.T) {
	c := newClient(t)
	w := c.do("POST", "/test/v2/requests.json", form("api_key", "k1", "service_code", "road", "address_string", "x"))
	if got := c.list(w, "", ""); len(got) != 1 || len(c.intake.Taken()) != 0 {
		t.Errorf("answered %v, taken %v", got, c.intake.Taken())
	}
}

func TestRequests(t *testing.T) {
	ids := func(list []object) string {
		var out []string
		for _, o := range list {
			out = append(out, text(o["service_request_id"]))
		}
		return strings.Join(out, " ")
	}
	queries := map[string]string{
		"": "BY1 BY2", "?status=open": "BY1", "?status=closed": "BY2", "?status=open,closed": "BY1 BY2", "?status=closed&status=open": "BY1 BY2",
		"?service_code=road": "BY2", "?service_code=road,heating": "BY1 BY2", "?service_code=none": "",
		"?service_request_id=BY2&status=open": "BY2", "?service_request_id=BY2,BY1": "BY1 BY2",
		"?page=2&page_size=1": "BY2", "?page_size=1": "BY1", "?page=9": "", "?status=": "BY1 BY2",
		"?start_date=2026-11-21T00:00:00Z&end_date=2026-11-23T00:00:00%2B08:00": "BY1",
		"?start_date=2026-11-21T00:00:00+08:00":                                 "BY1",
		"?end_date=2026-11-20T23:00:00Z":                                        "BY2",
		"?jurisdiction_id=baiyin.gov.cn":                                        "BY1 BY2",
	}
	formats(t, func(c client, ext string) {
		for q, want := range queries {
			if got := ids(c.list(c.do("GET", "/v2/requests"+ext+q, ""), "service_requests", "request")); got != want {
				c.Errorf("requests%s: %q, want %q", q, got, want)
			}
		}
		for q, status := range map[string]int{
			"?status=lost": 400, "?start_date=yesterday": 400, "?start_date=2026-01-01": 400, "?page=0": 400, "?page_size=x": 400,
			"?start_date=2026-01-01T00:00:00Z&end_date=2026-06-01T00:00:00Z": 400, "?jurisdiction_id=x": 404,
			"?start_date=2026-06-01T00:00:00Z&end_date=2026-05-01T00:00:00Z": 400,
		} {
			c.refused(c.do("GET", "/v2/requests"+ext+q, ""), status)
		}
	})
}

func TestOneRequest(t *testing.T) {
	formats(t, func(c client, ext string) {
		got := c.list(c.do("GET", "/v2/requests/BY1"+ext, ""), "service_requests", "request")
		if len(got) != 1 {
			c.Fatalf("request: %v", got)
		}
		c.want(got[0], map[string]string{
			"service_request_id": "BY1", "status": "open", "status_notes": "等待您补充情况", "service_name": "供暖问题",
			"service_code": "heating", "description": "暖气不热", "agency_responsible": "供热服务中心",
			"requested_datetime": "2026-11-21T09:00:00Z", "updated_datetime": "2026-11-21T10:00:00Z",
			"expected_datetime": "2026-11-24T09:00:00Z", "address": "白银区人民路街道", "address_id": "620402001002",
			"lat": "36.54", "long": "104.17",
		})
		if _, isNumber := got[0]["lat"].(float64); ext == ".json" && !isNumber {
			c.Error("lat is not a JSON number")
		}
		closed := c.list(c.do("GET", "/v2/requests/BY2"+ext, ""), "service_requests", "request")[0]
		c.want(closed, map[string]string{"status": "closed", "updated_datetime": "2026-11-21T08:00:00Z", "expected_datetime": ""})
		c.refused(c.do("GET", "/v2/requests/BY9"+ext, ""), http.StatusNotFound)
		token := c.list(c.do("GET", "/v2/tokens/r_2"+ext, ""), "service_requests", "request")
		c.want(token[0], map[string]string{"service_request_id": "BY2", "token": "r_2"})
		c.refused(c.do("GET", "/v2/tokens/r_9"+ext, ""), http.StatusNotFound)
		c.refused(c.do("GET", "/v2/nothing"+ext, ""), http.StatusNotFound)
	})
}

func TestUpdates(t *testing.T) {
	formats(t, func(c client, ext string) {
		window := "?start_date=2026-11-20T00:00:00Z&end_date=2026-11-22T00:00:00Z"
		got := c.list(c.do("GET", "/v2/servicerequestupdates"+ext+window, ""), "service_requests_updates", "request_update")
		if len(got) != 1 {
			c.Fatalf("updates: %v", got)
		}
		c.want(got[0], map[string]string{
			"update_id": "BY2.5", "service_request_id": "BY2", "status": "FIXED", "description": "已修补路面",
			"updated_datetime": "2026-11-21T08:00:00Z",
		})
		later := "?start_date=2026-11-22T00:00:00Z&end_date=2026-11-23T00:00:00Z"
		if got := c.list(c.do("GET", "/v2/servicerequestupdates"+ext+later, ""), "service_requests_updates", "request_update"); len(got) != 0 {
			c.Errorf("outside the window: %v", got)
		}
		post := "/v2/servicerequestupdates" + ext
		answer := c.list(c.do("POST", post, form("api_key", "k1", "service_request_id", "BY1", "update_id", "u1", "description", "是 3 单元")),
			"service_requests_updates", "request_update")
		if c.want(answer[0], map[string]string{"update_id": "u1"}); !slices.Equal(c.town.replies, []string{"是 3 单元"}) {
			c.Errorf("replies: %v", c.town.replies)
		}
		c.refused(c.do("POST", post, form("api_key", "k1", "service_request_id", "BY2", "description", "x")), http.StatusConflict)
		c.refused(c.do("POST", post, form("api_key", "k1", "service_request_id", "BY9", "description", "x")), http.StatusNotFound)
		c.refused(c.do("POST", post, form("service_request_id", "BY1", "description", "x")), http.StatusForbidden)
	})
}

func TestDiscovery(t *testing.T) {
	c := newClient(t)
	var d object
	if err := json.Unmarshal(c.do("GET", "/discovery.json", "").Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	var n node
	if err := xml.Unmarshal(c.do("GET", "/discovery.xml", "").Body.Bytes(), &n); err != nil || n.XMLName.Local != "discovery" {
		t.Fatalf("%v %v", n, err)
	}
	for format, doc := range map[string]object{"json": d, "xml": n.object()} {
		endpoints, _ := doc["endpoints"].([]any)
		if len(endpoints) != 2 || text(doc["contact"]) != "12345" || text(doc["key_service"]) == "" || text(doc["changeset"]) == "" {
			t.Fatalf("%s: %v", format, doc)
		}
		c.want(asObject(endpoints[0]), map[string]string{
			"specification": "http://wiki.open311.org/GeoReport_v2", "url": "https://ms.example.cn/in/open311/v2", "type": "production",
		})
		c.want(asObject(endpoints[1]), map[string]string{"type": "test"})
		if f, _ := asObject(endpoints[0])["formats"].([]any); len(f) != 2 {
			t.Errorf("%s: formats %v", format, f)
		}
	}
}

func TestAnUnknownFormatIsSaid(t *testing.T) {
	w := httptest.NewRecorder()
	newClient(t).h.ServeHTTP(w, httptest.NewRequest("GET", "/in/open311/v2/services.yaml", nil))
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "use .xml or .json") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

var _ adapters.Public = (*town)(nil)
