package decode

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/mashang-hub/mashang/hub"
)

// json reads one document, or the list at Items. A document that is not part
// of a list keeps the bytes that arrived.
func (r reader) json(in Input, text []byte) ([]Document, error) {
	items, single, err := r.jsonItems(text)
	if err != nil {
		return nil, err
	}
	docs := make([]Document, len(items))
	for i, item := range items {
		v, err := r.tree(item)
		if err != nil {
			if single {
				return nil, err
			}
			return nil, atLine(i+1, err)
		}
		docs[i] = Document{Value: v, Raw: bytes.Clone(item), MediaType: "application/json"}
		if single {
			docs[i].Raw, docs[i].MediaType = in.Body, in.MediaType
		}
	}
	return docs, nil
}

// jsonItems finds the list. The whole is checked first: a later part of it may
// be broken.
func (r reader) jsonItems(text []byte) (items []jsontext.Value, single bool, err error) {
	if _, err := r.tree(text); err != nil {
		return nil, false, err
	}
	at := jsontext.Value(bytes.TrimSpace(text))
	if r.Items != "" {
		for name := range strings.SplitSeq(r.Items, ".") {
			var m map[string]jsontext.Value
			if json.Unmarshal(at, &m) != nil || m[name] == nil {
				return nil, false, hub.Errorf(hub.CodeInvalid, "decode.path", r.Items)
			}
			at = m[name]
		}
		if at.Kind() == 'n' {
			return nil, false, nil
		}
	}
	if at.Kind() != '[' {
		return []jsontext.Value{at}, r.Items == "", nil
	}
	if err := json.Unmarshal(at, &items); err != nil {
		return nil, false, badJSON(err)
	}
	return items, false, nil
}

// lines reads JSON lines; empty lines do not count.
func (r reader) lines(text []byte) ([]Document, error) {
	var docs []Document
	n := 0
	for line := range bytes.Lines(text) {
		n++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		v, err := r.tree(line)
		if err != nil {
			return nil, atLine(n, err)
		}
		docs = append(docs, Document{Value: v, Raw: bytes.Clone(line), MediaType: "application/json"})
	}
	return docs, nil
}

// tree reads one JSON value strictly: broken UTF-8, lone surrogates and a name
// given twice are refused.
func (r reader) tree(text []byte) (any, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	v, err := r.value(dec, 0)
	if err != nil {
		return nil, err
	}
	if rest := bytes.TrimSpace(text[dec.InputOffset():]); len(rest) > 0 {
		return nil, hub.Errorf(hub.CodeInvalid, "json.invalid", "后面还有多余的内容")
	}
	return v, nil
}

func (r reader) value(dec *jsontext.Decoder, depth int) (any, error) {
	if depth > r.limits.Depth {
		return nil, hub.Errorf(hub.CodeTooLarge, "decode.depth", r.limits.Depth)
	}
	tok, err := dec.ReadToken()
	if err != nil {
		return nil, badJSON(err)
	}
	switch tok.Kind() {
	case '{':
		return r.object(dec, depth)
	case '[':
		list := []any{}
		for dec.PeekKind() != ']' {
			item, err := r.value(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err := dec.ReadToken()
		return list, wrapJSON(err)
	case '"':
		return tok.String(), nil
	case '0':
		return number(tok.String()), nil
	case 't', 'f':
		return tok.Bool(), nil
	}
	return nil, nil
}

func (r reader) object(dec *jsontext.Decoder, depth int) (any, error) {
	m := map[string]any{}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, badJSON(err)
		}
		key := name.String()
		if m[key], err = r.value(dec, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.ReadToken()
	return m, wrapJSON(err)
}

// number keeps a number's spelling: one that Go would print otherwise, such as
// a long order number or 1.0, stays text.
func number(text string) any {
	if n, err := strconv.Atoi(text); err == nil && strconv.Itoa(n) == text {
		return n
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && strconv.FormatFloat(f, 'f', -1, 64) == text {
		return f
	}
	return text
}

func wrapJSON(err error) error {
	if err == nil {
		return nil
	}
	return badJSON(err)
}

func badJSON(err error) error {
	return &hub.Error{Code: hub.CodeInvalid, Key: "json.invalid", Args: []any{err.Error()}, Err: err}
}
