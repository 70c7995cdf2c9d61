package deliveries_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/deliveries"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

// BenchmarkDeliveries files, claims and settles alerts in batches of 100, with
// 20,000 more waiting in the same lane: an operation is one alert.
func BenchmarkDeliveries(b *testing.B) {
	store, ctx, now := deliveries.New(pgtest.Open(b)), b.Context(), monday()
	add := func(from, to int) {
		var alerts []hub.Alert
		for i := from; i < to; i++ {
			a := alert(hub.CaseID(fmt.Sprint("C", i/4)), int64(i%4+1))
			a.Content.Text = fmt.Sprintf("%0900d", i)
			alerts = append(alerts, a)
		}
		if err := store.AddDeliveries(ctx, alerts, now); err != nil {
			b.Fatal(err)
		}
	}
	const waiting = 20_000
	for i := 0; i < waiting; i += 500 {
		add(i, i+500)
	}
	added := waiting
	for b.Loop() {
		if added%100 != 0 {
			added++
			continue
		}
		add(added, added+100)
		added++
		ds, err := store.ClaimDeliveries(ctx, "heating", now, 100, time.Minute)
		if err != nil || len(ds) != 100 {
			b.Fatalf("claimed %d: %v", len(ds), err)
		}
		for i := range ds {
			ds[i].Status = hub.DeliveryDone
			ds[i].Attempts = []hub.Attempt{{N: 1, At: now, Result: "delivered"}}
		}
		if err := store.SettleDeliveries(ctx, "heating", now, ds); err != nil {
			b.Fatal(err)
		}
	}
}
