package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
)

// Two people petition together and ask to stay unknown.
const (
	canaryFellow = "司马小满"
	canarySpaced = "199 8765 4321"
)

// unknown is all that could tell who they are.
func unknown() []string {
	return append(personal(), canaryFellow, "小满", canarySpaced, canaryPhone[:3]+"****", canaryPhone[7:], "欧**", "3号楼502")
}

// hire makes an account for somebody of a department.
func (w *town) hire(id, role, department string) {
	w.t.Helper()
	body := fmt.Sprintf(`{"id":%q,"name":%q,"password":"Demo-baiyin-2026x","grants":[{"role":%q,"department":%q}]}`, id, id, role, department)
	if code, got := w.ask("POST", "/api/v1/accounts", w.tokens["security"], body); code != http.StatusOK {
		w.t.Fatalf("account %s: %d %s", id, code, got)
	}
	w.token(id)
}

// petition hands in one petition and returns its case.
func (w *town) petition(fields map[string]string) hub.CaseID {
	w.t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		w.t.Fatal(err)
	}
	code, got := w.ask("POST", "/in/petition", "demo-petition-token", string(body))
	var answer struct{ Tracking hub.CaseID }
	if err := json.Unmarshal([]byte(got), &answer); err != nil || answer.Tracking == "" {
		w.t.Fatalf("petition: %d %s", code, got)
	}
	return answer.Tracking
}

// Who asked to stay unknown is known to the petition office and the sorting
// desk, each look on record; a handling department is told the matter and
// nothing about whose it is: not when it is pushed, on no page, by no answer
// and in no export.
func TestConfidentialPetitionersStayUnknown(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a hub")
	}
	w := openTown(t, false)
	w.hire("labor1", "worker", "labor")
	w.hire("labor2", "head", "labor")
	w.hire("xinfang", "worker", "petition")
	id := w.petition(map[string]string{
		"信访编号": "XF-1", "信访事项": canaryName + "等人反映工地拖欠农民工工资", "信访人": canaryName, "联系电话": canaryPhone, "身份证号": canaryID,
		"信访内容": "我叫" + canaryName + "，和" + canaryFellow + "一起在工地干活，拖欠工资三个月，电话" + canarySpaced + "，身份证" + canaryID,
		"问题属地": "白银区人民路街道3号楼502", "要求保密": "是", "信访人名单": canaryName + "、" + canaryFellow, "信访形式": "来信",
	})
	await(t, "a case", func() bool { w.learn(); return w.cases[id].ID != "" })
	assign := `{"type":"assign","lead":"labor","co":["petition"],"text":"请核查，联系人` + canaryName + `"}`
	if code, body := w.ask("POST", "/api/v1/cases/"+string(id)+"/commands", w.tokens["operator"], assign); code != http.StatusOK {
		t.Fatalf("assign: %d %s", code, body)
	}
	await(t, "both departments are pushed", func() bool { return len(w.mail.about(string(id))) >= 2 })
	if len(w.mail.about("要求保密"))+len(w.mail.about(`"confidential"`)) == 0 {
		t.Error("no department is told that the petitioner asked to stay unknown")
	}
	for _, secret := range unknown() {
		if d := w.mail.about(secret); len(d) > 0 {
			t.Errorf("LEAK: pushed to %v: %q", d, secret)
		}
	}
	asked := 0
	for _, account := range []string{"labor1", "labor2"} {
		paths := []string{"/cases", "/cases/" + string(id), "/reveal/" + string(id), "/"}
		for _, op := range w.operations() {
			if op.method == "GET" {
				paths = append(paths, at(op.path, string(id)))
			}
		}
		for _, path := range paths {
			asked++
			_, body := w.ask("GET", path, w.tokens[account], "")
			for _, secret := range unknown() {
				if strings.Contains(body, secret) {
					t.Errorf("LEAK: %s as %s tells %q", path, account, secret)
				}
			}
		}
		for path, body := range map[string]string{"/reveal": `{"purpose":"想知道是谁"}`, "/notice": `{"kind":"accept"}`} {
			if code, got := w.ask("POST", "/api/v1/cases/"+string(id)+path, w.tokens[account], body); code != http.StatusForbidden || !strings.Contains(got, "要求保密") {
				t.Errorf("%s as %s: %d %s", path, account, code, got)
			}
		}
	}
	t.Logf("%d answers to the handling department looked through", asked)
	if _, body := w.ask("GET", "/cases/"+string(id), w.tokens["labor1"], ""); !strings.Contains(body, "要求保密") || !strings.Contains(body, "拖欠工资三个月") {
		t.Error("the page does not show the matter and that its petitioner asked to stay unknown")
	}
	for _, account := range []string{"xinfang", "operator"} {
		code, body := w.ask("POST", "/api/v1/cases/"+string(id)+"/reveal", w.tokens[account], `{"purpose":"送达告知书"}`)
		if code != http.StatusOK || !strings.Contains(body, canaryPhone) || !strings.Contains(body, canaryFellow) {
			t.Errorf("%s may know: %d %s", account, code, body)
		}
	}
	w.atTheDoor(id)
	if _, body := w.ask("GET", "/api/v1/audit?action=personal.revealed", w.tokens["auditor"], ""); strings.Count(body, "送达告知书") != 2 {
		t.Errorf("looks on record: %s", body)
	}
}

// atTheDoor hands the same matter in once more: the answer says that it is
// accepted already, and under which number.
func (w *town) atTheDoor(id hub.CaseID) {
	w.t.Helper()
	again := `{"信访编号":"XF-2","信访事项":"工地拖欠农民工工资","信访内容":"工地拖欠工资三个月，一起干活的都没有拿到","信访人":"` + canaryName + `","身份证号":"` + canaryID + `"}`
	code, got := w.ask("POST", "/in/petition", "demo-petition-token", again)
	for _, want := range []string{"XF-1", string(id), "已经受理", "第十九条"} {
		if code != http.StatusAccepted || !strings.Contains(got, want) {
			w.t.Errorf("the answer does not say %s: %d %s", want, code, got)
		}
	}
	_, got = w.ask("POST", "/in/petition", "demo-petition-token", strings.NewReplacer("XF-2", "XF-3", canaryID, "620402198001011234").Replace(again))
	if strings.Contains(got, "notes") {
		w.t.Errorf("another person is told of it: %s", got)
	}
}
