package decode

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/mashang-hub/mashang/hub"
)

// The namespaces of the two SOAP versions.
const (
	soap11 = "http://schemas.xmlsoap.org/soap/envelope/"
	soap12 = "http://www.w3.org/2003/05/soap-envelope"
)

// xml reads one document. An element that holds only text is a text, others
// are maps: children by local name, attributes as @name, text as #text, and a
// child that comes several times is a list. A SOAP envelope is taken off.
// Document types, and with them entities, are refused.
func (r reader) xml(in Input, charset string, wantSOAP bool) ([]Document, error) {
	if declared := declaration(in.Body); charset == "" {
		charset = declared
	}
	text, err := ToUTF8(in.Body, charset)
	if err != nil {
		return nil, err
	}
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // done
	name, v, err := r.document(dec)
	if err != nil {
		return nil, err
	}
	d := Document{Value: v, Raw: in.Body, MediaType: in.MediaType}
	switch {
	case name.Local == "Envelope" && (name.Space == soap11 || name.Space == soap12):
		if err := unwrap(&d, v, name.Space); err != nil {
			return nil, err
		}
	case wantSOAP:
		return nil, hub.Errorf(hub.CodeInvalid, "xml.invalid", "不是 SOAP 信封")
	}
	return r.split(d)
}

var encoding = regexp.MustCompile(`^(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']`)

// declaration returns the encoding that the XML declaration names.
func declaration(data []byte) string {
	if m := encoding.FindSubmatch(data[:min(len(data), 200)]); m != nil {
		return string(m[1])
	}
	return ""
}

// document reads the root element and refuses what follows it.
func (r reader) document(dec *xml.Decoder) (xml.Name, any, error) {
	var name xml.Name
	var v any
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			if name.Local == "" {
				return name, nil, hub.Errorf(hub.CodeInvalid, "xml.invalid", "没有内容")
			}
			return name, v, nil
		}
		if err != nil {
			return name, nil, badXML(err)
		}
		switch t := tok.(type) {
		case xml.Directive:
			return name, nil, hub.Errorf(hub.CodeInvalid, "xml.doctype")
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return name, nil, hub.Errorf(hub.CodeInvalid, "xml.invalid", "根元素之外有文字")
			}
		case xml.StartElement:
			if name.Local != "" {
				return name, nil, hub.Errorf(hub.CodeInvalid, "xml.invalid", "有两个根元素")
			}
			name = t.Name
			if v, err = r.element(dec, t, 0); err != nil {
				return name, nil, err
			}
		}
	}
}

func (r reader) element(dec *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth > r.limits.Depth {
		return nil, hub.Errorf(hub.CodeTooLarge, "decode.depth", r.limits.Depth)
	}
	m := map[string]any{}
	for _, a := range start.Attr {
		if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
			add(m, "@"+a.Name.Local, a.Value)
		}
	}
	var text strings.Builder
	for {
		tok, err := dec.Token()
		if err != nil {
			return nil, badXML(err)
		}
		switch t := tok.(type) {
		case xml.Directive:
			return nil, hub.Errorf(hub.CodeInvalid, "xml.doctype")
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			child, err := r.element(dec, t, depth+1)
			if err != nil {
				return nil, err
			}
			add(m, t.Name.Local, child)
		case xml.EndElement:
			return content(m, text.String()), nil
		}
	}
}

// content is a text when there is nothing else.
func content(m map[string]any, text string) any {
	trimmed := strings.TrimSpace(text)
	if len(m) == 0 {
		return trimmed
	}
	if trimmed != "" {
		m["#text"] = trimmed
	}
	return m
}

// add puts v under name, beside what is there.
func add(m map[string]any, name string, v any) {
	old, twice := m[name]
	if !twice {
		m[name] = v
		return
	}
	if list, ok := old.(many); ok {
		m[name] = append(list, v)
		return
	}
	m[name] = many{old, v}
}

// many marks a list that add made, so that a list inside a list stays apart.
type many = []any

// unwrap takes the SOAP envelope off: the document is the content of the one
// element in its body.
func unwrap(d *Document, envelope any, space string) error {
	d.Envelope = map[string]string{soap11: "1.1", soap12: "1.2"}[space]
	m, _ := envelope.(map[string]any)
	d.Head = m["Header"]
	body, _ := m["Body"].(map[string]any)
	var inner any
	n := 0
	for name, v := range body {
		if !strings.HasPrefix(name, "@") && name != "#text" {
			inner, n = v, n+1
		}
	}
	if n != 1 {
		return hub.Errorf(hub.CodeInvalid, "xml.invalid", "SOAP 正文里应当有一个元素")
	}
	d.Value = inner
	return nil
}

// split returns the items of a document that is a tree already. What is kept
// of each is its JSON.
func (r reader) split(d Document) ([]Document, error) {
	if r.Items == "" {
		return []Document{d}, nil
	}
	v, ok := At(d.Value, r.Items)
	if !ok {
		return nil, hub.Errorf(hub.CodeInvalid, "decode.path", r.Items)
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	docs := make([]Document, len(list))
	for i, item := range list {
		raw, err := json.Marshal(item, json.Deterministic(true))
		if err != nil {
			return nil, badJSON(err)
		}
		docs[i] = d
		docs[i].Value, docs[i].Raw, docs[i].MediaType = item, raw, "application/json"
	}
	return docs, nil
}

func badXML(err error) error {
	return &hub.Error{Code: hub.CodeInvalid, Key: "xml.invalid", Args: []any{err.Error()}, Err: err}
}
