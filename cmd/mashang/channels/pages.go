package channels

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

//go:embed template/*.html
var files embed.FS

// pages are the console's pages of channels.
type pages struct {
	*frame.Frame
	m *Manager
}

// Pages returns the console's pages of channels and the frame that they stand
// in.
func (m *Manager) Pages(names frame.Names) (*frame.Frame, []frame.Route) {
	p := &pages{m: m}
	p.Frame = frame.New(names, m.Clock, files, template.FuncMap{"outcome": func(code string) string { return frame.Word("arrival", code) }})
	page := func(method, path string, right access.Right, show frame.Shower) frame.Route {
		return frame.Route{Method: method, Path: path, Right: right, Reach: access.NoCases, Show: show}
	}
	return p.Frame, []frame.Route{
		page("GET", "/channels", access.ReadChannels, p.list),
		page("GET", "/channels/of/{code}", access.ReadChannels, p.one),
		page("POST", "/channels/of/{code}/{what}", access.WireChannels, p.change),
		page("GET", "/channels/test/{token}", access.WireChannels, p.test),
		page("GET", "/channels/dead", access.ReadChannels, p.letters),
		page("GET", "/channels/dead/{id}", access.WireChannels, p.letter),
		page("POST", "/channels/dead/{id}", access.WireChannels, p.redo),
	}
}

func (p *pages) list(r *http.Request) (frame.View, error) {
	list, err := p.m.List(r.Context())
	if err != nil {
		return frame.View{}, err
	}
	_, dead, err := p.m.Letters(r.Context(), channel.LetterFilter{Limit: 1})
	data := struct {
		Channels []View
		Dead     int
	}{list, dead}
	return frame.View{Name: "channels", Title: "渠道", Nav: "/channels", Data: data}, err
}

// A single is the data of the page of one channel.
type single struct {
	View
	Recent           []Arrival // newest first
	Wire, Keyed      bool
	Done, Secret     string
	Problem, Address string
}

// recentArrivals is how many arrivals the page of a channel shows.
const recentArrivals = 20

func (p *pages) one(r *http.Request) (frame.View, error) { return p.after(r, single{}, nil) }

// after is the page of a channel after something was done, or failed.
func (p *pages) after(r *http.Request, d single, failed error) (frame.View, error) {
	code := codeOf(r)
	list, err := p.m.List(r.Context())
	if err != nil {
		return frame.View{}, err
	}
	i := slices.IndexFunc(list, func(v View) bool { return v.Code == code })
	if i < 0 {
		return frame.View{}, hub.Errorf(hub.CodeNotFound, "channel.not_found", string(code))
	}
	now, cancel := context.WithCancel(r.Context())
	cancel() // what is there already, without waiting for more
	d.View = list[i]
	d.Recent, _ = p.m.Tail(now, TailFilter{Channel: code, Limit: recentArrivals})
	slices.Reverse(d.Recent)
	d.Wire, d.Keyed = access.Of(r.Context()).Can(access.WireChannels), d.Auth != "" && d.Auth != "none"
	v := frame.View{Name: "one", Title: "渠道 " + d.View.Name, Nav: "/channels"}
	if failed != nil {
		d.Problem, v.Title, v.Status = frame.Sentence(failed), "错误："+v.Title, hub.CodeOf(failed).HTTPStatus()
	}
	v.Data = d
	return v, nil
}

// change opens a test address or does something with the channel's keys.
func (p *pages) change(r *http.Request) (frame.View, error) {
	code, d := codeOf(r), single{}
	var err error
	switch r.PathValue("what") {
	case "listen":
		t, err := p.m.Listen(code)
		if err != nil {
			return p.after(r, d, err)
		}
		return frame.View{To: "/channels/test/" + t.Token}, nil
	case "rotate":
		d.Done = "新密钥已生成，新旧都能用；对方换好以后再提升。"
		d.Secret, err = p.m.Rotate(r.Context(), code)
	case "promote":
		d.Done = "新密钥已提升，旧的不再能用。"
		err = p.m.Promote(r.Context(), code)
	case "revoke":
		d.Done = "新密钥已作废。"
		err = p.m.Revoke(r.Context(), code)
	default:
		return frame.View{}, hub.Errorf(hub.CodeNotFound, "page.not_found")
	}
	if err != nil {
		d = single{}
	}
	return p.after(r, d, err)
}

