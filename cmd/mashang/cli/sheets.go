package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/poster"
)

// sheetFlags say what is printed and where to.
type sheetFlags struct {
	out, place, layout, base, city, font string
}

// A sheetResult is the answer of "qr sheets".
type sheetResult struct {
	Files int    `json:"files"`
	Codes int    `json:"codes"`
	Out   string `json:"out"`
}

func newQRSheets(s *settings) *cobra.Command {
	var f sheetFlags
	c := &cobra.Command{
		Use: "sheets", Short: "生成可打印的 PDF，一个社区（村）一个文件", Args: cobra.NoArgs,
		Long: "码是矢量图，放大不糊。poster 一页一张，贴在楼门口；label 一页六枚，沿线裁开。\n" +
			"已经生成过的文件不会重做，中断后再运行即接着做；要重做请先删掉那个文件。",
		Example: "  mashang qr sheets --out 印张 --base https://ms.example.gov.cn\n  mashang qr sheets --out 海报 --layout poster --place 620402001",
		RunE: func(cmd *cobra.Command, _ []string) error {
			got, err := s.sheets(cmd.Context(), f)
			if err != nil {
				return err
			}
			return s.print(got, func(w io.Writer) {
				if got.Codes == 0 {
					_, _ = fmt.Fprintln(w, "没有有效的码可印。用 mashang qr issue 点位.csv 发码。")
					return
				}
				_, _ = fmt.Fprintf(w, "%d 个码，新生成 %d 个文件，在 %s。\n", got.Codes, got.Files, got.Out)
			})
		},
	}
	c.Flags().StringVar(&f.out, "out", "印张", "放文件的文件夹")
	c.Flags().StringVar(&f.place, "place", "", "只印这个地点以内的")
	c.Flags().StringVar(&f.layout, "layout", string(poster.LayoutLabel), "版式：label 一页六枚，poster 一页一张")
	c.Flags().StringVar(&f.base, "base", "", "市民打开的网址，如 https://ms.example.gov.cn；不写用 --url")
	c.Flags().StringVar(&f.city, "city", "", "印在海报底部的城市名")
	c.Flags().StringVar(&f.font, "font", "", "换一个 TrueType 字体文件")
	return c
}

// sheets lists the live codes and writes a file for each community, as soon as
// its codes are all there, so that memory does not grow with the city.
func (s *settings) sheets(ctx context.Context, f sheetFlags) (sheetResult, error) {
	var font []byte
	var err error
	if f.font != "" {
		if font, err = os.ReadFile(f.font); err != nil {
			return sheetResult{}, err
		}
	}
	printer, err := poster.NewPrinter(font)
	if err != nil {
		return sheetResult{}, err
	}
	if !poster.Layout(f.layout).Known() {
		return sheetResult{}, &exitError{exitUsage, hub.Errorf(hub.CodeInvalid, "poster.layout", f.layout)}
	}
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return sheetResult{}, err
	}
	byPlace, total, err := s.codes(ctx, f.place)
	if err != nil {
		return sheetResult{}, err
	}
	got := sheetResult{Codes: total, Out: f.out}
	places := make([]hub.PlaceCode, 0, len(byPlace))
	for p := range byPlace {
		places = append(places, p)
	}
	slices.Sort(places)
	done := 0
	for i, p := range places {
		fresh, err := printFile(printer, f, s.url, byPlace[p])
		if err != nil {
			return got, err
		}
		if fresh {
			got.Files++
		}
		done += len(byPlace[p])
		delete(byPlace, p)
		if (i+1)%50 == 0 {
			_, _ = fmt.Fprintf(s.errOut, "已完成 %d/%d 个社区，%d/%d 个码\n", i+1, len(places), done, total)
		}
	}
	return got, nil
}

// codes reads all live codes, by community.
func (s *settings) codes(ctx context.Context, place string) (map[hub.PlaceCode][]api.Poster, int, error) {
	byPlace, total := map[hub.PlaceCode][]api.Poster{}, 0
	for after := "0"; after != ""; {
		q := url.Values{"place": {place}, "live": {"true"}, "after": {after}, "limit": {strconv.Itoa(5000)}}
		var page api.PosterList
		if _, err := s.call(ctx, http.MethodGet, qrPath+"?"+q.Encode(), "", nil, &page); err != nil {
			return nil, 0, err
		}
		for _, c := range page.Codes {
			byPlace[c.Place] = append(byPlace[c.Place], c)
		}
		total, after = total+len(page.Codes), page.Next
	}
	return byPlace, total, nil
}

// printFile writes the file of one community unless it is there already. The
// file appears whole or not at all.
func printFile(printer *poster.Printer, f sheetFlags, hubURL string, codes []api.Poster) (fresh bool, err error) {
	sheet := poster.Sheet{
		Layout: poster.Layout(f.layout), City: f.city, Address: codes[0].Address, BaseURL: cmp.Or(f.base, strings.TrimRight(hubURL, "/")),
	}
	for _, c := range codes {
		sheet.Items = append(sheet.Items, poster.Item{Code: c.Code, Token: c.Token})
	}
	name := filepath.Join(f.out, fmt.Sprintf("%s-%s.pdf", codes[0].Place, strings.ReplaceAll(codes[0].Address, "/", "")))
	if _, err := os.Stat(name); err == nil {
		return false, nil
	}
	file, err := os.Create(name + ".part")
	if err != nil {
		return false, err
	}
	w := bufio.NewWriter(file)
	err = errors.Join(printer.Print(w, sheet), w.Flush(), file.Close())
	if err != nil {
		return false, errors.Join(fmt.Errorf("print %s: %w", name, err), os.Remove(name+".part"))
	}
	return true, os.Rename(name+".part", name)
}
