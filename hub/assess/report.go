package assess

import (
	"bytes"
	"fmt"
	"strconv"

	"codeberg.org/go-pdf/fpdf"
	"github.com/xuri/excelize/v2"

	"github.com/mashang-hub/mashang/hub"
)

// A Report (考核月报) is the tables of one period.
type Report struct {
	City     string
	Tables   []Table
	Formulas *Formulas
	// Name says what a value of a dimension is called.
	Name func(Dimension, string) string
}

// Title says what a dimension is called, as the sheets of a report are.
func Title(d Dimension) string {
	return map[Dimension]string{
		ByAll: "全市", ByDepartment: "按部门", ByCounty: "按县区", ByTownship: "按乡镇街道", ByChannel: "按渠道", ByCategory: "按类别",
	}[d]
}

func listName(r Row) string {
	switch {
	case r.List == "red":
		return "红榜"
	case r.List == "black":
		return "黑榜"
	case r.Small:
		return "样本少"
	}
	return ""
}

func period(t Table) string {
	zone := hub.China()
	text := t.Since.In(zone).Format("2006年1月2日") + " 至 " + t.Until.In(zone).AddDate(0, 0, -1).Format("2006年1月2日")
	if i := t.Issue; i != nil {
		text += "　签发第 " + strconv.Itoa(i.Version) + " 版（" + i.At.In(zone).Format("2006年1月2日") + "，" + i.Hash[:min(12, len(i.Hash))] + "）"
	}
	return text
}

