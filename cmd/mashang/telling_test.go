package main_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/courier"
	"github.com/mashang-hub/mashang/hub/hubtest/browsertest"
)

// TestTellingPages is a clerk of a department who looks for a notice
// that did not arrive, the supervision office that sends it again, and the head of a
// department who silences what is too much.
func TestTellingPages(t *testing.T) {
	b := browsertest.Open(t)
	city := awake(t)
	ready := run(t, app.Options{Data: t.TempDir(), City: city})
	w := &village{t: t, ready: ready, tokens: map[string]string{}}
	for _, account := range []string{"operator", "head"} {
		var token struct{ Token string }
		w.as("", &token, "account", "token", account)
		w.tokens[account] = token.Token
	}
	id := string(w.report(t))
	var list api.NoticeList
	await(t, "the cadre's notice to be sent", func() bool {
		w.as("operator", &list, "notice", "list", "--case", id)
		return len(list.Notices) > 0 && list.Notices[0].Status == courier.Sent
	})
	v := &visitor{Browser: b.For(t), t: t, url: ready.URL}
	v.looksForNotice(id, list.Notices[0].ID)
	v.sendsAgain(list.Notices[0].ID)
	v.silences()
	if text := v.text("body"); strings.Contains(text, canaryPhone) || strings.Contains(text, canaryName) {
		t.Error("a page names the citizen")
	}
}

func (v *visitor) looksForNotice(id, notice string) {
	v.t.Helper()
	v.enter("worker")
	if !slices.Contains(v.menu(), "通知") {
		v.t.Errorf("the clerk's menu: %v", v.menu())
	}
	v.look(map[string]string{
		"notices": "/notices", "notices-none": "/notices?case=BY000", "notices-citizens": "/notices?to=citizen&since=2020-01-01", "silences-none": "/silences",
	})
	v.Go(v.url + "/notices")
	v.send(`form[action="/notices"]`, map[string]string{"case": strings.ToLower(id)})
	v.want(id, "派单", "第 1 级", "已发", "落地")
	v.Go(v.url + "/notices?case=" + id + "&status=dead")
	v.want("没有符合条件的通知", "城市的通知配置")
	v.Go(v.url + "/notices/" + notice)
	v.want("说了什么", id, "半小时内联系反映人", "要重发，请分拨员")
	if v.count("main form") != 0 {
		v.t.Error("the clerk is asked to send again")
	}
	v.Go(v.url + "/silences")
	v.want("没有静默", "部门负责人可以静默本部门的推送")
}

func (v *visitor) sendsAgain(notice string) {
	v.t.Helper()
	v.enter("supervisor")
	v.look(map[string]string{"notice": "/notices/" + notice})
	v.Go(v.url + "/notices/" + notice)
	v.send("main form.card", map[string]string{"reason": "  "})
	v.want("理由")
	v.send("main form.card", map[string]string{"reason": "干部说没有收到"})
	v.want("已安排重发")
	v.enter("auditor")
	v.Go(v.url + "/audit?object=" + notice)
	v.want("重发通知", "干部说没有收到")
}

func (v *visitor) silences() {
	v.t.Helper()
	v.enter("head")
	v.look(map[string]string{"silences": "/silences"})
	v.Go(v.url + "/departments/heating")
	v.click(`a[href^="/silences"]`)
	if n := v.count(`form#new [name=department] option`); n != 1 {
		v.t.Errorf("the head may silence %d departments", n)
	}
	v.send("form#new", map[string]string{"place": "620402", "reason": "换热站检修", "more": "没有这种条件"})
	v.want("写法不对")
	v.send("form#new", map[string]string{"more": "tag=停暖"})
	v.want("静默已设", "部门是供热", "地点是", "标签是停暖", "换热站检修", "供热负责人老郭", "静默中")
	v.look(map[string]string{"silences-one": "/silences"})
	v.send(`form[action="/silences/1"]`, nil)
	v.want("静默已结束", "已结束")
	v.Go(v.url + "/silences?state=active")
	v.want("没有未结束的静默")
}
