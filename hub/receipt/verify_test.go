package receipt_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
)

// TestACheckIsAnsweredFromThePhone is one department's answer to one case that
// it has to check: the form is there for as long as it is owed.
func TestACheckIsAnsweredFromThePhone(t *testing.T) {
	d, h, l := serve(t)
	p := path(l, alert())
	if _, body := get(t, h, p); strings.Contains(body, `value="verify"`) {
		t.Error("asked for a check that nobody wants")
	}
	d.c.Deadlines = []hub.Deadline{{Kind: hub.ClockVerify, Due: now}}
	if _, body := get(t, h, p); !strings.Contains(body, `value="unfounded"`) {
		t.Error("no form for the check")
	}
	for _, v := range []struct {
		form url.Values
		want int
		step hub.EventType
	}{
		{url.Values{"do": {"verify"}, "finding": {"confirmed"}}, http.StatusSeeOther, "confirmed"},
		{url.Values{"do": {"verify"}, "finding": {"unfounded"}, "text": {"室温 20 度"}}, http.StatusSeeOther, "unfounded"},
		{url.Values{"do": {"verify"}, "finding": {"resolved"}}, http.StatusUnprocessableEntity, ""},
		{url.Values{"do": {"verify"}}, http.StatusUnprocessableEntity, ""},
	} {
		n := len(d.updates)
		resp, _ := post(t, h, p, v.form)
		if resp.StatusCode != v.want || (v.step != "") != (len(d.updates) > n) {
			t.Errorf("%v: %d, %+v", v.form, resp.StatusCode, d.updates[n:])
		} else if v.step != "" && d.updates[n].Step != v.step {
			t.Errorf("%v: %+v", v.form, d.updates[n])
		}
	}
	if d.updates[0].ID == d.updates[1].ID {
		t.Error("two findings under one number")
	}
}

func TestAHelperSeesItsTask(t *testing.T) {
	d, h, l := serve(t)
	d.c.Assignments[0].Task, d.c.Assignments[0].Due = "拆除占压管线的棚子，联系13912341234", now
	if _, body := get(t, h, path(l, alert())); !strings.Contains(body, "拆除占压管线的棚子") || strings.Contains(body, "13912341234") {
		t.Errorf("page: %.1500s", body)
	}
}
