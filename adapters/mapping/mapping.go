// Package mapping turns a document into a submission (来件): each field is an
// expr expression over the document, with helpers for what Chinese systems
// write: dates, phones, identity numbers, places, texts inside texts.
//
// It guesses nothing that it is not told: a date that it cannot read is an
// error that names the field. Start with Compile.
package mapping

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/hub"
)

// A Config says by which expression each field of a submission is made. The
// names of the document are the variables; doc is the whole of it.
type Config struct {
	ExternalID  string `yaml:"external_id" doc:"来源系统里的编号；同一编号只立一件"`
	Title       string `yaml:"title" doc:"标题；不填则取正文第一行"`
	Text        string `yaml:"text" doc:"正文"`
	SubmittedAt string `yaml:"submitted_at" doc:"反映时间，如 date(登记时间)；不填则为收到的时间"`
	Name        string `yaml:"name" doc:"反映人姓名"`
	Phone       string `yaml:"phone" doc:"反映人电话，如 phone(来电号码)"`
	IDNumber    string `yaml:"id_number" doc:"身份证号，如 id_number(证件号)"`
	Account     string `yaml:"account" doc:"反映人在来源系统里的账号"`
	Anonymous   string `yaml:"anonymous" doc:"是否匿名，如 匿名 == \"是\""`
	Place       string `yaml:"place" doc:"地点编码，如 place(街道, 社区) 按名称或编码查找"`
	PlaceText   string `yaml:"place_text" doc:"地址原文"`
	Kind        string `yaml:"kind" doc:"诉求类型；中文词按 kinds 对照"`
	Urgency     string `yaml:"urgency" doc:"紧急程度；中文词按 urgencies 对照"`
	Attachments string `yaml:"attachments" doc:"附件：files 为随件的全部文件，file(文件名)、base64(文字, 文件名) 取一个"`
	SkipIf      string `yaml:"skip_if" doc:"为真时这一条不收，如 状态 == \"作废\""`

	Extra     map[string]string      `yaml:"extra" doc:"另存的字段：名字 → 表达式"`
	Keep      string                 `yaml:"keep" doc:"没有用到的字段是否另存：all 或 none；不填为 all" enum:"all,none"`
	Drop      []string               `yaml:"drop" doc:"不保存的字段"`
	Kinds     map[string]hub.Kind    `yaml:"kinds" doc:"来源系统的词 → consult、help、complaint、report、suggest、thanks"`
	Urgencies map[string]hub.Urgency `yaml:"urgencies" doc:"来源系统的词 → normal、urgent、critical"`
}

// A field is one expression and where its value goes.
type field struct {
	name, source string
	put          func(*hub.Submission, any) error
}

func (c Config) fields() []field {
	text := func(at func(*hub.Submission) *string) func(*hub.Submission, any) error {
		return func(s *hub.Submission, v any) (err error) {
			*at(s), err = asText(v)
			return err
		}
	}
	return []field{
		{"external_id", c.ExternalID, text(func(s *hub.Submission) *string { return &s.ExternalID })},
		{"title", c.Title, text(func(s *hub.Submission) *string { return &s.Title })},
		{"text", c.Text, text(func(s *hub.Submission) *string { return &s.Text })},
		{"submitted_at", c.SubmittedAt, putTime},
		{"name", c.Name, text(func(s *hub.Submission) *string { return &s.Reporter.Name })},
		{"phone", c.Phone, text(func(s *hub.Submission) *string { return &s.Reporter.Phone })},
		{"id_number", c.IDNumber, text(func(s *hub.Submission) *string { return &s.Reporter.IDNumber })},
		{"account", c.Account, text(func(s *hub.Submission) *string { return &s.Reporter.Account })},
		{"anonymous", c.Anonymous, putAnonymous},
		{"place", c.Place, text(func(s *hub.Submission) *string { return (*string)(&s.Place) })},
		{"place_text", c.PlaceText, text(func(s *hub.Submission) *string { return &s.PlaceText })},
		{"kind", c.Kind, c.putKind},
		{"urgency", c.Urgency, c.putUrgency},
	}
}

