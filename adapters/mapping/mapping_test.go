package mapping_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/adapters/mapping"
	"github.com/mashang-hub/mashang/hub"
)

var china = time.FixedZone("CST", 8*3600)

func TestDate(t *testing.T) {
	want := time.Date(2026, 11, 23, 9, 8, 0, 0, china)
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, china)
	for text, at := range map[string]time.Time{
		"2026-11-23 09:08:00": want, "2026/11/23 9:08": want, "2026.11.23 09:08:00": want, "2026年11月23日 9时8分": want,
		"2026年11月23日上午9点08分": want, "2026年11月23日 星期一 9:08": want, "二〇二六年十一月二十三日": day, "20261123": day, "20261123090800": want,
		"2026-11-23T09:08:00+08:00": want, "2026-11-23T01:08:00Z": want, "２０２６－１１－２３　０９：０８": want, "26/11/23 9:08": want,
		"1795396080": want, "1795396080000": want, "2026-11-23": day, "2026-11-23 09:08:00.123": want, "2026-11-23 01:08:00+00": want,
		"2026年11月23日下午9点半": want.Add(12*time.Hour + 22*time.Minute),
	} {
		got, err := mapping.Date(text, "")
		if err != nil || got.Truncate(time.Second).Sub(at) != 0 {
			t.Errorf("%s: %v, %v, want %v", text, got, err, at)
		}
	}
	for _, text := range []string{"昨天", "2026-13-01", "2026-02-30", "2026-11-23 25:00", "20261399", "12"} {
		if got, err := mapping.Date(text, ""); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%s: %v, %v, want it refused", text, got, err)
		}
	}
	if got, err := mapping.Date("23日11月26", "02日01月06"); err != nil || !got.Equal(day) {
		t.Errorf("own layout: %v, %v", got, err)
	}
	if got, err := mapping.Date(46349.3805555556, ""); err != nil || !got.Equal(want) {
		t.Errorf("a day of Excel: %v, %v", got, err)
	}
}

