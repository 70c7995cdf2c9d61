package adapters

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
	"github.com/go-json-experiment/json"

	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/adapters/mapping"
	"github.com/mashang-hub/mashang/hub"
)

// A Reply says what a sender is answered when the hub's own answer (202 with
// numbers, or a problem) is not what its program expects. "Try again later" is
// always 503 with Retry-After.
type Reply struct {
	MediaType     string    `yaml:"media_type" doc:"答复的内容类型，如 application/json; charset=gb18030；不填为 JSON，来的是 SOAP 时为 SOAP"`
	Status        int       `yaml:"status" doc:"收下时的 HTTP 状态码，默认 202"`
	Accepted      string    `yaml:"accepted" doc:"收下时的答复，expr 表达式；可用 receipt、tracking、duplicate、status_url、external_id、doc"`
	RefusedStatus int       `yaml:"refused_status" doc:"不收时的 HTTP 状态码；不填则按原因取 4xx"`
	Refused       string    `yaml:"refused" doc:"不收时的答复，expr 表达式；可用 code、detail、status、doc"`
	Callback      *Callback `yaml:"callback" doc:"办理状态回写来源系统"`
}

// A Callback tells the source system what becomes of its cases.
type Callback struct {
	URL     string            `yaml:"url" doc:"回写地址；写成 ${环境变量} 时，没有设置就不回写"`
	Method  string            `yaml:"method" doc:"HTTP 方法，默认 POST" enum:"POST,PUT"`
	On      []string          `yaml:"on" doc:"哪些步骤回写，如 [assigned, resolved, archived]；不填为对市民公开的步骤"`
	Body    string            `yaml:"body" doc:"内容，expr 表达式；可用 external_id、tracking、status、step、department、text、at；不填为这些字段的 JSON"`
	Headers map[string]Secret `yaml:"headers" doc:"请求头；密钥写成 ${环境变量}"`
	Media   string            `yaml:"media_type" doc:"内容类型，默认 application/json；写 application/xml 就按 XML 发，可带 charset=gb18030"`
	Allow   []string          `yaml:"allow" doc:"地址在内网时，允许的网段，如 10.1.0.0/16"`
	Timeout Duration          `yaml:"timeout" doc:"最多等多久，默认 10s"`
}

type replier struct {
	Reply
	accepted, refused *vm.Program
}

func newReplier(c Reply) (*replier, error) {
	r := &replier{Reply: c}
	for _, p := range []struct {
		name, source string
		program      **vm.Program
	}{{"accepted", c.Accepted, &r.accepted}, {"refused", c.Refused, &r.refused}} {
		if p.source == "" {
			continue
		}
		program, err := expr.Compile(p.source, expr.AllowUndefinedVariables(), expr.DisableBuiltin("repeat"))
		if err != nil {
			return nil, fmt.Errorf("reply.%s: %w", p.name, err)
		}
		*p.program = program
	}
	if c.Status != 0 && (c.Status < 200 || c.Status > 299) {
		return nil, fmt.Errorf("reply.status: 收下时应为 2xx，不是 %d", c.Status)
	}
	if _, _, err := mime.ParseMediaType(c.MediaType); c.MediaType != "" && err != nil {
		return nil, fmt.Errorf("reply.media_type: %w", err)
	}
	return r, nil
}

// answer tells what became of the documents of one request.
func (p *replier) answer(w http.ResponseWriter, in decode.Input, docs []decode.Document, results []Result) {
	if len(results) == 1 && !isBatch(in.MediaType) {
		got := results[0]
		if got.Acceptance.Err != nil {
			p.refuse(w, in, docs, got.Acceptance.Err)
			return
		}
		if p.accepted == nil && docs[0].Envelope == "" && p.MediaType == "" && p.Status == 0 {
			writeTaken(w, got)
			return
		}
		p.write(w, docs, p.accepted, p.status(), receiptOf(got, docs[0]))
		return
	}
	list := make([]any, len(results))
	for i, got := range results {
		list[i] = receiptOf(got, docs[i])
	}
	if p.accepted == nil {
		for _, item := range list {
			delete(item.(map[string]any), "doc") //nolint:forcetypeassert // made above
		}
	}
	p.write(w, docs, p.accepted, p.status(), map[string]any{"results": list})
}

func (p *replier) status() int {
	if p.Status == 0 {
		return http.StatusAccepted
	}
	return p.Status
}

// writeTaken is the hub's own answer.
func writeTaken(w http.ResponseWriter, got Result) {
	if got.Skipped {
		writeJSON(w, http.StatusAccepted, "application/json", map[string]any{"skipped": true})
		return
	}
	a := answer(got.Acceptance)
	a.ExternalID = got.Submission.ExternalID
	w.Header().Set("Location", a.StatusURL)
	writeJSON(w, http.StatusAccepted, "application/json", a)
}

// receiptOf are the names that an answer may use.
func receiptOf(got Result, d decode.Document) map[string]any {
	m := map[string]any{"external_id": got.Submission.ExternalID, "doc": d.Value, "ok": got.Acceptance.Err == nil}
	switch {
	case got.Skipped:
		m["skipped"] = true
	case got.Acceptance.Err != nil:
		m["code"], m["detail"] = string(hub.CodeOf(got.Acceptance.Err)), Sentence(got.Acceptance.Err)
	default:
		m["receipt"], m["tracking"] = string(got.Acceptance.Receipt), string(got.Acceptance.Case)
		m["duplicate"], m["status_url"] = got.Acceptance.Duplicate, StatusURL(got.Acceptance.Case)
	}
	return m
}