// A trial is the data of the page of a test address.
type trial struct {
	*Test
	Open    bool
	Seconds int
	Address string // whole
	Hits    []Hit  // newest first
}

// refresh is how often the page of an open test address looks again, in
// seconds.
const refresh = 4

func (p *pages) test(r *http.Request) (frame.View, error) {
	t, err := p.m.Test(r.PathValue("token"))
	if err != nil {
		return frame.View{}, err
	}
	now, cancel := context.WithCancel(r.Context())
	cancel()
	left := t.Until.Sub(p.m.Clock.Now())
	d := trial{Test: t, Open: left > 0, Seconds: int(left / time.Second), Hits: t.Hits(now, 0)}
	d.Address = "http://" + r.Host + t.Path
	if r.TLS != nil {
		d.Address = "https://" + r.Host + t.Path
	}
	slices.Reverse(d.Hits)
	v := frame.View{Name: "test", Title: "测试地址", Nav: "/channels", Data: d}
	if d.Open {
		v.Refresh = refresh
	}
	return v, nil
}

// A box is the data of the list of dead letters.
type box struct {
	Letters  []LetterView
	Total    int
	Channel  hub.ChannelCode
	Channels []frame.Option
	Wire     bool
	Done     bool
}

// shownLetters is how many dead letters the list shows.
const shownLetters = 100

func (p *pages) letters(r *http.Request) (frame.View, error) {
	q := r.URL.Query()
	d := box{
		Channel: hub.ChannelCode(q.Get("channel")), Channels: p.ChannelOptions(), Done: q.Get("done") == "1",
		Wire: access.Of(r.Context()).Can(access.WireChannels),
	}
	letters, total, err := p.m.Letters(r.Context(), channel.LetterFilter{Channel: d.Channel, Limit: shownLetters})
	d.Total = total
	for _, l := range letters {
		d.Letters = append(d.Letters, viewOf(l, false))
	}
	return frame.View{Name: "dead", Title: "死信", Nav: "/channels", Data: d}, err
}

// An envelope is the data of the page of one letter.
type envelope struct {
	LetterView
	Problem string
}

func (p *pages) letter(r *http.Request) (frame.View, error) { return p.letterAfter(r, nil) }

func (p *pages) letterAfter(r *http.Request, failed error) (frame.View, error) {
	id, err := idOf(r)
	if err != nil {
		return frame.View{}, err
	}
	l, err := p.m.Store.ShowLetter(r.Context(), id)
	if err != nil {
		return frame.View{}, err
	}
	d, v := envelope{LetterView: viewOf(l, true)}, frame.View{Name: "letter", Title: "死信 " + strconv.FormatInt(id, 10), Nav: "/channels"}
	if failed != nil {
		d.Problem, v.Title, v.Status = frame.Sentence(failed), "错误："+v.Title, hub.CodeOf(failed).HTTPStatus()
	}
	v.Data = d
	return v, nil
}

// redo puts what was mended into the letter and sends it in again.
func (p *pages) redo(r *http.Request) (frame.View, error) {
	id, err := idOf(r)
	if err != nil {
		return frame.View{}, err
	}
	if text := strings.ReplaceAll(r.PostFormValue("payload"), "\r\n", "\n"); text != "" && text != r.PostFormValue("was") {
		if err := p.m.Repair(r.Context(), id, []byte(text), ""); err != nil {
			return p.letterAfter(r, err)
		}
	}
	if _, err := p.m.ReplayLetter(r.Context(), id); err != nil {
		return p.letterAfter(r, err)
	}
	return frame.View{To: "/channels/dead?" + url.Values{"done": {"1"}}.Encode()}, nil
}
