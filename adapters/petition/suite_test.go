package petition_test

import (
	"testing"

	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/petition"
	"github.com/mashang-hub/mashang/hub"
)

const options = `
token: t
fields: {external_id: 信访编号, title: 信访事项, text: 内容, name: 信访人}
`

func TestSuite(t *testing.T) {
	adaptertest.Run(t, adaptertest.Suite{
		Spec: petition.Spec(), Options: options,
		Good: adaptertest.Sample{MediaType: "application/json", Body: `{"信访编号":"X1","信访事项":"欠薪","内容":"拖欠工资三个月","信访人":"王五"}`},
		Want: hub.Submission{ExternalID: "X1", Content: hub.Content{Title: "欠薪", Text: "拖欠工资三个月", Reporter: hub.Reporter{Name: "王五"}}},
		Bad: []adaptertest.Sample{
			{MediaType: "text/csv", Body: "信访编号,内容\n1,a,b\n"},
			{MediaType: "text/csv", Body: "\"信访"},
			{MediaType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Body: "PK"},
		},
	})
}
