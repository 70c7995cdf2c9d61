package poster_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/poster"
)

// sheet is a community with a name that weak fonts cannot write.
func sheet(layout poster.Layout, n int) poster.Sheet {
	s := poster.NewSigner([]byte("a city's secret"))
	out := poster.Sheet{Layout: layout, City: "白银市", Address: "靖远县 石门乡 大水䃎村", BaseURL: "https://mashang.example.gov.cn"}
	for i := range n {
		number := poster.Number(i + 1)
		out.Items = append(out.Items, poster.Item{
			Code: poster.Code{
				Unit:   poster.Unit{Place: "620421202201", Kind: poster.KindHouseholds, Label: fmt.Sprintf("第%d组 %d至%d户", i+1, 30*i+1, 30*i+30)},
				Number: number, Version: 1,
			},
			Token: s.Token(number, 1),
		})
	}
	return out
}

func printed(t testing.TB, s poster.Sheet) []byte {
	t.Helper()
	p, err := poster.NewPrinter(nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.Print(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tool runs a program of the machine, or skips the test where there is none.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed (apt-get install zbar-tools poppler-utils)", name)
	}
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(out)
}

func TestAPrintedSheetReadsBack(t *testing.T) {
	for layout, dpi := range map[poster.Layout]string{poster.LayoutLabel: "150", poster.LayoutPoster: "72"} {
		t.Run(string(layout), func(t *testing.T) {
			s := sheet(layout, 7)
			dir := t.TempDir()
			file := filepath.Join(dir, "sheet.pdf")
			if err := os.WriteFile(file, printed(t, s), 0o600); err != nil {
				t.Fatal(err)
			}
			tool(t, "pdftoppm", "-r", dpi, "-gray", file, filepath.Join(dir, "page"))
			pages, _ := filepath.Glob(filepath.Join(dir, "page*"))
			args := append([]string{"-q", "--raw", "-Sdisable", "-Sqrcode.enable"}, pages...)
			got := strings.Fields(tool(t, "zbarimg", args...))
			var want []string
			for _, i := range s.Items {
				want = append(want, poster.Address(s.BaseURL, i.Token))
			}
			slices.Sort(got)
			if slices.Sort(want); !slices.Equal(got, want) {
				t.Errorf("scanned %q\nwant %q", got, want)
			}
		})
	}
}

func TestTheTextOfASheetIsText(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sheet.pdf")
	if err := os.WriteFile(file, printed(t, sheet(poster.LayoutPoster, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	text := tool(t, "pdftotext", "-layout", file, "-")
	for _, want := range []string{"大水䃎村", "第1组 1至30户", "12345", "无需下载", "mashang.example.gov.cn", "编号 00001-1-"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestAPosterNeverShowsAnEmptyBox(t *testing.T) {
	p, err := poster.NewPrinter(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := sheet(poster.LayoutLabel, 1)
	s.Items[0].Label = "𠔻家村 ☃ 3号楼"
	err = p.Print(&bytes.Buffer{}, s)
	if hub.CodeOf(err) != hub.CodeInvalid || !strings.Contains(err.Error(), "𠔻☃") {
		t.Errorf("printed it: %v", err)
	}
	if _, err := poster.NewPrinter([]byte("no font")); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("took it as a font: %v", err)
	}
}

func TestEveryNameOfTheCityCanBePrinted(t *testing.T) {
	places, err := os.ReadFile("../../configs/baiyin/places/places.tsv")
	if err != nil {
		t.Fatal(err)
	}
	p, err := poster.NewPrinter(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := sheet(poster.LayoutLabel, 1)
	s.Address = strings.Join(strings.Fields(string(places)), " ")
	s.Items = nil
	if err := p.Print(&bytes.Buffer{}, s); err != nil {
		t.Error(err)
	}
}

// BenchmarkSheets prints the labels of one community of 60 codes; a city of
// 52,000 codes is 867 of them.
func BenchmarkSheets(b *testing.B) {
	p, err := poster.NewPrinter(nil)
	if err != nil {
		b.Fatal(err)
	}
	s := sheet(poster.LayoutLabel, 60)
	for b.Loop() {
		if err := p.Print(&bytes.Buffer{}, s); err != nil {
			b.Fatal(err)
		}
	}
}
