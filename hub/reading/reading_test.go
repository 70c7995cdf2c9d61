package reading_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
)

func TestNumber(t *testing.T) {
	for s, want := range map[string]float64{
		"23600": 23600, "12.5万": 125000, "三万五": 35000, "两百三十": 230, "十二": 12, "二十": 20,
		"一百零五": 105, "3万500": 30500, "三千六": 3600, "1,200": 1200, "二零三": 203, "一亿": 1e8,
	} {
		if got, ok := reading.Number(s); !ok || got != want {
			t.Errorf("%s: got %v %v, want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "多", "几万", "A"} {
		if n, ok := reading.Number(s); ok {
			t.Errorf("%q: got %v", s, n)
		}
	}
}

func TestPlace(t *testing.T) {
	p := reading.NewPatterns()
	for text, want := range map[string]reading.Place{
		"白银市白银区铜城花园3号楼2单元501室暖气不热": {Compound: "铜城花园", Building: "3", Unit: "2", Room: "501"},
		"我家住在平川区世纪小区十二栋，家里只有13度":   {Compound: "世纪小区", Building: "12"},
		"会宁县会师镇南关家属院 ５号楼 一单元 302户": {Compound: "南关家属院", Building: "5", Unit: "1", Room: "302"},
		"北京路街道银光家园7-2-1103停暖":      {Compound: "银光家园", Building: "7", Unit: "2", Room: "1103"},
		"西区换热站坏了，整片都不热":            {Station: "西区换热站"},
		"我们小区暖气不热":                 {},
	} {
		got := p.Place(reading.Text(hub.Content{Text: text}))
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(reading.Place{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
