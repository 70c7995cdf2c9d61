package adapters

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/hub"
)

// A Size is a number of bytes, written as 512KB or 8MB.
type Size int64

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	number := strings.ToUpper(strings.TrimSpace(string(text)))
	unit := int64(1)
	for _, u := range []struct {
		suffix string
		bytes  int64
	}{{"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}, {"B", 1}} {
		if rest, ok := strings.CutSuffix(number, u.suffix); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > 1<<40/unit {
		return fmt.Errorf("大小 %q 看不懂：写成 512KB、8MB 这样", text)
	}
	*s = Size(n * unit)
	return nil
}

// A Duration is a time.Duration that editors and checks know by name.
type Duration = time.Duration

// A Sample is a message and the submission that it must become.
type Sample struct {
	Name      string         `yaml:"name" doc:"样例叫什么"`
	MediaType string         `yaml:"media_type" doc:"内容类型；不填则按 decode.format"`
	File      string         `yaml:"file" doc:"样例内容在哪个文件（与渠道文件同一文件夹）"`
	Body      string         `yaml:"body" doc:"样例内容；decode.charset 为 gb18030 时会先转成那种编码"`
	Head      map[string]any `yaml:"head" doc:"请求头"`
	Expect    map[string]any `yaml:"expect" doc:"应得的来件字段，如 external_id、text、phone；只核对写出的"`
	Refuse    string         `yaml:"refuse" doc:"应当不收，且原因里有这段文字"`
}

// Facts are the fields of a submission by the names that samples use.
func Facts(s hub.Submission) map[string]any {
	m := map[string]any{
		"external_id": s.ExternalID, "title": s.Title, "text": s.Text, "name": s.Reporter.Name,
		"phone": s.Reporter.Phone, "id_number": s.Reporter.IDNumber, "account": s.Reporter.Account,
		"anonymous": s.Reporter.Anonymous, "place": string(s.Place), "place_text": s.PlaceText,
		"kind": string(s.Kind), "urgency": string(s.Urgency), "attachments": len(s.Attachments),
	}
	if !s.SubmittedAt.IsZero() {
		m["submitted_at"] = s.SubmittedAt.In(hub.China()).Format("2006-01-02 15:04:05")
	}
	for k, v := range s.Extra {
		m["extra."+k] = v
	}
	return m
}

// CheckSample returns how s and what w makes of it differ.
func (w *Wired) CheckSample(ctx context.Context, s Sample, body []byte) []string {
	in := sampleInput(w.Config, s, body)
	if in.Body == nil {
		return []string{"样例内容不能转成 " + w.Config.Decode.Charset}
	}
	docs, err := w.read(ctx, in, 0)
	var got hub.Submission
	if err == nil && len(docs) == 0 {
		err = hub.Errorf(hub.CodeInvalid, "submission.empty")
	}
	if err == nil {
		got, _, err = w.submission(ctx, docs[0], s.Head)
	}
	switch {
	case err != nil && s.Refuse != "":
		if !strings.Contains(Sentence(err), s.Refuse) {
			return []string{"不收的原因是：" + Sentence(err)}
		}
		return nil
	case err != nil:
		return []string{Sentence(err)}
	case s.Refuse != "":
		return []string{"应当不收，却收下了"}
	}
	return differences(s.Expect, Facts(got))
}

// SampleFacts returns the fields of the submission that s becomes, without
// the empty ones.
func (w *Wired) SampleFacts(s Sample) (map[string]any, error) {
	ctx := context.Background()
	docs, err := w.read(ctx, sampleInput(w.Config, s, nil), 0)
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, hub.Errorf(hub.CodeInvalid, "submission.empty")
	}
	got, _, err := w.submission(ctx, docs[0], nil)
	if err != nil {
		return nil, err
	}
	facts := Facts(got)
	for k, v := range facts {
		if v == "" || v == false || v == 0 || strings.HasPrefix(k, "extra.") {
			delete(facts, k)
		}
	}
	return facts, nil
}

func differences(want, got map[string]any) []string {
	var out []string
	for name, v := range want {
		if m, ok := v.(map[string]any); ok && name == "extra" {
			for k, e := range m {
				if have := got["extra."+k]; fmt.Sprint(e) != fmt.Sprint(have) {
					out = append(out, fmt.Sprintf("extra.%s 应为 %v，得到 %v", k, e, have))
				}
			}
			continue
		}
		have, known := got[name]
		if !known && v == nil {
			continue
		}
		if !reflect.DeepEqual(fmt.Sprint(v), fmt.Sprint(have)) {
			out = append(out, fmt.Sprintf("%s 应为 %q，得到 %q", name, fmt.Sprint(v), fmt.Sprint(have)))
		}
	}
	return out
}

// sampleInput is the message of a sample as a sender would send it.
func sampleInput(c Config, s Sample, body []byte) decode.Input {
	if body == nil {
		encoded, err := decode.FromUTF8([]byte(s.Body), c.Decode.Charset)
		if err != nil {
			return decode.Input{}
		}
		body = encoded
	}
	media := s.MediaType
	if media == "" {
		media = MediaTypeOf(c.Decode.Format)
	}
	return decode.Input{Body: body, MediaType: media, Name: s.File}
}

// MediaTypeOf is the usual media type of a format.
func MediaTypeOf(f decode.Format) string {
	return map[decode.Format]string{
		decode.JSON: "application/json", decode.Lines: "application/x-ndjson", decode.XML: "application/xml",
		decode.SOAP: "text/xml", decode.Form: "application/x-www-form-urlencoded", decode.CSV: "text/csv",
		decode.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		decode.Zip:  "application/zip", decode.Mail: "message/rfc822", "": "application/json",
	}[f]
}

// SampleRequest returns the body and media type of a sample, to be posted.
func (w *Wired) SampleRequest(s Sample, body []byte) ([]byte, string) {
	in := sampleInput(w.Config, s, body)
	return in.Body, in.MediaType
}
