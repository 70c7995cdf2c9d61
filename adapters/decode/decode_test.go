package decode_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"io"
	"mime/multipart"
	"reflect"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/hub"
)

type m = map[string]any

func gb(t testing.TB, s string) []byte {
	t.Helper()
	out, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func read(in decode.Input, o decode.Options) ([]decode.Document, error) {
	return decode.Read(in, o, decode.Limits{})
}

const envelope = `<s:Envelope xmlns:s="%s"><s:Header><from>城建</from></s:Header><s:Body><w:submit xmlns:w="urn:x"><编号>7</编号><内容>冷</内容></w:submit></s:Body></s:Envelope>`

func TestReadReadsEveryFormat(t *testing.T) {
	want := []any{m{"编号": "7", "内容": "大水䃎村 𠮷 冷"}}
	for name, c := range map[string]struct {
		in decode.Input
		o  decode.Options
	}{
		"json":       {in: decode.Input{Body: []byte(`{"编号":"7","内容":"大水䃎村 𠮷 冷"}`), MediaType: "application/json"}},
		"json in gb": {in: decode.Input{Body: gb(t, `{"编号":"7","内容":"大水䃎村 𠮷 冷"}`), MediaType: "application/json; charset=gb18030"}},
		"gb untold":  {in: decode.Input{Body: gb(t, `{"编号":"7","内容":"大水䃎村 𠮷 冷"}`), MediaType: "application/json"}},
		"items":      {in: decode.Input{Body: []byte(`{"data":{"list":[{"编号":"7","内容":"大水䃎村 𠮷 冷"}]}}`), MediaType: "text/json"}, o: decode.Options{Items: "data.list"}},
		"inner json": {in: decode.Input{Body: []byte(`{"p":"{\"编号\":\"7\",\"内容\":\"大水䃎村 𠮷 冷\"}"}`), MediaType: "text/json"}, o: decode.Options{Inner: "p"}},
		"inner xml":  {in: decode.Input{Body: []byte(`<a><b><![CDATA[<r><编号>7</编号><内容>大水䃎村 𠮷 冷</内容></r>]]></b></a>`), MediaType: "text/xml"}, o: decode.Options{Inner: "b"}},
		"lines":      {in: decode.Input{Body: []byte("\n{\"编号\":\"7\",\"内容\":\"大水䃎村 𠮷 冷\"}\n"), Name: "a.jsonl"}},
		"xml":        {in: decode.Input{Body: gb(t, `<?xml version="1.0" encoding="GB18030"?><单><编号>7</编号><内容>大水䃎村 𠮷 冷</内容></单>`), MediaType: "text/xml"}},
		"xml items":  {in: decode.Input{Body: []byte(`<a><i><编号>7</编号><内容>大水䃎村 𠮷 冷</内容></i></a>`), Name: "x.xml"}, o: decode.Options{Items: "i"}},
		"form":       {in: decode.Input{Body: []byte("%B1%E0%BA%C5=7&%C4%DA%C8%DD=%B4%F3%CB%AE%82%39%F3%36%B4%E5+%95%32%B7%38+%C0%E4"), MediaType: "application/x-www-form-urlencoded; charset=gbk"}, o: decode.Options{}},
		"csv":        {in: decode.Input{Body: gb(t, "编号,内容\n7,大水䃎村 𠮷 冷\n\n"), Name: "a.csv"}},
		"csv bare":   {in: decode.Input{Body: []byte("x\n7|大水䃎村 𠮷 冷\n"), Name: "a.csv"}, o: decode.Options{Header: []string{"编号", "内容"}, Skip: 1, Delimiter: "|"}},
	} {
		docs, err := read(c.in, c.o)
		got := make([]any, len(docs))
		for i, d := range docs {
			got[i] = d.Value
			if len(d.Raw) == 0 || d.MediaType == "" && c.in.MediaType != "" {
				t.Errorf("%s: raw %q of %q", name, d.Raw, d.MediaType)
			}
		}
		if name == "form" { // 𠮷 differs in the percent form on purpose below
			got, want := got, []any{m{"编号": "7"}}
			if err != nil || got[0].(m)["编号"] != want[0].(m)["编号"] || !strings.HasPrefix(got[0].(m)["内容"].(string), "大水") {
				t.Errorf("form: %v, %v", got, err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestRawIsWhatArrived(t *testing.T) {
	body := gb(t, `{"内容":"冷"}`)
	docs, err := read(decode.Input{Body: body, MediaType: "application/json;charset=gb18030"}, decode.Options{})
	if err != nil || !bytes.Equal(docs[0].Raw, body) || docs[0].MediaType != "application/json;charset=gb18030" {
		t.Errorf("%v, %v", docs, err)
	}
}

func TestSOAP(t *testing.T) {
	for version, space := range map[string]string{
		"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope",
	} {
		docs, err := read(decode.Input{Body: []byte(strings.Replace(envelope, "%s", space, 1)), MediaType: "text/xml"}, decode.Options{Format: decode.SOAP})
		if err != nil || docs[0].Envelope != version || !reflect.DeepEqual(docs[0].Value, m{"编号": "7", "内容": "冷"}) || !reflect.DeepEqual(docs[0].Head, m{"from": "城建"}) {
			t.Errorf("%s: %+v, %v", version, docs, err)
		}
	}
	if _, err := read(decode.Input{Body: []byte("<a/>"), MediaType: "application/soap+xml"}, decode.Options{}); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("no envelope: %v", err)
	}
}

func TestXMLKeepsAttributesAndLists(t *testing.T) {
	docs, err := read(decode.Input{Body: []byte(`<a id="1" xmlns:x="urn:y"><t>甲</t><t>乙</t><u k="v">丙</u></a>`), MediaType: "text/xml"}, decode.Options{})
	want := m{"@id": "1", "t": []any{"甲", "乙"}, "u": m{"@k": "v", "#text": "丙"}}
	if err != nil || !reflect.DeepEqual(docs[0].Value, want) {
		t.Errorf("%v, %v", docs, err)
	}
}

func TestNumbersKeepTheirSpelling(t *testing.T) {
	docs, err := read(decode.Input{Body: []byte(`[{"a":12345678901234567890,"b":1.0,"c":42,"d":1.5,"e":1e3}]`), MediaType: "text/json"}, decode.Options{})
	want := m{"a": "12345678901234567890", "b": "1.0", "c": 42, "d": 1.5, "e": "1e3"}
	if err != nil || !reflect.DeepEqual(docs[0].Value, want) {
		t.Errorf("%#v, %v", docs, err)
	}
}

func TestReadRefuses(t *testing.T) {
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	for name, c := range map[string]decode.Input{
		"twice":        {Body: []byte(`{"a":1,"a":2}`), MediaType: "text/json"},
		"surrogate":    {Body: []byte(`{"a":"\ud800"}`), MediaType: "text/json"},
		"nul":          {Body: []byte(`{"a":{"b":["\u0000"]}}`), MediaType: "text/json"},
		"nul name":     {Body: []byte(`{"\u0000":1}`), MediaType: "text/json"},
		"raw nul":      {Body: []byte("a,b\n\x00,1"), Name: "a.csv"},
		"trailing":     {Body: []byte(`{"a":1} x`), MediaType: "text/json"},
		"late":         {Body: []byte(`[{"a":1},{]`), MediaType: "text/json"},
		"deep":         {Body: []byte(deep), MediaType: "text/json"},
		"deep xml":     {Body: []byte(strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200)), MediaType: "text/xml"},
		"bad utf8":     {Body: []byte("{\"a\":\"\xc5\xc5\"}"), MediaType: "text/json; charset=utf-8"},
		"bad gb":       {Body: []byte("{\"a\":\"\xff\xff\"}"), MediaType: "text/json; charset=gb18030"},
		"charset":      {Body: []byte("{}"), MediaType: "text/json; charset=big5"},
		"doctype":      {Body: []byte(`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`), MediaType: "text/xml"},
		"inner entity": {Body: []byte(`<a>&x;</a>`), MediaType: "text/xml"},
		"two roots":    {Body: []byte(`<a/><b/>`), MediaType: "text/xml"},
		"text outside": {Body: []byte(`<a/>x`), MediaType: "text/xml"},
		"empty xml":    {Body: nil, MediaType: "text/xml"},
		"form":         {Body: []byte("a=%zz"), MediaType: "application/x-www-form-urlencoded"},
		"boundary":     {Body: []byte("x"), MediaType: "multipart/form-data"},
		"columns":      {Body: []byte("a,b\n1,2,3\n"), MediaType: "text/csv"},
		"twin columns": {Body: []byte("a,a\n1,2\n"), MediaType: "text/csv"},
		"empty table":  {Body: nil, MediaType: "text/csv"},
		"no sheet":     {Body: []byte("PK"), Name: "a.xlsx"},
		"no zip":       {Body: []byte("PK"), Name: "a.zip"},
		"unknown":      {Body: []byte("x"), MediaType: "image/png"},
	} {
		docs, err := read(c, decode.Options{})
		if code := hub.CodeOf(err); code != hub.CodeInvalid && code != hub.CodeTooLarge {
			t.Errorf("%s: %v, %v", name, docs, err)
		}
	}
	if _, err := read(decode.Input{Body: []byte("{}"), MediaType: "text/json"}, decode.Options{Items: "a.b"}); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("a path that is not there: %v", err)
	}
}

func TestMultipart(t *testing.T) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.WriteField("内容", "冷")
	part, _ := w.CreateFormFile("photo", `..\..\x/现场\u202e.jpg`)
	_, _ = part.Write([]byte("\xff\xd8\xff"))
	_ = w.Close()
	docs, err := read(decode.Input{Body: b.Bytes(), MediaType: w.FormDataContentType()}, decode.Options{})
	if err != nil || !reflect.DeepEqual(docs[0].Value, m{"内容": "冷"}) || len(docs[0].Files) != 1 || strings.ContainsAny(docs[0].Files[0].Name, `/\`) {
		t.Fatalf("%+v, %v", docs, err)
	}
}

func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 9) })
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, text)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestZip(t *testing.T) {
	data := archive(t, map[string]string{"d/a.csv": "编号,照片\n1,x.jpg\n", "d/x.jpg": "jpg", "__MACOSX/._a": "?"})
	docs, err := read(decode.Input{Body: data, Name: "a.zip"}, decode.Options{})
	if err != nil || len(docs) != 1 || len(docs[0].Files) != 1 || docs[0].Files[0].Name != "x.jpg" {
		t.Fatalf("%+v, %v", docs, err)
	}
	bomb := archive(t, map[string]string{"a.csv": strings.Repeat("0", 100<<20)})
	if len(bomb) > 1<<20 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	if _, err := read(decode.Input{Body: bomb, Name: "a.zip"}, decode.Options{}); hub.CodeOf(err) != hub.CodeTooLarge {
		t.Errorf("bomb: %v", err)
	}
	nested := archive(t, map[string]string{"b.zip": string(data)})
	if _, err := read(decode.Input{Body: nested, Name: "a.zip"}, decode.Options{}); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("nested: %v", err)
	}
}

func TestSheet(t *testing.T) {
	f := excelize.NewFile()
	for cell, v := range map[string]string{"A1": "编号", "B1": "内容", "A2": "00123456789012345678", "B2": "=1+1"} {
		if err := f.SetCellStr("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	docs, err := read(decode.Input{Body: b.Bytes(), Name: "a.xlsx"}, decode.Options{})
	if err != nil || !reflect.DeepEqual(docs[0].Value, m{"编号": "00123456789012345678", "内容": "=1+1"}) {
		t.Errorf("%+v, %v", docs, err)
	}
}

func TestMail(t *testing.T) {
	body := "From: =?gb18030?B?" + "1cXI/Q==" + "?= <zhang@example.com>\r\nSubject: =?utf-8?B?5pqW5rCU5LiN54Ot?=\r\nMessage-Id: <1@x>\r\n" +
		"Date: Tue, 24 Nov 2026 09:00:00 +0800\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain; charset=gb18030\r\n\r\n" +
		string(gb(t, "大水䃎村")) + "\r\n--B\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"a.jpg\"\r\n\r\n/9j/\r\n--B--\r\n"
	docs, err := read(decode.Input{Body: []byte(body), MediaType: "message/rfc822"}, decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := docs[0].Value.(m)
	if v["from"] != "zhang@example.com" || v["from_name"] != "张三" || v["subject"] != "暖气不热" || v["text"] != "大水䃎村" || v["date"] != "2026-11-24T09:00:00+08:00" || len(docs[0].Files) != 1 {
		t.Errorf("%v", docs[0])
	}
}
