package attachments_test

import (
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/attachments"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestBytesAreKeptUnderTheirDigest(t *testing.T) {
	t.Parallel()
	store, ctx := attachments.New(pgtest.Open(t)), t.Context()
	for range 2 { // the same picture may come twice
		if err := store.SaveAttachment(ctx, hub.Attachment{SHA256: "ab", MediaType: "image/png"}, []byte{0}); err != nil {
			t.Fatal(err)
		}
	}
	if media, b, err := store.Attachment(ctx, "ab"); media != "image/png" || len(b) != 1 || err != nil {
		t.Errorf("Attachment = %s, %v, %v", media, b, err)
	}
	if _, _, err := store.Attachment(ctx, "none"); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("missing attachment: %v", err)
	}
}
