package learn_test

import (
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/learn"
)

// TestTheOverlayIsAFileSystem holds it to what fs.FS promises, with the file
// replaced and its neighbour as it was.
func TestTheOverlayIsAFileSystem(t *testing.T) {
	fsys := fstest.MapFS{
		"规则.yaml": {Data: []byte("版本: 1\n负责人: 张三\n" + base + scored)},
		"说明.txt":  {Data: []byte("不是规则")},
	}
	table, err := learn.ReadTable(fsys, "类别")
	if err != nil {
		t.Fatal(err)
	}
	over, err := table.Fit(nil, nil, learn.Gently()).Overlay(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(over, "规则.yaml", "说明.txt"); err != nil {
		t.Error(err)
	}
	if data, err := fs.ReadFile(over, "说明.txt"); err != nil || string(data) != "不是规则" {
		t.Errorf("neighbour %q, %v", data, err)
	}
	if _, err := over.Open("没有.yaml"); err == nil {
		t.Error("opened a file that is not there")
	}
}

// TestFitWithoutCasesChangesNoDecision writes a random table, reads it, writes
// it again and asks both sets the same.
func TestFitWithoutCasesChangesNoDecision(t *testing.T) {
	words := []string{"路灯", "学校", "医院", "道路", "景区"}
	labels := []string{"城乡建设", "教育文体", "卫生计生"}
	rapid.Check(t, func(t *rapid.T) {
		text := "打分:\n  - 编号: 分类词\n    目标: 类别\n    标题倍数: 3\n    词:\n"
		for _, l := range labels {
			text += "      " + l + ":\n"
			used := map[string]bool{}
			for i := range rapid.IntRange(1, 4).Draw(t, "weights") {
				w := rapid.SampledFrom(words).Draw(t, "word")
				if used[w] {
					continue
				}
				used[w] = true
				text += fmt.Sprintf("        %d: [%s]\n", 1+i*3, w)
			}
		}
		fsys := folder(text)
		table, err := learn.ReadTable(fsys, "类别")
		if err != nil {
			t.Fatal(err)
		}
		over, err := table.Fit(nil, nil, learn.Gently()).Overlay(fsys)
		if err != nil {
			t.Fatal(err)
		}
		a, err := rules.Load(fsys, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := rules.Load(over, nil)
		if err != nil {
			t.Fatal(err)
		}
		title := rapid.SampledFrom(words).Draw(t, "title") + rapid.SampledFrom(words).Draw(t, "title2")
		if x, y := a.Decide(said("1", title).Submission).Class.Category, b.Decide(said("1", title).Submission).Class.Category; x != y {
			t.Fatalf("%s was %s and is %s\n%s", title, x, y, text)
		}
	})
}

func TestFitIsDeterministicAndPassesOverUnknownLabels(t *testing.T) {
	fsys := folder(base + scored)
	table, err := learn.ReadTable(fsys, "类别")
	if err != nil {
		t.Fatal(err)
	}
	var cases []*hub.Submission
	var labels []string
	for i, title := range []string{"道路", "学校", "路灯", "道路学校", "没有词的事"} {
		cases = append(cases, said(fmt.Sprint(i), title).Submission)
		labels = append(labels, []string{"城乡建设", "教育文体", "没有这一类"}[i%3])
	}
	read := func() string {
		over, err := table.Fit(cases, labels, learn.Gently()).Overlay(fsys)
		if err != nil {
			t.Fatal(err)
		}
		data, err := fs.ReadFile(over, "规则.yaml")
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	first := read()
	for range 3 {
		if again := read(); again != first {
			t.Fatalf("%s\nthen\n%s", first, again)
		}
	}
}

func TestAFolderThatIsNotYAMLIsNamed(t *testing.T) {
	for _, text := range []string{"打分: [", "打分: 3"} {
		if _, err := learn.ReadTable(fstest.MapFS{"坏.yaml": {Data: []byte(text)}}, "类别"); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// TestTheIntervalHoldsTheShare checks Wilson's interval for every small case.
func TestTheIntervalHoldsTheShare(t *testing.T) {
	for n := 1; n <= 60; n++ {
		last := -1.0
		for right := range n + 1 {
			var list []learn.Outcome
			for i := range n {
				o := learn.Outcome{Rule: "甲", Lead: "urban", Final: "urban"}
				if i >= right {
					o.SentBack = true
				}
				list = append(list, o)
			}
			s := learn.Score(list, nil)[0]
			if s.Low < 0 || s.High > 1 || s.Low > s.Precision+1e-9 || s.High < s.Precision-1e-9 || s.Low <= last && right > 0 {
				t.Fatalf("%d of %d: %+v", right, n, s)
			}
			if s.Small != (n < learn.Few) || s.Small != (s.Verdict == learn.TooFew) {
				t.Fatalf("%d cases: small %v, verdict %s", n, s.Small, s.Verdict)
			}
			last = s.Low
		}
	}
}
