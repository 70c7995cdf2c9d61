package decode

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// mail reads one message: subject, from, from_name, to, date, message_id, text
// and html, with its attachments as files.
func (r reader) mail(in Input) ([]Document, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(in.Body))
	if err != nil {
		return nil, badMail(err)
	}
	m := map[string]any{}
	for field, name := range map[string]string{"subject": "Subject", "to": "To", "message_id": "Message-Id"} {
		text, err := words(msg.Header.Get(name))
		if err != nil {
			return nil, err
		}
		m[field] = text
	}
	if err := sender(m, msg.Header); err != nil {
		return nil, err
	}
	if at, err := msg.Header.Date(); err == nil {
		m["date"] = at.Format("2006-01-02T15:04:05Z07:00")
	}
	d := Document{Value: m, Raw: in.Body, MediaType: "message/rfc822"}
	if err := r.mailPart(&d, m, textproto.MIMEHeader(msg.Header), msg.Body, 0); err != nil {
		return nil, err
	}
	return r.split(d)
}

func sender(m map[string]any, h mail.Header) error {
	parser := mail.AddressParser{WordDecoder: wordDecoder()}
	a, err := parser.Parse(h.Get("From"))
	if err != nil {
		text, err := words(h.Get("From"))
		m["from"] = text
		return err
	}
	m["from"], m["from_name"] = a.Address, a.Name
	return nil
}

func (r reader) mailPart(d *Document, m map[string]any, h textproto.MIMEHeader, body io.Reader, depth int) error {
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		media, params = "text/plain", nil
	}
	if strings.HasPrefix(media, "multipart/") && depth < 10 {
		return r.mailParts(d, m, multipart.NewReader(body, params["boundary"]), depth)
	}
	data, err := r.transfer(h, body)
	if err != nil {
		return err
	}
	name, err := attachmentName(h, params)
	if err != nil {
		return err
	}
	field := map[string]string{"text/plain": "text", "text/html": "html"}[media]
	if name != "" || field == "" || m[field] != nil {
		if len(d.Files) >= r.limits.Files {
			return hub.Errorf(hub.CodeTooLarge, "decode.files", r.limits.Files)
		}
		d.Files = append(d.Files, File{Name: Clean(name), MediaType: media, Data: data})
		return nil
	}
	text, err := ToUTF8(data, params["charset"])
	m[field] = strings.TrimSpace(string(text))
	return err
}

func (r reader) mailParts(d *Document, m map[string]any, parts *multipart.Reader, depth int) error {
	for n := 0; ; n++ {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return badMail(err)
		}
		if n >= r.limits.Files {
			return hub.Errorf(hub.CodeTooLarge, "decode.files", r.limits.Files)
		}
		if err := r.mailPart(d, m, p.Header, p, depth+1); err != nil {
			return err
		}
	}
}

func (r reader) transfer(h textproto.MIMEHeader, body io.Reader) ([]byte, error) {
	switch strings.ToLower(strings.TrimSpace(h.Get("Content-Transfer-Encoding"))) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	data, err := ReadAll(body, r.limits.Expanded)
	if hub.CodeOf(err) == hub.CodeInvalid {
		return nil, badMail(err)
	}
	return data, err
}

func attachmentName(h textproto.MIMEHeader, params map[string]string) (string, error) {
	kind, more, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	name := ""
	if err == nil {
		name = more["filename"]
	}
	if name == "" {
		name = params["name"]
	}
	if name == "" && kind == "attachment" {
		name = "attachment"
	}
	return words(name)
}

func wordDecoder() *mime.WordDecoder {
	return &mime.WordDecoder{CharsetReader: func(label string, r io.Reader) (io.Reader, error) {
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		text, err := ToUTF8(data, label)
		return bytes.NewReader(text), err
	}}
}

// words reads a header value with encoded words; what is not encoded must be
// UTF-8 or GB18030.
func words(value string) (string, error) {
	text, err := wordDecoder().DecodeHeader(value)
	if err != nil {
		if _, ok := errors.AsType[*hub.Error](err); ok {
			return "", err
		}
		return "", badMail(err)
	}
	exact, err := ToUTF8([]byte(text), "")
	return string(exact), err
}

func badMail(err error) error {
	return &hub.Error{Code: hub.CodeInvalid, Key: "mail.invalid", Args: []any{err.Error()}, Err: err}
}
