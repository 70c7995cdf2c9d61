package kuaiban_test

import (
	"testing"

	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/kuaiban"
	"github.com/mashang-hub/mashang/hub"
)

func TestSuite(t *testing.T) {
	sample := func(body string) adaptertest.Sample {
		return adaptertest.Sample{MediaType: "application/json", Body: body}
	}
	adaptertest.Run(t, adaptertest.Suite{
		Spec: kuaiban.Spec(), Options: "secret: s3cret",
		Good: sample(`{"id":"K1","text":"暖气不热","place":"620402001002","kind":"help","user":{"id":"u7","name":"张三","phone":"13900000000"}}`),
		Want: hub.Submission{ExternalID: "K1", Place: "620402001002", Kind: hub.KindHelp, Content: hub.Content{
			Text: "暖气不热", Reporter: hub.Reporter{Name: "张三", Phone: "13900000000", Account: "u7"},
		}},
		Bad: []adaptertest.Sample{
			sample(`{"text":"没有编号"}`), sample(`{"id":"1","txt":"字段写错"}`), sample(`{"id":"1","text":"x","kind":"shout"}`), sample(`[]`),
		},
	})
}
