package api

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/poster"
)

// Codes keeps the QR codes (民情码). Its methods are safe for concurrent use.
type Codes interface {
	Issue(ctx context.Context, units []poster.Unit, now time.Time) (int, error)
	Codes(ctx context.Context, f poster.Filter) ([]poster.Code, error)
	Code(ctx context.Context, n poster.Number) (poster.Code, error)
	Revoke(ctx context.Context, n poster.Number, reason string, now time.Time) (poster.Code, error)
	Renew(ctx context.Context, n poster.Number, reason string, now time.Time) (poster.Code, error)
	Misused(ctx context.Context, since time.Time, places int) ([]poster.Misuse, error)
}

// A CodeConfig says what the routes about QR codes stand on.
type CodeConfig struct {
	Codes  Codes
	Signer poster.Signer
	Clock  hub.Clock
	// Place reports whether a place is known.
	Place func(hub.PlaceCode) bool
	// Address names a place from the county down.
	Address func(hub.PlaceCode) string
}

// A Poster (民情码) is a code with what is printed with it.
type Poster struct {
	poster.Code
	Token   string `json:"token"`
	Address string `json:"address"`
}

// A PosterList (民情码列表) is a page of codes; Next is empty on the last.
type PosterList struct {
	Codes []Poster `json:"codes"`
	Next  string   `json:"next,omitempty"`
}

// Issued (发码结果) says how many units got a code and how many had one.
type Issued struct {
	Issued int `json:"issued"`
	Known  int `json:"known"`
}

// A Reason (理由) says why.
type Reason struct {
	Reason string `json:"reason"`
}

// A MisuseList (疑似冒用列表) is codes used from many places.
type MisuseList struct {
	Misused []poster.Misuse `json:"misused"`
}

// Limits of these routes.
const (
	maxUnits    = 16 << 20 // bytes of a list of units
	codesOfPage = 5000
	suspicious  = 3 // places
)

type codeRoutes struct{ CodeConfig }

// CodeRoutes returns the routes about QR codes.
func CodeRoutes(c CodeConfig) []Route {
	s := codeRoutes{c}
	row := func(method, path string, right access.Right, summary string, f func(*http.Request) (any, error), answer any) Route {
		return Route{
			Method: method, Path: "/api/v1/qr-codes" + path, Right: right, Reach: access.NoCases, Handle: f, Summary: summary, Answer: answer,
		}
	}
	list := row("GET", "", access.ReadChannels, "列出民情码，按编号翻页", s.list, PosterList{})
	list.Query = []Param{{"place", "只看这个地点以内的"}, {"kind", "office、building 或 households"}, {"live", "填 true 不看停用的"}, {"after", "从这个编号之后"}, {"limit", "最多几个"}}
	issue := row("POST", "", access.WireChannels, "给点位发码；已有码的点位不变。正文是 CSV，列为 地点,类型,点位", s.issue, Issued{})
	revoke := row("POST", "/{number}/revoke", access.WireChannels, "停用一个码", s.end(c.Codes.Revoke), Poster{})
	renew := row("POST", "/{number}/renew", access.WireChannels, "换新码，墙上旧的那张随即失效", s.end(c.Codes.Renew), Poster{})
	revoke.Body, renew.Body = Reason{}, Reason{}
	misuse := row("GET", "/misuse", access.ReadChannels, "一个码多地使用，疑似被翻拍或错贴", s.misuse, MisuseList{})
	misuse.Query = []Param{{"hours", "看最近多少小时，默认 24"}, {"places", "几个地点起算，默认 3"}}
	return []Route{list, issue, misuse, row("GET", "/{number}", access.ReadChannels, "查看一个码", s.show, Poster{}), revoke, renew}
}

func (s codeRoutes) poster(c poster.Code) Poster {
	return Poster{c, s.Signer.Token(c.Number, c.Version), s.Address(c.Place)}
}

func (s codeRoutes) list(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := poster.Filter{Place: hub.PlaceCode(q.Get("place")), Kind: poster.Kind(q.Get("kind")), Live: q.Get("live") == "true"}
	after, err := whole(q.Get("after"), 0)
	if err == nil {
		f.After = poster.Number(after)
		f.Limit, err = whole(q.Get("limit"), codesOfPage)
	}
	if err != nil {
		return nil, err
	}
	codes, err := s.Codes.Codes(r.Context(), f)
	if err != nil {
		return nil, err
	}
	out := PosterList{Codes: []Poster{}}
	for _, c := range codes {
		out.Codes = append(out.Codes, s.poster(c))
	}
	if n := len(codes); n > 0 && n >= f.Limit {
		out.Next = strconv.FormatInt(int64(codes[n-1].Number), 10)
	}
	return out, nil
}