// XLSX writes the report as a workbook: a sheet and a chart for each table,
// ratios as formulas over the numbers beside them, and the formulas of the
// measures in words.
func (r Report) XLSX() ([]byte, error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	for i, t := range r.Tables {
		name := Title(t.By)
		if i == 0 {
			if err := f.SetSheetName("Sheet1", name); err != nil {
				return nil, fmt.Errorf("name sheet: %w", err)
			}
		} else if _, err := f.NewSheet(name); err != nil {
			return nil, fmt.Errorf("add sheet %s: %w", name, err)
		}
		if err := r.sheet(f, name, t); err != nil {
			return nil, fmt.Errorf("sheet %s: %w", name, err)
		}
	}
	if err := r.legend(f); err != nil {
		return nil, fmt.Errorf("legend: %w", err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, fmt.Errorf("write workbook: %w", err)
	}
	return b.Bytes(), nil
}

// header is the row of column names; the first data row is two below.
const header = 3

func (r Report) sheet(f *excelize.File, name string, t Table) error {
	percent, err := f.NewStyle(&excelize.Style{NumFmt: 10})
	if err != nil {
		return err
	}
	head := []any{"名称", "事项数"}
	for _, m := range t.Measures {
		head = append(head, m.Name+"分子", m.Name+"分母", m.Name)
	}
	head = append(head, "得分", "名次", "红黑榜")
	if err := f.SetCellStr(name, "A1", r.City+"群众诉求办理考核（"+Title(t.By)+"）　"+period(t)+"　公式版本 "+t.Version); err != nil {
		return err
	}
	if err := f.SetSheetRow(name, "A"+strconv.Itoa(header), &head); err != nil {
		return err
	}
	for i, row := range t.Rows {
		if err := r.line(f, name, header+1+i, t, row, percent); err != nil {
			return err
		}
	}
	if err := f.SetColWidth(name, "A", "A", 24); err != nil || len(t.Rows) == 0 {
		return err
	}
	return chart(f, name, t)
}

func (r Report) line(f *excelize.File, name string, n int, t Table, row Row, percent int) error {
	cells := []any{r.Name(t.By, row.Value), row.Cases}
	for _, m := range t.Measures {
		rate := row.Rates[m.Code]
		cells = append(cells, rate.Numerator, rate.Denominator, nil)
	}
	cells = append(cells, row.Score, row.Rank, listName(row))
	if err := f.SetSheetRow(name, "A"+strconv.Itoa(n), &cells); err != nil {
		return err
	}
	for i := range t.Measures {
		at := 3 + 3*i
		num, err1 := excelize.CoordinatesToCellName(at, n)
		den, err2 := excelize.CoordinatesToCellName(at+1, n)
		ratio, err3 := excelize.CoordinatesToCellName(at+2, n)
		for _, err := range []error{
			err1, err2, err3, f.SetCellFormula(name, ratio, fmt.Sprintf(`IF(%s=0,"",%s/%s)`, den, num, den)),
			f.SetCellStyle(name, ratio, ratio, percent),
		} {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// chart draws the scores beside the table.
func chart(f *excelize.File, name string, t Table) error {
	column, err := excelize.ColumnNumberToName(3 + 3*len(t.Measures))
	if err != nil {
		return err
	}
	first, last := header+1, header+min(len(t.Rows), 20)
	return f.AddChart(name, "B"+strconv.Itoa(header+len(t.Rows)+3), &excelize.Chart{
		Type: excelize.Bar, Title: excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: "得分（前 20 名）"}}},
		Series: []excelize.ChartSeries{{
			Name:       fmt.Sprintf("'%s'!$%s$%d", name, column, header),
			Categories: fmt.Sprintf("'%s'!$A$%d:$A$%d", name, first, last),
			Values:     fmt.Sprintf("'%s'!$%s$%d:$%s$%d", name, column, first, column, last),
		}},
		Dimension: excelize.ChartDimension{Width: 720, Height: 360},
	})
}

func (r Report) legend(f *excelize.File) error {
	const name = "口径"
	if _, err := f.NewSheet(name); err != nil {
		return err
	}
	lines := [][]any{{"指标", "分母", "分子", "方向"}}
	for _, m := range r.Formulas.Measures {
		lines = append(lines, []any{m.Name, m.Of, m.Counts, map[string]string{"high": "越高越好", "low": "越低越好"}[m.Better]})
	}
	lines = append(lines, []any{"得分", r.Formulas.Score}, []any{"版本", r.Formulas.Version + " " + r.Formulas.Hash},
		[]any{"样本少", "分母不足 " + strconv.Itoa(r.Formulas.Small) + " 件"}, []any{"口径", "按收件时间统计"})
	for i, line := range lines {
		if err := f.SetSheetRow(name, "A"+strconv.Itoa(i+1), &line); err != nil {
			return err
		}
	}
	return f.SetColWidth(name, "A", "C", 30)
}

// family is what the font is called inside a PDF.
const family = "report"

// PDF writes the report as A4 pages, black on white; ttf is a TrueType font
// with Chinese characters.
func (r Report) PDF(ttf []byte) ([]byte, error) {
	p := fpdf.New("L", "mm", "A4", "")
	p.SetTitle(r.City+"群众诉求办理考核月报", true)
	p.SetCreator("mashang", true)
	p.AddUTF8FontFromBytes(family, "", ttf)
	p.SetFooterFunc(func() {
		p.SetY(-12)
		p.SetFont(family, "", 8)
		p.CellFormat(0, 6, fmt.Sprintf("公式版本 %s（%s）　第 %d 页", r.Formulas.Version, r.Formulas.Hash, p.PageNo()), "", 0, "C", false, 0, "")
	})
	for _, t := range r.Tables {
		r.page(p, t)
	}
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return b.Bytes(), nil
}

func (r Report) page(p *fpdf.Fpdf, t Table) {
	p.AddPage()
	p.SetFont(family, "", 15)
	p.CellFormat(0, 9, r.City+"群众诉求办理考核（"+Title(t.By)+"）", "", 1, "C", false, 0, "")
	p.SetFont(family, "", 9)
	p.CellFormat(0, 6, period(t), "", 1, "C", false, 0, "")
	p.Ln(2)
	width := 180.0 / float64(max(len(t.Measures), 1))
	head := func() {
		p.SetFillColor(235, 235, 235)
		p.CellFormat(44, 8, "名称", "1", 0, "C", true, 0, "")
		p.CellFormat(14, 8, "事项", "1", 0, "C", true, 0, "")
		for _, m := range t.Measures {
			p.CellFormat(width, 8, m.Name, "1", 0, "C", true, 0, "")
		}
		p.CellFormat(14, 8, "得分", "1", 0, "C", true, 0, "")
		p.CellFormat(20, 8, "红黑榜", "1", 1, "C", true, 0, "")
	}
	head()
	for _, row := range t.Rows {
		if p.GetY() > 185 {
			p.AddPage()
			p.SetFont(family, "", 9)
			head()
		}
		p.CellFormat(44, 8, fit(p, fmt.Sprintf("%d. %s", row.Rank, r.Name(t.By, row.Value)), 42), "1", 0, "L", false, 0, "")
		p.CellFormat(14, 8, strconv.Itoa(row.Cases), "1", 0, "R", false, 0, "")
		for _, m := range t.Measures {
			p.CellFormat(width, 8, rateText(row.Rates[m.Code]), "1", 0, "R", false, 0, "")
		}
		p.CellFormat(14, 8, strconv.FormatFloat(row.Score, 'f', 1, 64), "1", 0, "R", false, 0, "")
		p.CellFormat(20, 8, listName(row), "1", 1, "C", false, 0, "")
	}
	if len(t.Rows) == 0 {
		p.CellFormat(0, 10, "这段时间没有事项。", "", 1, "C", false, 0, "")
	}
}

// rateText says a rate with its numbers; small ones carry a star.
func rateText(r Rate) string {
	if r.Denominator == 0 {
		return "—"
	}
	star := ""
	if r.Small {
		star = "*"
	}
	return fmt.Sprintf("%.1f%%%s %d/%d", r.Value*100, star, r.Numerator, r.Denominator)
}

// fit cuts a text to a width.
func fit(p *fpdf.Fpdf, s string, width float64) string {
	for r := []rune(s); len(r) > 1; r = r[:len(r)-1] {
		if p.GetStringWidth(string(r)) <= width {
			return string(r)
		}
	}
	return s
}
