package assess

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
)

// A Record (办结记录) is a closed case as an export knows it.
type Record struct {
	Case    hub.Case
	Content hub.Content
	Reply   string
}

// A Column (导出列) is a column of an export.
type Column struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	Personal bool   `json:"personal,omitempty"` // masked unless it was asked for
	value    func(Record, Words) string
}

// Words name codes in Chinese.
type Words struct {
	Department func(hub.DepartmentCode) string
	Channel    func(hub.ChannelCode) string
	Place      func(hub.PlaceCode) string
	Word       func(area, code string) string
}

// Columns lists the columns that an export may have.
func Columns() []Column {
	return []Column{
		{"id", "事项编号", false, func(r Record, _ Words) string { return string(r.Case.ID) }},
		{"title", "标题", false, func(r Record, _ Words) string { return r.Content.Title }},
		{"text", "内容", false, func(r Record, _ Words) string { return r.Content.Text }},
		{"status", "状态", false, func(r Record, w Words) string { return w.Word("status", string(r.Case.Status)) }},
		{"channel", "渠道", false, func(r Record, w Words) string { return w.Channel(r.Case.Channel) }},
		{"department", "牵头部门", false, func(r Record, w Words) string { return w.Department(r.Case.Lead()) }},
		{"place", "地点", false, func(r Record, w Words) string { return w.Place(r.Case.Place) }},
		{"category", "类别", false, func(r Record, _ Words) string { return r.Case.Class.Category }},
		{"kind", "类型", false, func(r Record, w Words) string { return w.Word("kind", string(r.Case.Class.Kind)) }},
		{"urgency", "紧急程度", false, func(r Record, w Words) string { return w.Word("urgency", string(r.Case.Class.Urgency)) }},
		{"opened_at", "收件时间", false, func(r Record, _ Words) string { return stamp(r.Case.OpenedAt) }},
		{"closed_at", "办结时间", false, func(r Record, _ Words) string { return stamp(r.Case.ClosedAt) }},
		{"hours", "用时（小时）", false, func(r Record, _ Words) string {
			return strconv.FormatFloat(r.Case.ClosedAt.Sub(r.Case.OpenedAt).Hours(), 'f', 1, 64)
		}},
		{"rounds", "办理次数", false, func(r Record, _ Words) string { return strconv.Itoa(r.Case.Round) }},
		{"rating", "评价", false, func(r Record, _ Words) string { return strconv.Itoa(r.Case.Rating) }},
		{"reply", "答复", false, func(r Record, _ Words) string { return r.Reply }},
		{"name", "反映人", true, func(r Record, _ Words) string { return r.Content.Reporter.Name }},
		{"phone", "电话", true, func(r Record, _ Words) string { return r.Content.Reporter.Phone }},
		{"address", "地址", true, func(r Record, _ Words) string { return r.Content.PlaceText }},
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(hub.China()).Format("2006-01-02 15:04")
}

// Pick returns the columns of these codes, all that are not personal for none.
func Pick(codes []string) ([]Column, error) {
	all := Columns()
	if len(codes) == 0 {
		return slices.DeleteFunc(all, func(c Column) bool { return c.Personal }), nil
	}
	var out []Column
	for _, code := range codes {
		i := slices.IndexFunc(all, func(c Column) bool { return c.Code == code })
		if i < 0 {
			return nil, hub.Errorf(hub.CodeInvalid, "export.column", code)
		}
		out = append(out, all[i])
	}
	return out, nil
}

// rows writes records as cells; without open all personal data is masked, also
// inside the words.
func rows(records []Record, columns []Column, w Words, open bool) [][]string {
	out := make([][]string, 0, len(records)+1)
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = c.Name
	}
	out = append(out, head)
	for _, r := range records {
		if !open {
			reply := mask.Said(r.Reply, r.Content)
			r.Content, r.Reply = mask.Content(r.Content), reply
			r.Content.PlaceText = mask.Doors(r.Content.PlaceText)
		}
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = c.value(r, w)
		}
		out = append(out, cells)
	}
	return out
}

// harmless keeps a spreadsheet from taking a cell for a formula: what begins
// like one gets an apostrophe, as OWASP advises.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) || strings.HasPrefix(s, "＝") || strings.HasPrefix(s, "＋") || strings.HasPrefix(s, "－") || strings.HasPrefix(s, "＠") {
		return "'" + s
	}
	return s
}

// CSV writes an export as UTF-8 with a byte order mark, which spreadsheets
// want.
func CSV(records []Record, columns []Column, w Words, open bool) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\uFEFF")
	out := csv.NewWriter(&b)
	for _, cells := range rows(records, columns, w, open) {
		for i := range cells {
			cells[i] = harmless(cells[i])
		}
		if err := out.Write(cells); err != nil {
			return nil, fmt.Errorf("write CSV: %w", err)
		}
	}
	out.Flush()
	return b.Bytes(), out.Error()
}

// Workbook writes an export as .xlsx; every cell is text.
func Workbook(records []Record, columns []Column, w Words, open bool) ([]byte, error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	sheet := "办结事项"
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		return nil, fmt.Errorf("name sheet: %w", err)
	}
	stream, err := f.NewStreamWriter(sheet)
	if err != nil {
		return nil, fmt.Errorf("open sheet: %w", err)
	}
	for n, cells := range rows(records, columns, w, open) {
		row := make([]any, len(cells))
		for i, c := range cells {
			row[i] = excelize.Cell{Value: harmless(c)}
		}
		if err := stream.SetRow("A"+strconv.Itoa(n+1), row); err != nil {
			return nil, fmt.Errorf("write row %d: %w", n, err)
		}
	}
	if err := stream.Flush(); err != nil {
		return nil, fmt.Errorf("write sheet: %w", err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, fmt.Errorf("write workbook: %w", err)
	}
	return b.Bytes(), nil
}
