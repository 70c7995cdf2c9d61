package decode_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/hub"
)

// limits keep one input from taking long.
func limits() decode.Limits {
	return decode.Limits{Expanded: 1 << 20, Items: 1000, Files: 20, Depth: 50}
}

// texts calls f with every text inside v.
func texts(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case []any:
		for _, item := range v {
			texts(item, f)
		}
	case map[string]any:
		for name, item := range v {
			f(name)
			texts(item, f)
		}
	}
}

// replacement reports whether a sender wrote U+FFFD, or may have.
func replacement(data []byte) bool {
	low := bytes.ToLower(data)
	return bytes.Contains(data, []byte("\ufffd")) || bytes.Contains(low, []byte("fffd")) || bytes.Contains(low, []byte("65533")) ||
		bytes.Contains(data, []byte{0x84, 0x31, 0xa4, 0x37}) || bytes.Contains(low, []byte("%ef%bf%bd"))
}

// checkRead reads data in one format: no panic, an error of ours, and texts
// that a database can hold and that replace nothing.
func checkRead(t *testing.T, data []byte, f decode.Format, media string) {
	docs, err := decode.Read(decode.Input{Body: data, MediaType: media}, decode.Options{Format: f}, limits())
	if err != nil {
		if code := hub.CodeOf(err); code != hub.CodeInvalid && code != hub.CodeTooLarge {
			t.Fatalf("error %v is not the sender's", err)
		}
		return
	}
	for _, d := range docs {
		texts(d.Value, func(s string) {
			if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
				t.Fatalf("text %q cannot be stored", s)
			}
			if strings.ContainsRune(s, utf8.RuneError) && !replacement(data) && f != decode.XLSX && f != decode.Zip && f != decode.Mail {
				t.Fatalf("text %q was changed silently", s)
			}
		})
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":"冷","b":[1,1.0,true,null]}`, `{"a":"\ud83d\ude00"}`, `[{}]`, "{\"a\":\"\xc0\xe4\"}", `{"a":"\u0000"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkRead(t, data, decode.JSON, "application/json") })
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n{\"a\":2}\n"))
	f.Fuzz(func(t *testing.T, data []byte) { checkRead(t, data, decode.Lines, "application/x-ndjson") })
}

func FuzzXML(f *testing.F) {
	for _, s := range []string{`<a b="c"><d>冷</d></a>`, `<?xml version="1.0" encoding="GBK"?><a>` + "\xc0\xe4" + `</a>`, `<!DOCTYPE a><a/>`, `<a>&#65533;</a>`, `<a><![CDATA[<b/>]]></a>`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkRead(t, data, decode.XML, "text/xml") })
}

func FuzzSOAP(f *testing.F) {
	f.Add([]byte(strings.Replace(envelope, "%s", "http://schemas.xmlsoap.org/soap/envelope/", 1)))
	f.Fuzz(func(t *testing.T, data []byte) { checkRead(t, data, decode.SOAP, "text/xml") })
}

func FuzzForm(f *testing.F) {
	f.Add([]byte("a=1&a=2&%C4%DA=%B4%F3"))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkRead(t, data, decode.Form, "application/x-www-form-urlencoded")
	})
}

func FuzzMultipart(f *testing.F) {
	f.Add([]byte("--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"x\"\r\n\r\n1\r\n--B--\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkRead(t, data, decode.Multipart, "multipart/form-data; boundary=B")
	})
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("编号,内容\n1,\"a\nb\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) { checkRead(t, data, decode.CSV, "text/csv") })
}

func FuzzXLSX(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Add(sheetFile(f))
	f.Fuzz(func(t *testing.T, data []byte) { checkRead(t, data, decode.XLSX, "") })
}

// sheetFile is a small table.
func sheetFile(t testing.TB) []byte {
	t.Helper()
	x := excelize.NewFile()
	if err := errors.Join(x.SetCellStr("Sheet1", "A1", "编号"), x.SetCellStr("Sheet1", "A2", "1")); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func FuzzZip(f *testing.F) {
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, data []byte) { checkRead(t, data, decode.Zip, "application/zip") })
}

func FuzzMail(f *testing.F) {
	f.Add([]byte("From: a@b.c\r\nSubject: =?gbk?B?1cXI/Q==?=\r\n\r\nhello"))
	f.Fuzz(func(t *testing.T, data []byte) { checkRead(t, data, decode.Mail, "message/rfc822") })
}

// FuzzGB18030: what is read can be written again to the same bytes.
func FuzzGB18030(f *testing.F) {
	f.Add([]byte("\xb4\xf3\xcb\xae\x82\x39\xf3\x36"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := decode.ToUTF8(data, "gb18030")
		if err != nil {
			return
		}
		back, err := decode.FromUTF8(text, "gb18030")
		if err != nil || !bytes.Equal(back, data) || !utf8.Valid(text) {
			t.Fatalf("%x became %q and then %x", data, text, back)
		}
	})
}