// refuse answers why nothing was taken.
func (p *replier) refuse(w http.ResponseWriter, in decode.Input, docs []decode.Document, err error) {
	status := StatusOf(err)
	envelope := len(docs) > 0 && docs[0].Envelope != "" || strings.Contains(in.MediaType, "soap") || bytes.Contains(in.Body[:min(300, len(in.Body))], []byte("Envelope"))
	if p.refused == nil && !envelope {
		WriteError(w, err)
		return
	}
	if p.RefusedStatus != 0 && status != http.StatusServiceUnavailable && status != http.StatusUnauthorized {
		status = p.RefusedStatus
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	refuse(w, err)
	env := map[string]any{"ok": false, "code": string(hub.CodeOf(err)), "detail": Sentence(err), "status": status}
	if len(docs) > 0 {
		env["doc"] = docs[0].Value
	}
	if p.refused == nil {
		writeFault(w, in, docs, status, env)
		return
	}
	p.write(w, docs, p.refused, status, env)
}

// write evaluates the answer and writes it as its media type says.
func (p *replier) write(w http.ResponseWriter, docs []decode.Document, program *vm.Program, status int, env map[string]any) {
	var v any = env
	if program != nil {
		var err error
		if v, err = expr.Run(program, env); err != nil {
			WriteError(w, &hub.Error{Code: hub.CodeInternal, Key: "reply.invalid", Err: err})
			return
		}
	} else {
		delete(env, "doc")
	}
	media := p.MediaType
	if media == "" && len(docs) > 0 && docs[0].Envelope != "" {
		media = soapType(docs[0].Envelope)
	}
	if media == "" {
		media = "application/json"
	}
	body, err := render(v, media, envelopeOf(docs))
	if err != nil {
		WriteError(w, &hub.Error{Code: hub.CodeInternal, Key: "reply.invalid", Err: err})
		return
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the sender went away: it will ask again
}

func envelopeOf(docs []decode.Document) string {
	if len(docs) == 0 {
		return ""
	}
	return docs[0].Envelope
}

// render writes v in the format and charset of media. A text is taken as it
// is.
func render(v any, media, envelope string) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(media)
	if err != nil {
		return nil, err
	}
	var out []byte
	text, isText := v.(string)
	switch {
	case isText:
		out = []byte(text)
	case strings.HasSuffix(kind, "xml"):
		var b bytes.Buffer
		writeXML(&b, "response", v)
		out = b.Bytes()
	default:
		if out, err = json.Marshal(v, json.Deterministic(true)); err != nil {
			return nil, err
		}
	}
	if envelope != "" && strings.HasSuffix(kind, "xml") {
		out = wrap(out, envelope)
	}
	return decode.FromUTF8(out, params["charset"])
}

// The SOAP namespaces, by version.
func soapSpace(version string) string {
	if version == "1.2" {
		return "http://www.w3.org/2003/05/soap-envelope"
	}
	return "http://schemas.xmlsoap.org/soap/envelope/"
}

func soapType(version string) string {
	if version == "1.2" {
		return "application/soap+xml; charset=utf-8"
	}
	return "text/xml; charset=utf-8"
}

func wrap(body []byte, version string) []byte {
	return fmt.Appendf(nil, `<soap:Envelope xmlns:soap="%s"><soap:Body>%s</soap:Body></soap:Envelope>`, soapSpace(version), body)
}

// writeFault is the hub's own refusal to a SOAP sender.
func writeFault(w http.ResponseWriter, in decode.Input, docs []decode.Document, status int, env map[string]any) {
	version := envelopeOf(docs)
	if version == "" {
		version = "1.1"
		if strings.Contains(in.MediaType, "soap+xml") {
			version = "1.2"
		}
	}
	side := map[bool]string{true: "Server", false: "Client"}[status >= 500]
	detail, code := escape(env["detail"]), escape(env["code"])
	fault := fmt.Appendf(nil, `<soap:Fault><faultcode>soap:%s.%s</faultcode><faultstring>%s</faultstring></soap:Fault>`, side, code, detail)
	if version == "1.2" {
		side = map[bool]string{true: "Receiver", false: "Sender"}[status >= 500]
		fault = fmt.Appendf(nil, `<soap:Fault><soap:Code><soap:Value>soap:%s</soap:Value></soap:Code>`+
			`<soap:Reason><soap:Text xml:lang="zh">%s</soap:Text></soap:Reason><soap:Detail><code>%s</code></soap:Detail></soap:Fault>`, side, detail, code)
	}
	w.Header().Set("Content-Type", soapType(version))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(wrap(fault, version))
}

func escape(v any) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(mapping.Plain(v))) // a buffer takes all
	return b.String()
}

// writeXML writes maps as elements, in the order of their names.
func writeXML(b *bytes.Buffer, name string, v any) {
	if list, ok := v.([]any); ok {
		for _, item := range list {
			writeXML(b, name, item)
		}
		return
	}
	b.WriteString("<" + name + ">")
	if m, ok := v.(map[string]any); ok {
		names := make([]string, 0, len(m))
		for k := range m {
			names = append(names, k)
		}
		slices.Sort(names)
		for _, k := range names {
			writeXML(b, k, m[k])
		}
	} else {
		b.WriteString(escape(v))
	}
	b.WriteString("</" + name + ">")
}