// Places finds places for the helper place.
type Places interface {
	// Place finds a place by its code.
	Place(ctx context.Context, code hub.PlaceCode) (hub.Place, bool)
	// Named finds the one place of this name inside another, or anywhere
	// when that is empty; false when there is none or more than one.
	Named(ctx context.Context, name string, within hub.PlaceCode) (hub.Place, bool)
}

// Save keeps an attachment.
type Save func(ctx context.Context, mediaType string, data []byte) (hub.Attachment, error)

// A Mapper maps documents. It is safe for concurrent use.
type Mapper struct {
	config      Config
	fields      []compiled
	attachments *vm.Program
	skip        *vm.Program
	extra       map[string]*vm.Program
	used        map[string]bool
	places      Places
	save        Save
}

type compiled struct {
	field
	program *vm.Program
}

// A Mistake is an expression that does not compile.
type Mistake struct {
	Field  string // such as text or extra.来源
	Column int    // of the expression, in characters, from 0
	Err    error
}

// Compile checks all expressions and reports every mistake.
func Compile(c Config, places Places, save Save) (*Mapper, []Mistake) {
	m := &Mapper{config: c, extra: map[string]*vm.Program{}, used: map[string]bool{}, places: places, save: save}
	var mistakes []Mistake
	compile := func(name, source string) *vm.Program {
		if strings.TrimSpace(source) == "" {
			return nil
		}
		calls := &calls{}
		p, err := expr.Compile(source, append(m.options(), expr.Patch(calls))...)
		if err != nil {
			mistakes = append(mistakes, mistake(name, err))
			return nil
		}
		mistakes = append(mistakes, calls.mistakes(name)...)
		return p
	}
	for _, f := range c.fields() {
		if p := compile(f.name, f.source); p != nil {
			m.fields = append(m.fields, compiled{f, p})
		}
	}
	m.attachments, m.skip = compile("attachments", c.Attachments), compile("skip_if", c.SkipIf)
	for name, source := range c.Extra {
		m.extra[name] = compile("extra."+name, source)
	}
	if c.Text == "" && c.Title == "" {
		mistakes = append(mistakes, Mistake{Field: "text", Err: fmt.Errorf("text 和 title 至少要有一个")})
	}
	mistakes = append(mistakes, c.words()...)
	return m, mistakes
}

// words checks the two dictionaries.
func (c Config) words() []Mistake {
	var out []Mistake
	for word, k := range c.Kinds {
		if !slices.Contains(Kinds(), k) {
			out = append(out, Mistake{Field: "kinds." + word, Err: fmt.Errorf("没有诉求类型 %q", k)})
		}
	}
	for word, u := range c.Urgencies {
		if !slices.Contains(Urgencies(), u) {
			out = append(out, Mistake{Field: "urgencies." + word, Err: fmt.Errorf("没有紧急程度 %q", u)})
		}
	}
	return out
}

// options are the language: expr without what could grow without bound.
func (m *Mapper) options() []expr.Option {
	opts := []expr.Option{
		expr.Env(map[string]any{}), expr.AllowUndefinedVariables(), expr.MaxNodes(500),
		expr.DisableBuiltin("repeat"), expr.DisableBuiltin("reduce"), expr.DisableBuiltin("date"),
		expr.Patch(collector{m.used}),
	}
	return append(opts, m.helpers()...)
}

// A collector notes which variables are used.
type collector struct{ used map[string]bool }

// Visit implements ast.Visitor.
func (c collector) Visit(node *ast.Node) {
	if id, ok := (*node).(*ast.IdentifierNode); ok {
		c.used[id.Value] = true
	}
	if m, ok := (*node).(*ast.MemberNode); ok {
		id, isID := m.Node.(*ast.IdentifierNode)
		name, isName := m.Property.(*ast.StringNode)
		if isID && isName && id.Value == "doc" {
			c.used[name.Value] = true
		}
	}
}

