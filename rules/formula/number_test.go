package formula

import (
	"math"
	"testing"
)

func TestNumbersInTexts(t *testing.T) {
	none := math.NaN()
	for _, c := range []struct {
		text           string
		people, amount float64
	}{
		{"我们35名农民工的工资没有结清", 35, none},
		{"30多名工人", 30, none},
		{"12户村民", 12, none},
		{"50余人，欠3.5万元", 50, 35000},
		{"欠我8000块", none, 8000},
		{"2020年1月6日，2 人", 2, none},
		{"1.2亿元", none, 1.2e8},
		{"3万多元，3号楼", none, 30000},
		{"电话13912345678", none, none},
		{"1234567人", none, none},
		{"5.", none, none},
		{"100个业主", 100, none},
		{"拖欠三十多名工人二十万元", 30, 200000},
		{"我们十二户，一共三万五千元", 12, 35000},
		{"第三人民医院，第五人", none, none},
		{"一人，二人，三百余人", 300, none},
		{"两千块，三心二意，万元", none, 2000},
		{"几十人", 10, none},
		{"", none, none},
	} {
		same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
		if p, a := peopleIn(c.text), amountIn(c.text); !same(p, c.people) || !same(a, c.amount) {
			t.Errorf("%q: people %v, amount %v, want %v, %v", c.text, p, a, c.people, c.amount)
		}
	}
}
