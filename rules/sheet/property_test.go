package sheet_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/sheet"
)

// phrase draws a text of the kind that has gone wrong elsewhere: what looks
// like numbers, dates, formulas, YAML or lists.
func phrase() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{
			"暖气", "=1+1", "'引号", "-5", "+86", "@某人", "1e3", "007", "2026-12-01", "2026-12-01 09:00", "true", "null", "~",
			"a、b", "甲,乙", "键: 值", "# 不是注释", "[方括号]", "{花括号}", "|", ">", "100%", "a\"b", `c\d`, "12345", "0x10", "1_000",
			"两 个 空 格", "🙂", "\t制表", "*星", "&锚", "!标签", "?问", "：全角", "’", "- 减号开头",
		}),
		rapid.StringMatching(`[一-龥a-zA-Z0-9]{1,12}`),
	)
}

func drawFile(t *rapid.T) string {
	var m yaml.MapSlice
	put := func(key string, v any) { m = append(m, yaml.MapItem{Key: key, Value: v}) }
	put("版本", rapid.IntRange(1, 99).Draw(t, "version"))
	put("负责人", phrase().Draw(t, "owner"))
	var lists yaml.MapSlice
	for i := range rapid.IntRange(1, 3).Draw(t, "lists") {
		words := rapid.SliceOfNDistinct(rapid.StringMatching(`[一-龥]{2,5}`), 1, 5, rapid.ID[string]).Draw(t, "words")
		lists = append(lists, yaml.MapItem{Key: fmt.Sprintf("词%c", 'A'+i), Value: words})
	}
	put("词库", lists)
	var list []yaml.MapSlice
	for i := range rapid.IntRange(1, 5).Draw(t, "rules") {
		list = append(list, drawRule(t, i))
	}
	put("规则", list)
	data, err := yaml.MarshalWithOptions(m, yaml.IndentSequence(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func drawRule(t *rapid.T, i int) yaml.MapSlice {
	then := yaml.MapSlice{{Key: "主办", Value: "heating"}}
	if rapid.Bool().Draw(t, "tags") {
		then = append(then, yaml.MapItem{Key: "标签", Value: rapid.SliceOfN(phrase(), 1, 3).Draw(t, "tag")})
	}
	if rapid.Bool().Draw(t, "note") {
		then = append(then, yaml.MapItem{Key: "说明", Value: phrase().Draw(t, "text")})
	}
	r := yaml.MapSlice{
		{Key: "编号", Value: fmt.Sprintf("规则-%d", i)},
		{Key: "名称", Value: phrase().Draw(t, "name")},
		{Key: "当", Value: `含任一(词A) 且 不含("x")`},
		{Key: "则", Value: then},
		{Key: "优先", Value: rapid.IntRange(-5, 500).Draw(t, "priority")},
	}
	var examples []yaml.MapSlice
	for range rapid.IntRange(0, 3).Draw(t, "examples") {
		said := yaml.MapSlice{{Key: "标题", Value: phrase().Draw(t, "title")}, {Key: "正文", Value: phrase().Draw(t, "body")}}
		examples = append(examples, yaml.MapSlice{{Key: rapid.SampledFrom([]string{"中", "不中"}).Draw(t, "hit"), Value: said}})
	}
	if len(examples) > 0 {
		r = append(r, yaml.MapItem{Key: "例", Value: examples})
	}
	return r
}

// Whatever authors write, a workbook brings it back: byte for byte with the
// files as they were in it, and word for word without them.
func TestAnythingComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawFile(t)
		folder := fstest.MapFS{"甲.yaml": {Data: []byte(text)}}
		want, err := rules.Load(folder, nil)
		if err != nil {
			t.Skip("not a rule set") // a word that the language refuses
		}
		var book bytes.Buffer
		if err := sheet.Export(folder, &book); err != nil {
			t.Fatal(err)
		}
		files, err := sheet.Import(bytes.NewReader(book.Bytes()))
		if err != nil || string(files["甲.yaml"]) != text {
			t.Fatalf("%v: %s\nbecame\n%s", err, text, files["甲.yaml"])
		}
		files, err = sheet.Import(bytes.NewReader(withoutSource(t, book.Bytes())))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		got, err := rules.Load(fstest.MapFS{"甲.yaml": {Data: files["甲.yaml"]}}, nil)
		if err != nil || got.Hash() != want.Hash() {
			t.Fatalf("%v: %s\nbecame\n%s", err, text, files["甲.yaml"])
		}
		for i, x := range got.Examples() {
			if y := want.Examples()[i]; x.Submission.Title != y.Submission.Title || x.Submission.Text != y.Submission.Text || x.Hit != y.Hit {
				t.Fatalf("example %q became %q", y.Submission.Title, x.Submission.Title)
			}
		}
	})
}

func withoutSource(t *rapid.T, book []byte) []byte {
	f, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows("_源文件")
	if err != nil {
		t.Fatal(err)
	}
	for n := len(rows); n > 1; n-- {
		if err := f.RemoveRow("_源文件", n); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := f.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const tables = `# 头
版本: 1
负责人: 科
词库:
  长: {版本: 3, 说明: 备注, 词: [甲乙, 丙丁]}
表格:
  - 编号: 时限表
    名称: 谁多快
    列: [渠道, 紧急程度, →办结]
    行:
      - [qr, 紧急, 24小时] # 最急
      - [hotline, "", 5个工作日]
    例:
      - 中: {标题: 甲, 渠道: qr}
`

// Decision tables and lists with a version have sheets of their own.
func TestTablesAndVersionedLists(t *testing.T) {
	folder := fstest.MapFS{"表.yaml": {Data: []byte(tables)}}
	want, err := rules.Load(folder, nil)
	if err != nil {
		t.Skipf("the language has moved on: %v", err)
	}
	book := export(t, folder)
	changed := edit(t, book, func(f *excelize.File) error {
		rows, err := f.GetRows("表·时限表")
		if err != nil {
			return err
		}
		for i, r := range rows {
			if len(r) > 2 && r[0] == "行" && r[1] == "hotline" {
				return f.SetCellStr("表·时限表", fmt.Sprintf("D%d", i+1), "3个工作日")
			}
		}
		return fmt.Errorf("no row for hotline in %v", rows)
	})
	if got := string(imported(t, book)["表.yaml"].Data); got != tables {
		t.Errorf("unchanged:\n%s", got)
	}
	files := imported(t, changed)
	text := string(files["表.yaml"].Data)
	got, err := rules.Load(files, nil)
	if err != nil || got.Hash() == want.Hash() || !strings.Contains(text, "3个工作日") || !strings.Contains(text, "长: {版本: 3") {
		t.Errorf("%v in\n%s", err, text)
	}
}

// TestMain draws fewer cases than usual, because each is two workbooks;
// -rapid.checks says otherwise.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "25"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