func TestPhoneAndID(t *testing.T) {
	for in, want := range map[string]string{
		" 139 0000-1111": "13900001111", "+86 13900001111": "13900001111", "１３９００００１１１１": "13900001111", "0086-13900001111": "13900001111",
		"(0943)8221234": "0943-8221234", "0943—8221234": "0943-8221234", "12345": "12345", "不详": "不详", "139": "139", "13900001111,13900002222": "13900001111,13900002222",
	} {
		if got := mapping.Phone(in); got != want {
			t.Errorf("phone %q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"11010519491231002x": "11010519491231002X", "１１０１０５ 19491231002X": "11010519491231002X", "110105194912310021": "110105194912310021", "无": "无"} {
		if got := mapping.IDNumber(in); got != want {
			t.Errorf("id %q: %q, want %q", in, got, want)
		}
	}
	if mapping.ValidID("110105194912310021") || !mapping.ValidID("11010519491231002X") {
		t.Error("check digit")
	}
}

type tree struct{}

func (tree) Place(_ context.Context, code hub.PlaceCode) (hub.Place, bool) {
	return hub.Place{Code: code}, code == "620402"
}

func (tree) Named(_ context.Context, name string, within hub.PlaceCode) (hub.Place, bool) {
	return hub.Place{Code: "620402001"}, name == "人民路街道" && within == "620402"
}

func document(t *testing.T, body string) decode.Document {
	t.Helper()
	docs, err := decode.Read(decode.Input{Body: []byte(body), MediaType: "application/json"}, decode.Options{}, decode.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return docs[0]
}

func TestSubmission(t *testing.T) {
	c := mapping.Config{
		ExternalID: "单号", Text: `plain(内容) + "。" + json(附).补充`, SubmittedAt: "date(时间)", Phone: "phone(phone)", Name: "first_of(甲, 乙)",
		Place: "place(区, 街)", Kind: `pick(类, {"1": "投诉"})`, Urgency: "级", Anonymous: "匿", SkipIf: `状态 == "作废"`,
		Attachments: `[file("a.jpg"), base64(图, "b.png")]`, Extra: map[string]string{"来源": `"城建"`}, Drop: []string{"丢"},
		Urgencies: map[string]hub.Urgency{"甲级": hub.UrgencyCritical},
	}
	saved := map[string]int{}
	m, mistakes := mapping.Compile(c, tree{}, func(_ context.Context, mediaType string, data []byte) (hub.Attachment, error) {
		saved[mediaType]++
		return hub.Attachment{MediaType: mediaType, Size: int64(len(data))}, nil
	})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	d := document(t, `{"单号":12345678901234567890,"内容":"<p>暖气&nbsp;不热</p>","附":"{\"补充\":\"三天\"}","时间":"2026年11月23日","phone":"139 0000 1111",
		"乙":"李四","区":"620402","街":"人民路街道","类":1,"级":"甲级","匿":"是","状态":"","图":"iVBORw0KGgo=","丢":"x","其他":[1,"二"]}`)
	d.Files = []decode.File{{Name: "a.jpg", Data: []byte("\xff\xd8\xff")}}
	s, ok, err := m.Submission(t.Context(), "x", d, nil)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if s.ExternalID != "12345678901234567890" || s.Text != "暖气 不热。三天" || s.Reporter.Phone != "13900001111" || s.Reporter.Name != "李四" ||
		s.Place != "620402001" || s.Kind != hub.KindComplaint || s.Urgency != hub.UrgencyCritical || !s.Reporter.Anonymous || s.SubmittedAt.IsZero() {
		t.Errorf("%+v", s)
	}
	if len(s.Attachments) != 2 || s.Attachments[1].Name != "b.png" || saved["image/png"] != 1 || saved["image/jpeg"] != 1 {
		t.Errorf("attachments %+v, saved %v", s.Attachments, saved)
	}
	if s.Extra["来源"] != "城建" || s.Extra["其他"] != `[1,"二"]` || s.Extra["丢"] != "" || s.Extra["单号"] != "" {
		t.Errorf("extra %v", s.Extra)
	}
	if _, ok, err := m.Submission(t.Context(), "x", document(t, `{"状态":"作废"}`), nil); ok || err != nil {
		t.Errorf("skipped: %v, %v", ok, err)
	}
	for _, body := range []string{`{"单号":"","附":"{}"}`, `{"单号":"1","附":"{"}`, `{"单号":"1","附":"{}","时间":"昨天"}`, `{"单号":[1],"附":"{}"}`, `{"单号":"1","附":"{}","图":"?"}`} {
		if _, _, err := m.Submission(t.Context(), "x", document(t, body), nil); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%s: %v, want it refused", body, err)
		}
	}
}

func TestCompileReportsEveryMistake(t *testing.T) {
	_, mistakes := mapping.Compile(mapping.Config{
		Title: "标题 +", Phone: "phone(1, 2)", Name: `repeat("x", 9)`, Kinds: map[string]hub.Kind{"投": "x"}, Place: "phone.dh", PlaceText: "nothere(1)",
	}, nil, nil)
	var all []string
	for _, m := range mistakes {
		all = append(all, m.Field+": "+m.Err.Error())
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{"title", "phone", "name", "kinds.投", "place: ", "doc.字段名", "place_text"} {
		if !strings.Contains(text, want) {
			t.Errorf("no mistake about %s in\n%s", want, text)
		}
	}
}

// A document cannot make an expression run away or panic.
func FuzzDate(f *testing.F) {
	f.Add("2026年11月23日 上午9点半")
	f.Fuzz(func(t *testing.T, s string) {
		if at, err := mapping.Date(s, ""); err == nil && !at.IsZero() && (at.Year() < 1 || at.Year() > 9999) {
			t.Fatalf("%q is %v", s, at)
		}
		_ = mapping.Phone(s)
		_ = mapping.IDNumber(s)
	})
}
