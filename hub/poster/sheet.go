package poster

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"codeberg.org/go-pdf/fpdf"

	"github.com/mashang-hub/mashang/hub"
)

// A Layout (版式) is a way to fill an A4 page.
type Layout string

// The layouts.
const (
	LayoutPoster Layout = "poster" // one code a page, to be read from across a yard
	LayoutLabel  Layout = "label"  // six to a page, with lines to cut along
)

// Known reports whether l is one of the layouts.
func (l Layout) Known() bool { return l == LayoutPoster || l == LayoutLabel }

// A Sheet is one file for the printer: the codes of one community.
type Sheet struct {
	Layout Layout
	City   string // such as 白银市
	// Address names the community from the county down: 白银区 水川镇 大川渡村.
	Address string
	// BaseURL is the address that citizens reach, such as https://ms.example.cn.
	// It is printed in clear, so that a poster pasted over ours is noticed.
	BaseURL string
	Items   []Item
}

// An Item is a code with its token.
type Item struct {
	Code
	Token string
}

// A Printer draws sheets. It is safe for concurrent use.
type Printer struct{ face *face }

// NewPrinter uses ttf, a TrueType font with outlines of its own (not CFF), or
// the built-in Noto Sans SC with all characters of GB 2312 and of the names of
// the country's divisions when ttf is empty.
func NewPrinter(ttf []byte) (*Printer, error) {
	f, err := newFace(ttf)
	if err != nil {
		return nil, err
	}
	return &Printer{f}, nil
}

// Print writes s as a PDF with vector codes. A text with a character that the
// font lacks is refused, with the characters in the error: a poster never
// shows an empty box.
func (p *Printer) Print(w io.Writer, s Sheet) error {
	if !s.Layout.Known() {
		return hub.Errorf(hub.CodeInvalid, "poster.layout", string(s.Layout))
	}
	if err := p.face.covers(texts(s)...); err != nil {
		return err
	}
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetTitle(s.Address, true)
	pdf.SetCreator("mashang", true)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetMargins(0, 0, 0)
	pdf.AddUTF8FontFromBytes(family, "", p.face.ttf)
	d := drawing{pdf, s}
	for i, item := range s.Items {
		if err := d.item(i, item); err != nil {
			return err
		}
	}
	if err := pdf.Output(w); err != nil {
		return fmt.Errorf("write the sheet of %s: %w", s.Address, err)
	}
	return nil
}

// The words on every sheet.
const (
	slogan = "码上反映 马上办理"
	invite = "微信扫一扫，说说您身边的事"
	ease   = "无需下载 · 无需注册"
	phone  = "也可拨打 12345"
)

func texts(s Sheet) []string {
	all := []string{s.City, s.Address, s.BaseURL, slogan, invite, ease, phone}
	for _, i := range s.Items {
		all = append(all, i.Label)
	}
	return all
}

type drawing struct {
	*fpdf.Fpdf
	s Sheet
}

func (d drawing) item(i int, item Item) error {
	if d.s.Layout == LayoutPoster {
		d.AddPage()
		return d.poster(item)
	}
	const across, down = 2, 3
	slot := i % (across * down)
	if slot == 0 {
		d.AddPage()
		d.cutLines(across, down)
	}
	x, y := float64(slot%across)*pageWidth/across, float64(slot/across)*pageHeight/down
	return d.label(item, x, y)
}

// A4, in millimetres.
const (
	pageWidth  = 210.0
	pageHeight = 297.0
)