func whole(text string, otherwise int) (int, error) {
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, hub.Errorf(hub.CodeInvalid, "query.number", text)
	}
	return n, nil
}

// number reads a serial number, or the token that is printed on a poster.
func (s codeRoutes) number(r *http.Request) (poster.Number, error) {
	text := r.PathValue("number")
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 && len(text) < 10 {
		return poster.Number(n), nil
	}
	n, _, err := s.Signer.Parse(text)
	return n, err
}

func (s codeRoutes) show(r *http.Request) (any, error) {
	n, err := s.number(r)
	if err != nil {
		return nil, err
	}
	c, err := s.Codes.Code(r.Context(), n)
	if err != nil {
		return nil, err
	}
	return s.poster(c), nil
}

func (s codeRoutes) issue(r *http.Request) (any, error) {
	units, err := s.units(io.LimitReader(r.Body, maxUnits+1))
	if err != nil {
		return nil, err
	}
	n, err := s.Codes.Issue(r.Context(), units, s.Clock.Now())
	return Issued{n, len(units) - n}, err
}

// units reads the list of units; all mistakes are told at once, up to ten.
func (s codeRoutes) units(body io.Reader) ([]poster.Unit, error) {
	rows := csv.NewReader(body)
	rows.FieldsPerRecord, rows.ReuseRecord = 3, true
	var units []poster.Unit
	var wrong []string
	for line := 1; len(wrong) < 10; line++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, hub.Errorf(hub.CodeInvalid, "qr_code.units", err.Error())
		}
		if line == 1 && strings.TrimPrefix(row[0], "\ufeff") == "地点" {
			continue
		}
		u := poster.Unit{Place: hub.PlaceCode(strings.Clone(row[0])), Kind: kindOf(row[1]), Label: strings.TrimSpace(strings.Clone(row[2]))}
		switch {
		case !s.Place(u.Place):
			wrong = append(wrong, fmt.Sprintf("第 %d 行：没有地点 %s", line, u.Place))
		case !u.Kind.Known():
			wrong = append(wrong, fmt.Sprintf("第 %d 行：类型“%s”应为 单位、楼栋 或 三十户", line, row[1]))
		case u.Label == "":
			wrong = append(wrong, fmt.Sprintf("第 %d 行：没有写点位", line))
		}
		units = append(units, u)
	}
	if len(wrong) > 0 {
		return nil, hub.Errorf(hub.CodeInvalid, "qr_code.units", strings.Join(wrong, "；"))
	}
	return units, nil
}

// kindOf reads a kind in Chinese or as its code.
func kindOf(text string) poster.Kind {
	switch strings.TrimSpace(text) {
	case "单位":
		return poster.KindOffice
	case "楼栋":
		return poster.KindBuilding
	case "三十户":
		return poster.KindHouseholds
	}
	return poster.Kind(strings.TrimSpace(strings.Clone(text)))
}

func (s codeRoutes) end(f func(context.Context, poster.Number, string, time.Time) (poster.Code, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		var reason Reason
		if err := decode(r, &reason); err != nil {
			return nil, err
		}
		n, err := s.number(r)
		if err != nil {
			return nil, err
		}
		c, err := f(r.Context(), n, strings.TrimSpace(reason.Reason), s.Clock.Now())
		if err != nil {
			return nil, err
		}
		return s.poster(c), nil
	}
}

func (s codeRoutes) misuse(r *http.Request) (any, error) {
	q := r.URL.Query()
	hours, err := whole(q.Get("hours"), 24)
	if err != nil {
		return nil, err
	}
	places, err := whole(q.Get("places"), suspicious)
	if err != nil {
		return nil, err
	}
	found, err := s.Codes.Misused(r.Context(), s.Clock.Now().Add(-time.Duration(hours)*time.Hour), places)
	if found == nil {
		found = []poster.Misuse{}
	}
	return MisuseList{found}, err
}
