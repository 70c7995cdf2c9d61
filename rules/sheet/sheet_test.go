package sheet_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/xuri/excelize/v2"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/sheet"
)

func export(t *testing.T, fsys fs.FS) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := sheet.Export(fsys, &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func imported(t *testing.T, book []byte) fstest.MapFS {
	t.Helper()
	files, err := sheet.Import(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{}
	for name, data := range files {
		out[name] = &fstest.MapFile{Data: data}
	}
	return out
}

// edit changes a workbook as a clerk would.
func edit(t *testing.T, book []byte, change func(f *excelize.File) error) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	if err := change(f); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := f.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTheDemoCityComesBackByteForByte(t *testing.T) {
	folder := os.DirFS("../../configs/baiyin/rules")
	got := imported(t, export(t, folder))
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.yaml") {
			return err
		}
		want, err := fs.ReadFile(folder, name)
		if err == nil && got[name] == nil {
			t.Errorf("%s is missing", name)
		} else if err == nil && !bytes.Equal(got[name].Data, want) {
			t.Errorf("%s differs", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := rules.Load(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := rules.Load(got, nil)
	if err != nil || a.Hash() != b.Hash() {
		t.Errorf("hash %s became %v (%v)", a.Hash(), b, err)
	}
}

const small = `# 供暖的规则
版本: 1
负责人: 热力科
词库:
  供热词: [暖气, 供暖] # 常用
  不热词:
    版本: 2
    词: [不热, 冰凉]
规则:
  # 最常见的
  - 编号: 甲
    当: 含任一(供热词) 且 含任一(不热词)
    则: {主办: heating, 协办: [housing, urban], 标签: ["a、b"]}
    时限: {办结: 24小时}
    优先: 100
    例:
      - 中: {标题: 暖气冰凉}
      - 不中: {标题: =1+1, 正文: "'带引号"}

  # 第二条
  - 编号: 乙
    名称: 收费
    当: 标题含("供暖费")
    则: {主办: heating}
默认: {类别: 其他}
`

// Without the files as they were, the sheets alone say everything.
func TestTheSheetsAloneSayEverything(t *testing.T) {
	for name, folder := range map[string]fs.FS{
		"small": fstest.MapFS{"供暖.yaml": {Data: []byte(small)}}, "baiyin": os.DirFS("../../configs/baiyin/rules"),
	} {
		book := edit(t, export(t, folder), func(f *excelize.File) error {
			rows, err := f.GetRows("_源文件")
			for n := len(rows); n > 1 && err == nil; n-- {
				err = f.RemoveRow("_源文件", n)
			}
			return err
		})
		a, err := rules.Load(folder, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := imported(t, book)
		b, err := rules.Load(got, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if a.Hash() != b.Hash() || len(a.Examples()) != len(b.Examples()) {
			t.Errorf("%s: hash %s became %s, %d examples became %d", name, a.Hash(), b.Hash(), len(a.Examples()), len(b.Examples()))
		}
	}
}

func TestOnlyWhatAClerkChangedIsWrittenAnew(t *testing.T) {
	folder := fstest.MapFS{"供暖.yaml": {Data: []byte(small)}}
	book := edit(t, export(t, folder), func(f *excelize.File) error {
		return errors.Join(
			f.SetCellStr("供暖", "B3", "供暖收费"), // the name of 乙
			f.SetCellStr("供暖", "A4", "丙"),    // a new rule
			f.SetCellStr("供暖", "C4", `含任一("锅炉")`),
			f.SetCellStr("供暖", "E4", "heating"),
			f.SetCellStr("例", "A4", "供暖.yaml"),
			f.SetCellStr("例", "B4", "丙"),
			f.SetCellStr("例", "C4", "中"),
			f.SetCellStr("例", "D4", "锅炉坏了"),
		)
	})
	got := string(imported(t, book)["供暖.yaml"].Data)
	for _, want := range []string{"# 供暖的规则", "供热词: [暖气, 供暖] # 常用", "# 最常见的\n  - 编号: 甲\n", "  # 第二条\n", "名称: 供暖收费", "编号: 丙", "标题: 锅炉坏了", "默认: {类别: 其他}"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	set, err := rules.Load(fstest.MapFS{"供暖.yaml": {Data: []byte(got)}}, nil)
	if err != nil || set.Len() != 3 {
		t.Errorf("%v in\n%s", err, got)
	}
}

func TestNothingIsCalculated(t *testing.T) {
	book := export(t, fstest.MapFS{"供暖.yaml": {Data: []byte(small)}})
	f, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := f.GetCellValue("例", "D3"); v != "'=1+1" {
		t.Errorf("a text like a formula is written %q", v)
	}
	bad := edit(t, book, func(f *excelize.File) error { return f.SetCellFormula("供暖", "C2", `=HYPERLINK("http://x")`) })
	_, err = sheet.Import(bytes.NewReader(bad))
	if e, ok := errors.AsType[*hub.Error](err); !ok || e.Key != "sheet.formula" || e.Args[1] != "C2" {
		t.Errorf("a formula is let in: %v", err)
	}
}

func TestStrangeWorkbooksAreRefused(t *testing.T) {
	book := export(t, fstest.MapFS{"供暖.yaml": {Data: []byte(small)}})
	for want, b := range map[string][]byte{
		"sheet.workbook":   []byte("not a workbook"),
		"sheet.missing":    edit(t, book, func(f *excelize.File) error { return f.DeleteSheet("例") }),
		"sheet.file":       edit(t, book, func(f *excelize.File) error { return f.SetCellStr("文件", "A2", "../../etc/x.yaml") }),
		"sheet.no_heading": edit(t, book, func(f *excelize.File) error { return f.SetCellStr("供暖", "Z2", "x") }),
	} {
		_, err := sheet.Import(bytes.NewReader(b))
		if e, ok := errors.AsType[*hub.Error](err); !ok || e.Key != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
