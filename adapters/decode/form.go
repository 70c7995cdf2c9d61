package decode

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"path"
	"strings"
	"unicode"

	"github.com/mashang-hub/mashang/hub"
)

// form reads name=value pairs; a name that comes several times is a list.
func (r reader) form(in Input, charset string) ([]Document, error) {
	pairs, err := url.ParseQuery(string(bytes.TrimSpace(in.Body)))
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "form.invalid", Args: []any{err.Error()}, Err: err}
	}
	m := map[string]any{}
	for name, values := range pairs {
		key, err := ToUTF8([]byte(name), charset)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			text, err := ToUTF8([]byte(v), charset)
			if err != nil {
				return nil, err
			}
			add(m, string(key), string(text))
		}
	}
	return r.split(Document{Value: m, Raw: in.Body, MediaType: in.MediaType})
}

// multipart reads fields and files. A field that is JSON is read as such.
func (r reader) multipart(in Input, charset string) ([]Document, error) {
	_, params, err := mime.ParseMediaType(in.MediaType)
	if err != nil || params["boundary"] == "" {
		return nil, hub.Errorf(hub.CodeInvalid, "form.invalid", "没有 boundary")
	}
	d := Document{Raw: in.Body, MediaType: in.MediaType}
	m := map[string]any{}
	parts := multipart.NewReader(bytes.NewReader(in.Body), params["boundary"])
	for n := 0; ; n++ {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "form.invalid", Args: []any{err.Error()}, Err: err}
		}
		if n >= r.limits.Files {
			return nil, hub.Errorf(hub.CodeTooLarge, "decode.files", r.limits.Files)
		}
		if err := r.part(&d, m, p, charset); err != nil {
			return nil, err
		}
	}
	d.Value = m
	return r.split(d)
}

func (r reader) part(d *Document, m map[string]any, p *multipart.Part, charset string) error {
	data, err := ReadAll(p, r.limits.Expanded)
	if err != nil {
		return err
	}
	field, filename, err := disposition(p, charset)
	if err != nil {
		return err
	}
	media := p.Header.Get("Content-Type")
	if filename != "" {
		d.Files = append(d.Files, File{Name: Clean(filename), MediaType: media, Data: data})
		return nil
	}
	if kind, params, err := mime.ParseMediaType(media); err == nil {
		if params["charset"] != "" {
			charset = params["charset"]
		}
		if formatOf(kind) == JSON {
			return r.jsonPart(m, field, data, charset)
		}
	}
	text, err := ToUTF8(data, charset)
	if err != nil {
		return err
	}
	add(m, field, string(text))
	return nil
}

func (r reader) jsonPart(m map[string]any, field string, data []byte, charset string) error {
	text, err := ToUTF8(data, charset)
	if err != nil {
		return err
	}
	v, err := r.tree(text)
	if err != nil {
		return err
	}
	add(m, field, v)
	return nil
}

// disposition returns the names of a part; browsers send them as they are, in
// the charset of the form.
func disposition(p *multipart.Part, charset string) (field, file string, err error) {
	names := [2]string{p.FormName(), p.FileName()}
	for i, name := range names {
		text, err := ToUTF8([]byte(name), charset)
		if err != nil {
			return "", "", err
		}
		names[i] = string(text)
	}
	return names[0], names[1], nil
}

// Clean makes a sender's file name fit to be shown: its last element, without
// control or direction characters, at most 120 of them.
func Clean(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == unicode.ReplacementChar {
			return -1
		}
		return c
	}, name)
	if runes := []rune(name); len(runes) > 120 {
		name = string(runes[len(runes)-120:])
	}
	if name == "." || name == "/" || name == ".." {
		return ""
	}
	return name
}
