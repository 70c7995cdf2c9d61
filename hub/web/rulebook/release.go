package rulebook

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/release"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

func (b *book) log(r *http.Request) (frame.View, error) {
	log, err := b.Releases.Log(r.Context(), b.Library)
	if err != nil {
		return frame.View{}, err
	}
	sets := map[int64]hub.RuleSetHash{}
	for _, x := range log.Releases {
		sets[x.ID] = x.Hash
	}
	data := struct {
		release.Log
		Set map[int64]hub.RuleSetHash
	}{log, sets}
	return frame.View{Name: "log", Title: "规则发布历史", Nav: "/rules", Data: data}, nil
}

// A stageable is the data of the page of one release.
type stageable struct {
	release.Release
	Gates         []release.Gate
	Effect        *Effect
	Change        *Change // against the active set; nil for itself
	Against       hub.RuleSetHash
	Next          []frame.Option // states that an approver may take it to
	Own           bool           // the reader wrote it
	Done, Problem string
	Channels      []frame.Option
}

func (b *book) set(r *http.Request) (frame.View, error) { return b.setAfter(r, nil) }

func (b *book) setAfter(r *http.Request, failed error) (frame.View, error) {
	hash, err := b.Releases.Resolve(r.Context(), r.PathValue("hash"))
	if err != nil {
		return frame.View{}, err
	}
	rel, gates, err := b.Releases.Gates(r.Context(), hash)
	if err != nil {
		return frame.View{}, err
	}
	p := access.Of(r.Context())
	d := stageable{Release: rel, Gates: gates, Own: rel.Author == p.Account, Channels: b.ChannelOptions()}
	if p.Can(access.ApproveRules) {
		d.Next = next(rel.State)
	}
	if r.URL.Query().Get("done") != "" {
		d.Done = "已办好，现在是“" + frame.Word("release", rel.State) + "”。"
	}
	for _, g := range gates {
		if g.Gate == release.GateDiff && len(g.Report) > 0 {
			if d.Effect, err = readEffect(g.Report); err != nil {
				return frame.View{}, err
			}
		}
	}
	status, err := b.Releases.Status(r.Context())
	if err != nil {
		return frame.View{}, err
	}
	if status.Active != nil && status.Active.Hash != rel.Hash {
		d.Against = status.Active.Hash
		if d.Change, err = b.change(r, string(status.Active.Hash), string(rel.Hash)); err != nil {
			return frame.View{}, err
		}
	}
	v := frame.View{Name: "set", Title: "规则集 " + release.Short(rel.Hash), Nav: "/rules", Data: &d}
	if failed != nil {
		d.Problem = v.Refuse(failed)
	}
	return v, nil
}

// next lists the states to which a release may go on.
func next(s release.State) []frame.Option {
	states := map[release.State][]release.State{
		release.Draft: {release.Shadow, release.Canary, release.Active}, release.Shadow: {release.Canary, release.Active},
		release.Canary: {release.Canary, release.Active},
	}[s]
	var out []frame.Option
	for _, x := range states {
		out = append(out, frame.Option{Value: string(x), Label: frame.Word("release", x)})
	}
	return out
}

// promote takes a release to its next state.
func (b *book) promote(r *http.Request) (frame.View, error) {
	if err := r.ParseForm(); err != nil {
		return frame.View{}, &hub.Error{Code: hub.CodeInvalid, Key: "command.malformed", Err: err}
	}
	f := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	p := release.Promotion{
		Hash: hub.RuleSetHash(r.PathValue("hash")), To: release.State(f("to")), By: access.Of(r.Context()).Account,
		Why: f("why"), Force: f("force"),
	}
	if p.To == release.Canary {
		p.Scope.Percent, _ = strconv.Atoi(f("percent")) // 0 is no condition
		if c := f("channel"); c != "" {
			p.Scope.Channels = []hub.ChannelCode{hub.ChannelCode(c)}
		}
	}
	if _, _, err := b.Releases.Promote(r.Context(), p); err != nil {
		return b.setAfter(r, err)
	}
	return frame.View{To: "/rules/set/" + url.PathEscape(string(p.Hash)) + "?done=1"}, nil
}

func (b *book) rollback(r *http.Request) (frame.View, error) {
	why := strings.TrimSpace(r.PostFormValue("why"))
	if why == "" {
		return b.homeAfter(r, hub.Errorf(hub.CodeInvalid, "reason.required"))
	}
	if _, err := b.Releases.Rollback(r.Context(), release.Rollback{By: access.Of(r.Context()).Account, Why: why}); err != nil {
		return b.homeAfter(r, err)
	}
	return frame.View{To: "/rules?done=rollback"}, nil
}

func (b *book) shadow(r *http.Request) (frame.View, error) {
	report, err := b.Releases.ShadowReport(r.Context(), b.Library, hub.RuleSetHash(r.URL.Query().Get("hash")))
	if hub.CodeOf(err) == hub.CodeNotFound && r.URL.Query().Get("hash") == "" {
		report, err = release.ShadowReport{}, nil
	}
	return frame.View{Name: "shadow", Title: "影子运行", Nav: "/rules", Data: report}, err
}
