// Package decode turns what a sender wrote into documents: JSON, JSON lines,
// XML, SOAP 1.1 and 1.2, forms, multipart, CSV, XLSX, zip archives and mail, in
// UTF-8 or GB18030.
//
// It is exact or it refuses: it never replaces a character, takes the last of
// two equal names, follows an entity or expands more than its limits allow. It
// does not know what the fields mean; package mapping does. Start with Read.
package decode

import (
	"bytes"
	"mime"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// A Format is how documents are written.
type Format string

// The formats.
const (
	JSON      Format = "json"
	Lines     Format = "jsonl"
	XML       Format = "xml"
	SOAP      Format = "soap"
	Form      Format = "form"
	Multipart Format = "multipart"
	CSV       Format = "csv"
	XLSX      Format = "xlsx"
	Zip       Format = "zip"
	Mail      Format = "mail"
)

// Formats returns all formats, for messages and editors.
func Formats() []string {
	return []string{
		string(JSON), string(Lines), string(XML), string(SOAP), string(Form),
		string(Multipart), string(CSV), string(XLSX), string(Zip), string(Mail),
	}
}

// Options say how a channel's senders write.
type Options struct {
	Format    Format   `yaml:"format" doc:"格式；不填则按内容类型或文件名判断" enum:"json,jsonl,xml,soap,form,multipart,csv,xlsx,zip,mail"`
	Charset   string   `yaml:"charset" doc:"字符集；不填则按声明，没有声明时先当 UTF-8、再当 GB18030" enum:"utf-8,gb18030"`
	Items     string   `yaml:"items" doc:"一次来多件时，列表在文档里的位置，如 data.list"`
	Inner     string   `yaml:"inner" doc:"真正的内容是一个字段里的 JSON 或 XML 文字时，这个字段的位置，如 xmlStr"`
	Sheet     string   `yaml:"sheet" doc:"XLSX 的工作表名；不填则取第一张"`
	Header    []string `yaml:"header" doc:"表格没有表头时，各列的名字"`
	Skip      int      `yaml:"skip" doc:"表头之前要跳过的行数"`
	Delimiter string   `yaml:"delimiter" doc:"CSV 的分隔符；不填为逗号"`
}

// Limits bound the work that one input can cause.
type Limits struct {
	Expanded int64 // bytes after unpacking
	Items    int   // documents
	Files    int   // files of an archive or a form
	Depth    int   // nesting
}

// Complete fills the limits that are not set.
func (l Limits) Complete() Limits {
	if l.Expanded <= 0 {
		l.Expanded = 64 << 20
	}
	if l.Items <= 0 {
		l.Items = 100_000
	}
	if l.Files <= 0 {
		l.Files = 100
	}
	if l.Depth <= 0 {
		l.Depth = 64
	}
	return l
}

// An Input is what arrived. Name is a file name, whose ending counts when
// MediaType tells nothing.
type Input struct {
	Body            []byte
	MediaType, Name string
}

// A File is a file inside a document, such as a photo.
type File struct {
	Name, MediaType string
	Data            []byte
}

// A Document is one thing that a sender says.
type Document struct {
	Value     any // map[string]any, but for a document that is only a text
	Raw       []byte
	MediaType string
	Files     []File
	// Head is the SOAP header, and Envelope its version, "1.1" or "1.2".
	Head     any
	Envelope string
}

// A reader reads one input.
type reader struct {
	Options
	limits Limits
}

// Read returns the documents of in. It fails as a whole or not at all.
func Read(in Input, o Options, l Limits) ([]Document, error) {
	r := reader{o, l.Complete()}
	if int64(len(in.Body)) > r.limits.Expanded {
		return nil, tooLong(r.limits.Expanded)
	}
	docs, err := r.read(in)
	if err != nil {
		return nil, err
	}
	if len(docs) > r.limits.Items {
		return nil, hub.Errorf(hub.CodeTooLarge, "batch.too_long", r.limits.Items)
	}
	for i := range docs {
		if err := r.finish(&docs[i]); err != nil {
			if len(docs) > 1 {
				err = atLine(i+1, err)
			}
			return nil, err
		}
	}
	return docs, nil
}

func (r reader) read(in Input) ([]Document, error) {
	format, charset, err := r.kind(in)
	if err != nil {
		return nil, err
	}
	switch format {
	case Form:
		return r.form(in, charset)
	case Multipart:
		return r.multipart(in, charset)
	case XLSX:
		return r.sheet(in)
	case Zip:
		return r.archive(in)
	case Mail:
		return r.mail(in)
	case XML, SOAP:
		return r.xml(in, charset, format == SOAP)
	case JSON, Lines, CSV:
	}
	text, err := ToUTF8(in.Body, charset)
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, hub.Errorf(hub.CodeInvalid, "submission.nul", string(format))
	}
	switch format {
	case Lines:
		return r.lines(text)
	case CSV:
		return r.csv(text)
	default:
		return r.json(in, text)
	}
}

