package hotline_test

import (
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/hotline"
	"github.com/mashang-hub/mashang/hub"
)

const options = `
token: t
fields: {external_id: 工单编号, text: 诉求内容, name: 来电人, phone: 来电号码, urgency: 紧急程度, kind: 工单类型}
kinds: {投诉: complaint}
urgencies: {特急: critical}`

const order = `<?xml version="1.0" encoding="GB18030"?><工单><工单编号>W1</工单编号><工单类型>投诉</工单类型>` +
	`<紧急程度>特急</紧急程度><来电人>李四</来电人><来电号码>139</来电号码><诉求内容>大水䃎村停暖</诉求内容></工单>`

func TestSuite(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(order)
	if err != nil {
		t.Fatal(err)
	}
	for media, body := range map[string]string{"text/xml": gb, "application/xml; charset=utf-8": order} {
		adaptertest.Run(t, adaptertest.Suite{
			Spec: hotline.Spec(), Options: options, Good: adaptertest.Sample{MediaType: media, Body: body},
			Want: hub.Submission{ExternalID: "W1", Kind: hub.KindComplaint, Urgency: hub.UrgencyCritical, Content: hub.Content{
				Text: "大水䃎村停暖", Reporter: hub.Reporter{Name: "李四", Phone: "139"},
			}},
			Bad: []adaptertest.Sample{
				{MediaType: "text/xml", Body: `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><工单编号>1</工单编号><诉求内容>&x;</诉求内容></a>`},
				{MediaType: "text/xml; charset=gb18030", Body: order},
				{MediaType: "text/xml", Body: "<a><b></a>"},
				{MediaType: "application/json", Body: `{"诉求内容":"没有编号"}`},
				{MediaType: "image/png", Body: "x"},
			},
		})
	}
}