// poster fills a page. Large print follows the rules for the elderly: text of
// 24 pt and more, the code far wider than 58 mm, black on white.
func (d drawing) poster(item Item) error {
	const margin, side = 15.0, 112.0
	d.SetFillColor(0, 0, 0)
	d.Rect(0, 0, pageWidth, 34, "F")
	d.SetTextColor(255, 255, 255)
	d.line(slogan, 0, 8, pageWidth, 46)
	d.SetTextColor(0, 0, 0)
	y := d.wrap(d.s.Address, margin, 42, pageWidth-2*margin, 24, 2)
	y = d.wrap(item.Label, margin, y, pageWidth-2*margin, 34, 2)
	y = max(y+2, 84)
	if err := d.code(item, (pageWidth-side)/2, y, side); err != nil {
		return err
	}
	y += side
	d.line("编号 "+Group(item.Token), 0, y, pageWidth, 24)
	d.line(invite, 0, y+18, pageWidth, 34)
	d.line(ease, 0, y+37, pageWidth, 28)
	d.line(phone, 0, y+52, pageWidth, 28)
	d.line(cmp.Or(d.s.City, "")+"  网址 "+host(d.s.BaseURL), 0, pageHeight-16, pageWidth, 16)
	return nil
}

// label fills a sixth of a page; the code is 53 mm wide without its quiet zone.
func (d drawing) label(item Item, x, y float64) error {
	const width, margin, side = pageWidth / 2, 6.0, 64.0
	d.SetTextColor(0, 0, 0)
	d.line(slogan, x, y+3, width, 18)
	if err := d.code(item, x+(width-side)/2, y+10, side); err != nil {
		return err
	}
	d.line(Group(item.Token), x, y+73, width, 12)
	bottom := d.wrap(item.Label, x+margin, y+78.5, width-2*margin, 14, 1)
	bottom = d.wrap(d.s.Address, x+margin, bottom, width-2*margin, 10, 1)
	d.line("扫码反映 · 12345 · "+host(d.s.BaseURL), x, bottom, width, 10)
	return nil
}

func (d drawing) cutLines(across, down int) {
	d.SetDrawColor(170, 170, 170)
	d.SetLineWidth(0.1)
	for i := 1; i < across; i++ {
		x := float64(i) * pageWidth / float64(across)
		d.Line(x, 0, x, pageHeight)
	}
	for i := 1; i < down; i++ {
		y := float64(i) * pageHeight / float64(down)
		d.Line(0, y, pageWidth, y)
	}
}

// leading is the height of a line of 1 pt, in millimetres.
const leading = 0.47

// line writes one line in the middle of [x, x+width], smaller if it is long.
func (d drawing) line(text string, x, y, width, points float64) {
	d.fit(text, width-4, points)
	_, size := d.GetFontSize()
	d.SetXY(x, y)
	d.CellFormat(width, size*1.25, text, "", 0, "CM", false, 0, "")
}

// wrap writes text in at most lines lines in the middle and returns where the
// next text may start. What does not fit is made smaller, never cut.
func (d drawing) wrap(text string, x, y, width, points float64, lines int) float64 {
	d.SetFont(family, "", points)
	rows := d.split(text, width)
	for len(rows) > lines && points > 6 {
		points--
		d.SetFont(family, "", points)
		rows = d.split(text, width)
	}
	for _, row := range rows {
		d.SetXY(x, y)
		d.CellFormat(width, points*leading, row, "", 0, "CM", false, 0, "")
		y += points * leading
	}
	return y
}

// split breaks text into rows of about the same length: Chinese may break
// between any two characters.
func (d drawing) split(text string, width float64) []string {
	total := d.GetStringWidth(text)
	if total <= width {
		return []string{text}
	}
	n := int(total/width) + 1
	goal := total / float64(n) * 1.02
	var rows []string
	var row strings.Builder
	for _, r := range text {
		if row.Len() > 0 && d.GetStringWidth(row.String()+string(r)) > min(goal+1, width) {
			rows = append(rows, strings.TrimSpace(row.String()))
			row.Reset()
		}
		row.WriteRune(r)
	}
	return append(rows, strings.TrimSpace(row.String()))
}

func (d drawing) fit(text string, width, points float64) {
	d.SetFont(family, "", points)
	for d.GetStringWidth(text) > width && points > 6 {
		points--
		d.SetFont(family, "", points)
	}
}

func host(base string) string {
	_, rest, found := strings.Cut(base, "://")
	if !found {
		return base
	}
	return rest
}
