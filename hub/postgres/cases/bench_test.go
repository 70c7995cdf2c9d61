package cases_test

import (
	"sync"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

// BenchmarkInsertCases stores b.N cases in batches of 250 from two writers.
func BenchmarkInsertCases(b *testing.B) {
	store, _ := open(b)
	batches := make(chan []hub.Opening, b.N/250+1)
	for i := 0; i < b.N; i += 250 {
		var batch []hub.Opening
		for j := i; j < min(i+250, b.N); j++ {
			batch = append(batch, pgtest.Opening(j))
		}
		batches <- batch
	}
	close(batches)
	b.ResetTimer()
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for batch := range batches {
				if _, err := store.InsertCases(b.Context(), batch); err != nil {
					b.Error(err)
				}
			}
		})
	}
	writers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cases/s")
}
