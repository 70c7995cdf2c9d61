package open311_test

import (
	"context"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/open311"
	"github.com/mashang-hub/mashang/hub"
)

const options = `
keys: [k1, k2]
jurisdiction: baiyin.gov.cn
base_url: https://ms.example.cn
contact: 12345
services:
  - code: heating
    name: 供暖问题
    description: 家里不热
    group: 城乡建设
    keywords: 暖气,不热
    attributes:
      - {code: TEMP, datatype: number, required: true, description: 室温, hint: 度}
      - {code: SCOPE, datatype: multivaluelist, required: false, description: 范围, values: [{key: flat, name: 我家}, {key: house, name: 整栋楼}]}
  - {code: road, name: 道路, description: 路面, group: 城乡建设, keywords: 坑}
`

func suite() adaptertest.Suite {
	form := func(pairs ...string) adaptertest.Sample {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return adaptertest.Sample{MediaType: "application/x-www-form-urlencoded", Body: v.Encode()}
	}
	return adaptertest.Suite{
		Spec: open311.Spec(), Options: options,
		Good: form("service_code", "road", "address_string", "人民路3号", "description", "路面有个大坑", "phone", "13900000001", "external_id", "n1"),
		Want: hub.Submission{ExternalID: "n1", Content: hub.Content{
			Title: "道路", Text: "路面有个大坑", PlaceText: "人民路3号", Reporter: hub.Reporter{Phone: "13900000001"},
		}},
		Bad: []adaptertest.Sample{form("service_code", "none", "address_string", "x"), form("address_string", "x"), form("service_code", "road")},
	}
}

func TestSuite(t *testing.T) { adaptertest.Run(t, suite()) }

// town has two requests: an open one that waits for the reporter, and one that
// was closed.
type town struct{ replies []string }

func (t *town) all() []adapters.PublicCase {
	opened := adaptertest.Now().Add(-48 * time.Hour)
	return []adapters.PublicCase{
		{
			Case: hub.Case{
				ID: "BY1", Receipt: "r_1", Status: hub.StatusWaiting, OpenedAt: opened, Place: "620402001002",
				Deadlines: []hub.Deadline{{Kind: hub.ClockClose, Due: opened.Add(72 * time.Hour)}},
			},
			Description: "暖气不热", Address: "白银区人民路街道", Agency: "供热服务中心", UpdatedAt: opened.Add(time.Hour),
			Extra: map[string]string{"service_code": "heating", "lat": "36.54", "long": "104.17"},
		},
		{
			Case: hub.Case{
				ID: "BY2", Receipt: "r_2", Status: hub.StatusResolved, OpenedAt: opened.Add(-24 * time.Hour),
				ClosedAt: opened.Add(-time.Hour),
			},
			Description: "大坑", Extra: map[string]string{"service_code": "road"}, UpdatedAt: opened,
		},
	}
}

func (t *town) Cases(_ context.Context, f adapters.PublicFilter) ([]adapters.PublicCase, error) {
	out := slices.DeleteFunc(t.all(), func(c adapters.PublicCase) bool {
		return len(f.Cases) > 0 && !slices.Contains(f.Cases, c.ID) ||
			len(f.Receipts) > 0 && !slices.Contains(f.Receipts, c.Receipt) ||
			len(f.Services) > 0 && !slices.Contains(f.Services, c.Extra["service_code"]) ||
			f.Open != nil && *f.Open != c.Status.Open() ||
			c.OpenedAt.Before(f.From) || !f.To.IsZero() && c.OpenedAt.After(f.To)
	})
	out = out[min(f.Offset, len(out)):]
	return out[:min(f.Limit, len(out))], nil
}

func (t *town) Updates(_ context.Context, _ []hub.ChannelCode, from, to time.Time, _ int) ([]adapters.PublicUpdate, error) {
	u := adapters.PublicUpdate{
		ID: "BY2.5", Case: "BY2", Step: hub.Resolved, Text: "已修补路面", At: adaptertest.Now().Add(-49 * time.Hour),
	}
	if u.At.Before(from) || !u.At.Before(to) {
		return nil, nil
	}
	return []adapters.PublicUpdate{u}, nil
}

func (t *town) Reply(_ context.Context, id hub.CaseID, text string) error {
	if id != "BY1" {
		return hub.Errorf(hub.CodeConflict, "case.illegal_step", "info_given", "resolved")
	}
	t.replies = append(t.replies, text)
	return nil
}
