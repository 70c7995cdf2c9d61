package qr_test

import (
	"context"
	"testing"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/qr"
	"github.com/mashang-hub/mashang/hub"
)

func suite() adaptertest.Suite {
	sample := func(body string) adaptertest.Sample {
		return adaptertest.Sample{MediaType: "application/json", Body: body}
	}
	return adaptertest.Suite{
		Spec: qr.Spec(), Options: "max_runes: 100", Deps: adapters.Deps{Place: place}, Open: true,
		Good: sample(`{"id":"n1","place":"620402001002","text":"暖气不热","phone":"139"}`),
		Want: hub.Submission{ExternalID: "n1", Place: "620402001002", Content: hub.Content{
			Text: "暖气不热", PlaceText: "人民路街道 中心街社区", Reporter: hub.Reporter{Phone: "139"},
		}},
		Bad: []adaptertest.Sample{sample(`{"id":"2","text":" "}`), sample(`{"id":"2","text":"x","place":"999"}`), sample(`{`)},
	}
}

func TestSuite(t *testing.T) { adaptertest.Run(t, suite()) }

func place(_ context.Context, code hub.PlaceCode) (hub.Place, bool) {
	p, ok := map[hub.PlaceCode]hub.Place{
		"620402001002": {Code: "620402001002", Parent: "620402001", Level: hub.LevelVillage, Name: "中心街社区"},
		"620402001":    {Code: "620402001", Level: hub.LevelTownship, Name: "人民路街道"},
	}[code]
	return p, ok
}