// Submission maps d. ok is false when SkipIf says that it is not to be taken.
func (m *Mapper) Submission(ctx context.Context, channel hub.ChannelCode, d decode.Document, head map[string]any) (s hub.Submission, ok bool, err error) {
	env := m.env(d, head)
	if m.skip != nil {
		v, err := run(m.skip, env)
		if err != nil {
			return s, false, wrong("skip_if", err)
		}
		if skip, _ := v.(bool); skip {
			return s, false, nil
		}
	}
	s = hub.Submission{Channel: channel, Raw: d.Raw, MediaType: d.MediaType}
	for _, f := range m.fields {
		v, err := run(f.program, env)
		if err == nil {
			err = f.put(&s, v)
		}
		if err != nil {
			return s, false, wrong(f.name, err)
		}
	}
	if m.config.ExternalID != "" && s.ExternalID == "" {
		return s, false, hub.Errorf(hub.CodeInvalid, "map.no_id", m.config.ExternalID)
	}
	if s.Extra, err = m.extras(d, env); err != nil {
		return s, false, err
	}
	s.Attachments, err = m.attach(ctx, env)
	return s, err == nil, err
}

func (m *Mapper) env(d decode.Document, head map[string]any) map[string]any {
	env := map[string]any{}
	if fields, ok := d.Value.(map[string]any); ok {
		maps.Copy(env, fields)
	}
	env["doc"], env["head"], env["soap"] = d.Value, head, d.Head
	if len(d.Files) > 0 || env["files"] == nil {
		env["files"] = fileList(d.Files)
	}
	return env
}

// run never lets a sender's document break more than its own mapping.
func run(p *vm.Program, env map[string]any) (v any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	machine := vm.VM{MemoryBudget: 1_000_000}
	return machine.Run(p, env)
}

// extras keeps what the channel asked for and, unless it said none, every
// field that no expression used.
func (m *Mapper) extras(d decode.Document, env map[string]any) (map[string]string, error) {
	extra := map[string]string{}
	for name, p := range m.extra {
		if p == nil {
			continue
		}
		v, err := run(p, env)
		if err != nil {
			return nil, wrong("extra."+name, err)
		}
		if text, err := asText(v); err != nil {
			return nil, wrong("extra."+name, err)
		} else if text != "" {
			extra[name] = text
		}
	}
	fields, _ := d.Value.(map[string]any)
	for name, v := range fields {
		if m.config.Keep == "none" || m.used[name] || slices.Contains(m.config.Drop, name) || extra[name] != "" {
			continue
		}
		if text := Plain(v); text != "" {
			extra[name] = text
		}
	}
	if len(extra) == 0 {
		return nil, nil
	}
	return extra, nil
}

func wrong(name string, err error) error {
	code := hub.CodeOf(err)
	if code == hub.CodeInternal {
		return &hub.Error{Code: hub.CodeInvalid, Key: "map.field", Args: []any{name, clip(err)}, Err: err}
	}
	return &hub.Error{Code: code, Key: "map.field", Args: []any{name, err}, Err: err}
}

// clip returns the first line of an error of expr: the rest draws the place.
func clip(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func putTime(s *hub.Submission, v any) error {
	if v == nil || v == "" {
		return nil
	}
	at, err := Date(v, "")
	if err == nil {
		s.SubmittedAt = at
	}
	return err
}

func putAnonymous(s *hub.Submission, v any) error {
	switch v := v.(type) {
	case bool:
		s.Reporter.Anonymous = v
	case string:
		s.Reporter.Anonymous = slices.Contains([]string{"是", "1", "true", "Y", "y", "匿名"}, strings.TrimSpace(v))
	case int:
		s.Reporter.Anonymous = v == 1
	}
	return nil
}
