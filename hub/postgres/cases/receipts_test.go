package cases_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/mashang-hub/mashang/hub"
)

// Of those who share a question each learns of their own receipt.
func TestManyAskForReceipts(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	if _, err := store.InsertCases(t.Context(), []hub.Opening{said(1, "暖气不热", "三天了"), said(3, "路灯坏了", "门口")}); err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	for i := range 200 {
		work.Go(func() {
			receipt := said(i%4+1, "", "").Submission.Receipt
			found, err := store.FindReceipts(t.Context(), []hub.ReceiptID{receipt})
			if want := i%4 == 0 || i%4 == 2; err != nil || found[receipt] != want {
				t.Error(fmt.Sprint(receipt, " stored: ", found[receipt], ", want ", want, ", error ", err))
			}
		})
	}
	work.Wait()
}
