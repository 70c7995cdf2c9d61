package mask_test

import (
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
)

func TestContent(t *testing.T) {
	c := mask.Content(hub.Content{
		Title: "暖气不热", Text: "我叫张三丰，电话13912341234，身份证620402198001011234，订单20261123000123456789",
		Reporter: hub.Reporter{Name: "张三丰", Phone: "13912341234", IDNumber: "62040219800101123X", Account: "wx"},
		Extra:    map[string]string{"openid": "o123"},
	})
	want := "我叫张**，电话139****1234，身份证6****************4，订单20261123000123456789"
	if c.Text != want {
		t.Errorf("text is %q", c.Text)
	}
	r := c.Reporter
	if r.Name != "张**" || r.Phone != "139****1234" || r.Account != "**" || c.Extra != nil {
		t.Errorf("content is %+v", c)
	}
	if strings.Contains(r.IDNumber, "19800101") {
		t.Errorf("id number is %q", r.IDNumber)
	}
}

func TestShortValuesAreHidden(t *testing.T) {
	for in, want := range map[string]string{"": "", "李": "李*", "李四": "李*"} {
		if got := mask.Name(in); got != want {
			t.Errorf("Name(%q) = %q", in, got)
		}
	}
	if got := mask.Phone("8221234"); got != "*******" {
		t.Errorf("Phone = %q", got)
	}
}

func TestTextHidesNumbersAsPeopleWriteThem(t *testing.T) {
	for in, want := range map[string]string{
		"打138 1234 5678": "打138******5678", "打138-1234-5678。": "打138******5678。", "0943-8221234": "094*****1234",
		"09438221234": "094****1234", "2026-11-23 10:30": "2026-11-23 10:30", "楼号 3-12345": "楼号 3-12345",
	} {
		if got := mask.Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestDoorsAreHidden(t *testing.T) {
	for in, want := range map[string]string{
		"住 3 号楼 502": "住 **", "幸福小区3号楼2单元502室停暖": "幸福小区****停暖", "十二栋漏水": "**漏水", "人民路 12 号门前": "人民路 12 号门前",
	} {
		if got := mask.Doors(in); got != want {
			t.Errorf("Doors(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWhatIsSaidHidesTheReporter(t *testing.T) {
	c := hub.Content{Reporter: hub.Reporter{Name: "欧阳暗语", Phone: "8221234", Account: "wx_123"}}
	if got := mask.Said("欧阳暗语（wx_123）电话8221234", c); got != "欧**（w****3）电话*******" {
		t.Error(got)
	}
}

// BenchmarkSaid is what the desk pays for a text of 300 characters.
func BenchmarkSaid(b *testing.B) {
	text := strings.Repeat("朝阳小区3号楼暖气冰凉三天了，室温只有12度，", 12)
	c := hub.Content{Reporter: hub.Reporter{Name: "欧阳暗语", Phone: "19900000001"}}
	b.ReportAllocs()
	for b.Loop() {
		mask.Said(text, c)
	}
}

// Who asked to stay unknown is not shown by the family name or the last digits
// either.
func TestConfidential(t *testing.T) {
	c := mask.Content(hub.Content{
		Text: "我叫张三丰，电话13912341234", Reporter: hub.Reporter{Name: "张三丰", Phone: "13912341234"},
		Extra: map[string]string{hub.ExtraConfidential: "true"},
	})
	if c.Text != "我叫***，电话***" || c.Reporter != (hub.Reporter{Anonymous: true}) || !c.Confidential() {
		t.Errorf("%+v", c)
	}
}

// All who brought the matter are hidden, and numbers however they are written.
func TestConfidentialPeople(t *testing.T) {
	extra := map[string]string{hub.ExtraConfidential: "true", hub.ExtraPeople: "张三丰、李小四", "信访人名单": "张三丰、李小四"}
	c := mask.Content(hub.Content{
		Text: "张三丰和李小四，电话139 1234 1234，证件620402199001011234", PlaceText: "人民路3号楼502", Extra: extra,
		Attachments: []hub.Attachment{{SHA256: "ab", Name: "张三丰的信.jpg"}},
	})
	if c.Text != "***和***，电话***，证件***" || c.PlaceText != "人民路**" || len(c.Attachments) != 0 || len(c.Extra) != 1 {
		t.Errorf("%+v", c)
	}
	open := hub.Content{Text: "李小四也在", Extra: map[string]string{hub.ExtraPeople: "李小四"}}
	if got := mask.Content(open).Text; got != "李**也在" {
		t.Errorf("without the label: %s", got)
	}
}

// The agent's notes are for all who handle the case, the recording for those
// who may know who called.
func TestCall(t *testing.T) {
	c := hub.Content{Reporter: hub.Reporter{Name: "王秀兰", Phone: "13912341234"}, Extra: map[string]string{
		hub.ExtraAgentNotes: "王秀兰情绪激动，回13912341234", hub.ExtraCallRecord: "REC20261124001",
	}}
	if got := mask.CallOf(c, true); got.Notes != "王秀兰情绪激动，回13912341234" || got.Record != "REC20261124001" {
		t.Errorf("open %+v", got)
	}
	if got := mask.CallOf(c, false); got.Notes != "王**情绪激动，回139****1234" || got.Record != "******" {
		t.Errorf("masked %+v", got)
	}
}