// kind tells format and charset; what the channel says comes first.
func (r reader) kind(in Input) (Format, string, error) {
	media, params, err := mime.ParseMediaType(in.MediaType)
	charset := r.Charset
	if charset == "" && err == nil {
		charset = params["charset"]
	}
	if r.Format != "" {
		if !slices.Contains(Formats(), string(r.Format)) {
			return "", "", hub.Errorf(hub.CodeInvalid, "media.unknown", string(r.Format))
		}
		return r.Format, charset, nil
	}
	if f := formatOf(media); f != "" && err == nil {
		return f, charset, nil
	}
	if f := formatOf(strings.ToLower(in.Name[strings.LastIndexByte(in.Name, '.')+1:])); f != "" {
		return f, charset, nil
	}
	return "", "", hub.Errorf(hub.CodeInvalid, "media.unknown", media)
}

func formatOf(media string) Format {
	for _, f := range []struct {
		ending string
		format Format
	}{
		{"ndjson", Lines},
		{"jsonl", Lines},
		{"jsonlines", Lines},
		{"json", JSON},
		{"csv", CSV},
		{"sheet", XLSX},
		{"xlsx", XLSX},
		{"soap+xml", SOAP},
		{"xml", XML},
		{"x-www-form-urlencoded", Form},
		{"multipart/form-data", Multipart},
		{"zip", Zip},
		{"eml", Mail},
		{"message/rfc822", Mail},
	} {
		if strings.HasSuffix(media, f.ending) {
			return f.format
		}
	}
	return ""
}

// finish follows Inner and refuses texts that could not be stored.
func (r reader) finish(d *Document) error {
	if r.Inner == "" {
		return storable(d.Value, "")
	}
	v, ok := At(d.Value, r.Inner)
	text, isText := v.(string)
	if !ok || !isText {
		return hub.Errorf(hub.CodeInvalid, "decode.path", r.Inner)
	}
	value, err := Text(text, r.limits)
	if err != nil {
		return err
	}
	d.Value = value
	return storable(value, "")
}

// Text reads JSON or XML that is written inside a text.
func Text(text string, l Limits) (any, error) {
	inner := reader{limits: l.Complete()}
	in := Input{Body: []byte(strings.TrimSpace(text))}
	var docs []Document
	var err error
	if strings.HasPrefix(string(in.Body), "<") {
		docs, err = inner.xml(in, "utf-8", false)
	} else {
		docs, err = inner.json(in, in.Body)
	}
	if err != nil {
		return nil, err
	}
	return docs[0].Value, nil
}

// At follows a path such as data.list through maps; "" is the value itself.
func At(v any, path string) (any, bool) {
	if path == "" {
		return v, true
	}
	for name := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[name]; !ok {
			return nil, false
		}
	}
	return v, true
}

// storable refuses NUL characters, which no database text can hold.
func storable(v any, path string) error {
	switch v := v.(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			return hub.Errorf(hub.CodeInvalid, "submission.nul", strings.TrimPrefix(path, "."))
		}
	case []any:
		for _, item := range v {
			if err := storable(item, path); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, item := range v {
			if strings.ContainsRune(name, 0) {
				return hub.Errorf(hub.CodeInvalid, "submission.nul", strings.TrimPrefix(path, "."))
			}
			if err := storable(item, path+"."+name); err != nil {
				return err
			}
		}
	}
	return nil
}

func atLine(n int, err error) error {
	return &hub.Error{Code: hub.CodeOf(err), Key: "batch.line", Args: []any{n, err}, Err: err}
}

func tooLong(limit int64) error { return hub.Errorf(hub.CodeTooLarge, "http.body_too_long", limit) }
