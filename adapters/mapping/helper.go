package mapping

import (
	"context"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"

	"github.com/expr-lang/expr"

	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/hub"
)

// A Helper describes a function that expressions may call.
type Helper struct{ Name, Usage, Doc string }

// Helpers lists them, for editors and "channel new".
func Helpers() []Helper {
	return []Helper{
		{"date", `date(登记时间)、date(文字, "2006/1/2 15:04")`, "读时间：2026年11月23日 上午9时8分、2026-11-23 09:08:00、20261123、时间戳等；第二个参数是自定格式"},
		{"phone", "phone(来电号码)", "整理电话：去空格和横线，去 +86，全角变半角"},
		{"id_number", "id_number(证件号)", "整理身份证号：去空格，x 变大写，全角变半角"},
		{"place", "place(区县, 街道, 社区)", "按编码或名称找地点，前面的限定后面的；返回地点编码，找不到为空"},
		{"plain", "plain(正文)", "去掉 HTML 标签，还原 &nbsp; 之类"},
		{"pick", `pick(类型, {"1": "投诉"})`, "按对照表换词；表里没有的原样返回"},
		{"first_of", "first_of(手机, 电话)", "第一个不为空的值"},
		{"json", "json(文字).字段", "读文字里的 JSON"},
		{"xml", "xml(文字).字段", "读文字里的 XML"},
		{"file", "file(照片名)", "随件文件中的一个"},
		{"base64", `base64(照片, "现场.jpg")`, "Base64 文字里的附件"},
	}
}

func (m *Mapper) helpers() []expr.Option {
	return []expr.Option{
		expr.Function("date", func(args ...any) (any, error) {
			return Date(args[0], argText(args, 1))
		}, new(func(any) any), new(func(any, string) any)),
		text("phone", Phone),
		text("id_number", IDNumber),
		text("plain", plainText),
		expr.Function("place", func(args ...any) (any, error) { return m.place(args...) }),
		expr.Function("first_of", func(args ...any) (any, error) {
			for _, a := range args {
				if a != nil && a != "" {
					return a, nil
				}
			}
			return nil, nil
		}),
		expr.Function("pick", func(args ...any) (any, error) {
			words, _ := args[1].(map[string]any)
			if v, ok := words[Plain(args[0])]; ok {
				return v, nil
			}
			return args[0], nil
		}, new(func(any, map[string]any) any)),
		parsed("json"), parsed("xml"),
		expr.Function("base64", func(args ...any) (any, error) {
			data, name := Plain(args[0]), argText(args, 1)
			return fromBase64(data, name)
		}, new(func(any) any), new(func(any, any) any)),
		expr.Function("file", findFile, new(func(any) any), new(func(any, any) any)),
		expr.Patch(fileCalls{}),
	}
}

func text(name string, f func(string) string) expr.Option {
	return expr.Function(name, func(args ...any) (any, error) {
		return f(Plain(args[0])), nil
	}, new(func(any) string))
}

func parsed(name string) expr.Option {
	return expr.Function(name, func(args ...any) (any, error) {
		return decode.Text(Plain(args[0]), decode.Limits{})
	}, new(func(any) any))
}

func argText(args []any, n int) string {
	if n < len(args) {
		return Plain(args[n])
	}
	return ""
}

// place finds the place that the last argument names, inside those before it.
// Arguments that name nothing known are passed over.
func (m *Mapper) place(args ...any) (any, error) {
	ctx := context.Background() // the place tree is in memory
	var at hub.PlaceCode
	if m.places == nil {
		return "", nil
	}
	for _, a := range args {
		name := strings.TrimSpace(Plain(a))
		if name == "" {
			continue
		}
		if p, ok := m.places.Place(ctx, hub.PlaceCode(name)); ok {
			at = p.Code
		} else if p, ok := m.places.Named(ctx, name, at); ok {
			at = p.Code
		}
	}
	return string(at), nil
}

var tag = regexp.MustCompile(`(?s)<(?:script|style)\b.*?</(?:script|style)>|<br\s*/?>|</p>|<!--.*?-->|</?[A-Za-z][^<>]*>`)

// plainText takes tags off; breaks stay as line ends.
func plainText(s string) string {
	s = tag.ReplaceAllStringFunc(s, func(t string) string {
		if low := strings.ToLower(t); strings.HasPrefix(low, "<br") || low == "</p>" {
			return "\n"
		}
		return ""
	})
	return strings.TrimSpace(strings.ReplaceAll(html.UnescapeString(s), "\u00a0", " "))
}

func fileList(files []decode.File) []any {
	list := make([]any, len(files))
	for i, f := range files {
		list[i] = f
	}
	return list
}

// findFile picks one of the files by its name; its second argument is the
// list, which fileCalls adds.
func findFile(args ...any) (any, error) {
	name := decode.Clean(Plain(args[0]))
	list, _ := args[len(args)-1].([]any)
	for _, item := range list {
		if f, ok := item.(decode.File); ok && f.Name == name && name != "" {
			return f, nil
		}
	}
	return nil, fmt.Errorf("没有随件文件 %q", name)
}

func fromBase64(data, name string) (any, error) {
	if data == "" {
		return nil, nil
	}
	f := decode.File{Name: decode.Clean(name)}
	if head, rest, ok := strings.Cut(data, ","); ok && strings.HasPrefix(head, "data:") {
		f.MediaType, _, _ = strings.Cut(strings.TrimPrefix(head, "data:"), ";")
		data = rest
	}
	var err error
	f.Data, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(data), ""))
	if err != nil {
		return nil, fmt.Errorf("附件不是 Base64：%w", err)
	}
	return f, nil
}

// attach saves what the expression for attachments gives: a file, or a list.
func (m *Mapper) attach(ctx context.Context, env map[string]any) ([]hub.Attachment, error) {
	if m.attachments == nil {
		return nil, nil
	}
	v, err := run(m.attachments, env)
	if err != nil {
		return nil, wrong("attachments", err)
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var all []hub.Attachment
	for _, item := range list {
		if item == nil || item == "" {
			continue
		}
		f, ok := item.(decode.File)
		if !ok {
			return nil, wrong("attachments", fmt.Errorf("不是文件：%.60s", Plain(item)))
		}
		at, err := m.keep(ctx, f)
		if err != nil {
			return nil, err
		}
		all = append(all, at)
	}
	return all, nil
}

// keep stores a file under the type that its bytes show; what a sender says
// of it is not believed.
func (m *Mapper) keep(ctx context.Context, f decode.File) (hub.Attachment, error) {
	if m.save == nil {
		return hub.Attachment{}, hub.Errorf(hub.CodeUnavailable, "attachment.unavailable")
	}
	at, err := m.save(ctx, http.DetectContentType(f.Data), f.Data)
	at.Name = f.Name
	return at, err
}

// Check runs an expression once, for editors that try one.
func (m *Mapper) Check(source string, d decode.Document) (any, error) {
	p, err := expr.Compile(source, m.options()...)
	if err != nil {
		return nil, err
	}
	return run(p, m.env(d, nil))
}
