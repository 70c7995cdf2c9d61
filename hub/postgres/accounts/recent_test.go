package accounts

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mashang-hub/mashang/hub/access"
)

// A token counts as it was read for a second, and no longer once something is
// changed; what was read before the change is not kept after it.
func TestATokenIsRememberedForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memory
		hash := [32]byte{1}
		_, before, ok := m.get(hash)
		if ok {
			t.Fatal("an empty memory remembers")
		}
		m.put(hash, remembered{token: access.Token{ID: "mst_a"}}, before)
		if r, _, ok := m.get(hash); !ok || r.token.ID != "mst_a" {
			t.Fatalf("not remembered: %+v", r)
		}
		<-time.After(fresh)
		if _, _, ok := m.get(hash); ok {
			t.Error("remembered for longer than a moment")
		}
		m.put(hash, remembered{}, before)
		m.forget()
		if _, _, ok := m.get(hash); ok {
			t.Error("remembered over a change")
		}
		m.put(hash, remembered{}, before)
		if _, _, ok := m.get(hash); ok {
			t.Error("what was read before a change is kept after it")
		}
	})
}

// However many tokens come, the memory stays small.
func TestTheMemoryStaysSmall(t *testing.T) {
	var m memory
	for i := range 3 * most {
		m.put([32]byte{byte(i), byte(i >> 8)}, remembered{}, 0)
	}
	if len(m.tokens) > most {
		t.Errorf("%d tokens are remembered", len(m.tokens))
	}
}
