package netizen_test

import (
	"testing"
	"time"

	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/netizen"
	"github.com/mashang-hub/mashang/hub"
)

func TestSuite(t *testing.T) {
	adaptertest.Run(t, adaptertest.Suite{
		Spec: netizen.Spec(), Options: "token: secret",
		Good: adaptertest.Sample{MediaType: "application/json", Body: `{"留言编号":"2549","留言主题":"物业","留言详情":"停水三天","留言时间":"2019/4/25 9:32:09","留言用户":"A00045581","栏目":"市长信箱"}`},
		Want: hub.Submission{ExternalID: "2549", SubmittedAt: time.Date(2019, 4, 25, 9, 32, 9, 0, hub.China()), Content: hub.Content{
			Title: "物业", Text: "停水三天", Reporter: hub.Reporter{Account: "A00045581"}, Extra: map[string]string{"栏目": "市长信箱"},
		}},
		Bad: []adaptertest.Sample{
			{MediaType: "application/json", Body: `{"留言详情":"a","留言详情":"b"}`},
			{MediaType: "application/json", Body: `{"留言详情":"\ud800"}`},
			{MediaType: "application/x-ndjson", Body: "{\"留言详情\":\"a\"}\n{"},
			{MediaType: "application/json; charset=gb18030", Body: "{\"留言详情\":\"\xff\xff\"}"},
			{MediaType: "application/json", Body: `{"留言详情":"a","留言时间":"昨天"}`},
		},
	})
}
