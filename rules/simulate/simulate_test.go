package simulate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/simulate"
)

func load(t testing.TB, yaml string) *rules.Set {
	t.Helper()
	set, err := rules.Load(fstest.MapFS{"a.yaml": {Data: []byte("版本: 1\n负责人: 张三\n" + yaml)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func read(t testing.TB, lines ...string) []simulate.Case {
	t.Helper()
	cases, err := simulate.Read(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

const before = `
规则:
  - {编号: 供暖, 当: 含任一("暖气"), 则: {主办: housing, 紧急程度: 一般}, 时限: {办结: 5个工作日}}
  - {编号: 欠薪, 当: 含任一("工资"), 则: {主办: labor}}
  - {编号: 路灯, 当: 含任一("路灯"), 则: {主办: urban}, 优先: 5}
  - {编号: 灯杆, 当: 含任一("灯杆"), 则: {主办: power}, 优先: 5}
`

const after = `
规则:
  - {编号: 供暖, 当: 含任一("暖气"), 则: {主办: heating, 紧急程度: 紧急}, 时限: {办结: 24小时, 首次联系: 30分钟}}
  - {编号: 路灯, 当: 含任一("路灯"), 则: {主办: urban}, 优先: 5}
  - {编号: 灯杆, 当: 含任一("灯杆"), 则: {主办: power}, 优先: 5}
  - {编号: 噪音, 当: 含任一("广场舞"), 则: {主办: urban}}
`

func history(t testing.TB) []simulate.Case {
	return read(t,
		`{"id":"1","channel":"qr","title":"家里暖气不热","text":"三天了","time":"2026-11-01 09:00","lead":"heating"}`,
		`{"id":2,"channel":"qr","title":"暖气","text":"漏水"}`,
		``,
		`{"留言编号":"3","留言主题":"拖欠工资","留言详情":"十个人","留言时间":"2026/11/3 09:00:01"}`,
		`{"external_id":"4","channel":"hotline","title":"路灯和灯杆","text":"都坏了","submitted_at":"2026-11-04T09:00:00+08:00","lead":"urban"}`,
		`{"id":"5","title":"广场舞太吵","text":"每晚都跳"}`,
		`{"id":"6","title":"你好","text":"今天天气好，充电桩没有"}`,
		`{"id":"7","title":"请问","text":"充电桩什么时候建"}`,
	)
}

func TestDiffSaysWhatChanges(t *testing.T) {
	policy := []hub.Allowance{{Kind: hub.ClockSign, Budget: hub.Budget{N: 2, Unit: hub.Hour}}}
	d, err := simulate.Compare(t.Context(), load(t, before), load(t, after), history(t), simulate.Options{
		Policy: func(hub.ChannelCode) []hub.Allowance { return policy },
		Mask:   func(s string) string { return strings.ReplaceAll(s, "三天", "某天") },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []simulate.Move{
		{From: "housing", To: "heating", Cases: 2}, {From: "labor", To: "sorting", Cases: 1}, {From: "sorting", To: "urban", Cases: 1},
	}
	if diff := cmp.Diff(want, d.Matrix); diff != "" {
		t.Errorf("matrix: %s", diff)
	}
	if d.Cases != 7 || d.Changed != 4 || d.Rerouted != 4 || d.NewlyDecided != 1 || d.NewlyUndecided != 1 {
		t.Errorf("sums: %+v", d)
	}
	if d.Undecided.Before != 4 || d.Undecided.After != 4 || d.Conflicts != (simulate.BeforeAfter{Before: 1, After: 1}) {
		t.Errorf("undecided %+v, conflicts %+v", d.Undecided, d.Conflicts)
	}
	clocks := []simulate.ClockMove{{Kind: "close", From: "5wd", To: "24h", Cases: 2}, {Kind: "contact", To: "30m", Cases: 2}}
	if diff := cmp.Diff(clocks, d.Deadlines); diff != "" || d.DeadlinesShorter != 2 || d.DeadlinesLonger != 0 {
		t.Errorf("deadlines: %s", diff)
	}
	if diff := cmp.Diff([]simulate.Move{{From: "normal", To: "urgent", Cases: 2}}, d.Urgencies); diff != "" {
		t.Errorf("urgencies: %s", diff)
	}
	if !slices.Contains(d.Load, simulate.Load{Department: "heating", Before: 0, After: 2, Change: 2}) {
		t.Errorf("load: %+v", d.Load)
	}
	if len(d.Samples) != 4 || d.Samples[0].ID != "1" || d.Samples[0].Text != "某天了" ||
		!strings.Contains(strings.Join(d.Samples[0].Changes, " "), "去向 住建→供热") ||
		!strings.Contains(d.Samples[0].After.Why, "暖气") {
		t.Errorf("samples: %+v", d.Samples)
	}
	if len(d.Ngrams) == 0 || d.Ngrams[0].Text != "充电桩" || d.Ngrams[0].Cases != 2 {
		t.Errorf("n-grams: %+v", d.Ngrams)
	}
}

func TestDiffOfTheSameIsEmpty(t *testing.T) {
	set := load(t, before)
	d, err := simulate.Compare(t.Context(), set, set, history(t), simulate.Options{})
	if err != nil || d.Changed != 0 || len(d.Matrix) != 0 || len(d.Deadlines) != 0 || len(d.Samples) != 0 {
		t.Errorf("%+v, %v", d, err)
	}
	var b bytes.Buffer
	if err := d.WriteText(&b); err != nil || !strings.Contains(b.String(), "完全一样") {
		t.Errorf("%s, %v", &b, err)
	}
}

func TestRunSaysWhatWouldHappen(t *testing.T) {
	r, err := simulate.Run(t.Context(), load(t, after), history(t), simulate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Cases != 7 || r.Decided != 3 || r.Undecided != 4 || r.Conflicts != 1 || r.Known != 2 || r.Same != 1 {
		t.Errorf("sums: %+v", r)
	}
	if diff := cmp.Diff([]simulate.Move{{From: "urban", To: "sorting", Cases: 1}}, r.Matrix); diff != "" {
		t.Errorf("matrix: %s", diff)
	}
	if len(r.Samples) != 4 || r.Samples[0].ID != "4" || !strings.Contains(r.Samples[0].After.Why, "一样优先") {
		t.Errorf("samples: %+v", r.Samples)
	}
	if r.From.Day() != 1 || !slices.Contains(r.Deadlines, simulate.Clock{Kind: "close", Budget: "24h", Cases: 2}) {
		t.Errorf("from %v, deadlines %+v", r.From, r.Deadlines)
	}
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil || !strings.Contains(b.String(), "转分拨岗 4 件，其中冲突 1 件") {
		t.Errorf("%s, %v", &b, err)
	}
}

func TestNobodyIsSimulatedWithoutCases(t *testing.T) {
	r, err := simulate.Run(t.Context(), load(t, after), nil, simulate.Options{})
	var b bytes.Buffer
	if err != nil || r.WriteText(&b) != nil || !strings.Contains(b.String(), "没有事项") {
		t.Errorf("%s, %v", &b, err)
	}
}

func TestSimulationsEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	set := load(t, before)
	if _, err := simulate.Run(ctx, set, history(t), simulate.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("run: %v", err)
	}
	if _, err := simulate.Compare(ctx, set, set, history(t), simulate.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("compare: %v", err)
	}
}

func TestABadLineIsNamed(t *testing.T) {
	for _, bad := range []string{`{"id":`, `{"id":"1","time":"yesterday"}`, `[]`} {
		_, err := simulate.Read(strings.NewReader("{}\n" + bad))
		e, ok := errors.AsType[*hub.Error](err)
		if !ok || e.Key != "rules.history_line" || e.Args[0] != 2 {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// The report does not depend on who judged which case.
func TestReportsAreTheSameEveryTime(t *testing.T) {
	a, b := generated(t, 60, 0), generated(t, 60, 6)
	cases := messages(500)
	var first []byte
	for range 3 {
		d, err := simulate.Compare(t.Context(), a, b, cases, simulate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		d.TookMS = 0
		got, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if !bytes.Equal(first, got) {
			t.Fatal("two reports on the same history differ")
		}
	}
}

// Real messages, when they lie beside the checkout.
func TestRealHistory(t *testing.T) {
	f, err := os.Open("../../../shared/data/replied.jsonl")
	if err != nil {
		t.Skipf("history is not beside the checkout: %v", err)
	}
	defer f.Close()
	cases, err := simulate.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.Load(os.DirFS("../../configs/baiyin/rules"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := simulate.Run(t.Context(), set, cases, simulate.Options{})
	if err != nil || r.Cases != 1784 || r.Decided == 0 || r.From.Year() < 2000 {
		t.Fatalf("%+v, %v", r, err)
	}
	t.Logf("%d cases, %d decided, %d conflicts, words that the rules lack: %v", r.Cases, r.Decided, r.Conflicts, r.Ngrams)
}

// generated makes a rule set of n rules, the first changed of which go to
// another department than in the set with changed 0.
func generated(t testing.TB, n, changed int) *rules.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(n)))
	depts := []string{"heating", "housing", "labor", "urban", "water", "power", "police", "education"}
	var b strings.Builder
	b.WriteString("规则:\n")
	for i := range n {
		w := func() string { return vocabulary(r.IntN(4000)) }
		d := r.IntN(len(depts))
		if i < changed {
			d = (d + 1) % len(depts)
		}
		when := []string{
			fmt.Sprintf("含任一(%q, %q, %q) 且 含任一(%q, %q)", w(), w(), w(), w(), w()),
			fmt.Sprintf("近(%q, %q, 20) 或 标题含(%q)", w(), w(), w()),
			fmt.Sprintf("含至少(2, %q, %q, %q, %q) 且 不含(%q)", w(), w(), w(), w(), w()),
			fmt.Sprintf("含任一(%q, %q) 且 渠道 属于 [\"qr\", \"hotline\"]", w(), w()),
		}[i%4]
		fmt.Fprintf(&b, "  - {编号: R%04d, 当: '%s', 则: {主办: %s}, 优先: %d}\n", i, when, depts[d], r.IntN(50))
	}
	return load(t, b.String())
}

// vocabulary is the i-th of 4,000 words of two to four characters.
func vocabulary(i int) string {
	r := rand.New(rand.NewPCG(7, uint64(i)))
	word := make([]rune, 2+r.IntN(3))
	for j := range word {
		word[j] = rune(0x4e00 + r.IntN(1500))
	}
	return string(word)
}

// messages makes n cases of about 300 characters with words of the vocabulary.
func messages(n int) []simulate.Case {
	r := rand.New(rand.NewPCG(2, uint64(n)))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	out := make([]simulate.Case, n)
	for i := range out {
		var b strings.Builder
		for length := 0; length < 300; length += 4 {
			if r.IntN(4) == 0 {
				b.WriteString(vocabulary(r.IntN(4000)))
				continue
			}
			for range 4 {
				b.WriteRune(rune(0x4e00 + r.IntN(3000)))
			}
		}
		c := &out[i]
		c.Case, c.Channel = hub.CaseID(fmt.Sprint("C", i)), []hub.ChannelCode{"qr", "hotline", "netizen"}[r.IntN(3)]
		c.Title, c.Text, c.SubmittedAt = vocabulary(r.IntN(4000)), b.String(), start.Add(time.Duration(i)*time.Minute)
	}
	return out
}

// BenchmarkDiff is the bar: two versions of 1,000 rules over 24,000 cases in
// at most 2 s. The baseline is one version over the same cases on one core.
func BenchmarkDiff(b *testing.B) {
	old, changed := generated(b, 1000, 0), generated(b, 1000, 20)
	cases := messages(24000)
	b.Run("one-version-one-core", func(b *testing.B) {
		for b.Loop() {
			for i := range cases {
				old.Decide(&cases[i].Submission)
			}
		}
	})
	b.Run("diff-1000-rules-24000-cases", func(b *testing.B) {
		for b.Loop() {
			d, err := simulate.Compare(b.Context(), old, changed, cases, simulate.Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(d.TookMS)/1000, "s/diff")
			b.ReportMetric(float64(d.Changed), "changed")
			b.ReportMetric(float64(d.Cases-d.Undecided.After), "decided")
		}
	})
}
