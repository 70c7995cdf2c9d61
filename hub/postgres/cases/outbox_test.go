package cases_test

import (
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
)

func TestOutboxKeepsOrderAndWhatFailed(t *testing.T) {
	t.Parallel()
	store, db := open(t)
	ctx := t.Context()
	openCases(t, store, 3)
	_, err := db.RelayOutbox(ctx, 10, func([]hub.Outgoing) error {
		return hub.Errorf(hub.CodeUnavailable, "bus.down")
	})
	if hub.CodeOf(err) != hub.CodeUnavailable {
		t.Errorf("RelayOutbox = %v", err)
	}
	var sent []string
	for {
		n, err := db.RelayOutbox(ctx, 2, func(out []hub.Outgoing) error {
			for _, o := range out {
				sent = append(sent, o.ID)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	want := "BY0000/1 BY0000/2 BY0001/1 BY0001/2 BY0002/1 BY0002/2"
	if got := strings.Join(sent, " "); got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
}
