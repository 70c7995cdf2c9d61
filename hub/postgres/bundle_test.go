package postgres

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/mashang-hub/mashang/hub"
)

func TestABundleGivesBackItsMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		message := rapid.Custom(func(t *rapid.T) hub.Outgoing {
			return hub.Outgoing{
				Topic: rapid.String().Draw(t, "topic"), Key: rapid.String().Draw(t, "key"),
				ID: rapid.String().Draw(t, "id"), Payload: rapid.SliceOf(rapid.Byte()).Draw(t, "payload"),
			}
		})
		want := rapid.SliceOfN(message, 1, 20).Draw(t, "messages")
		var got []hub.Outgoing
		for _, b := range bundles(want) {
			var err error
			if got, err = unpack(got, b.n, b.packed()); err != nil {
				t.Fatal(err)
			}
		}
		var pack packer
		for rest, again := want, []hub.Outgoing(nil); len(rest) > 0; {
			n, value := pack.pack(rest)
			if rest = rest[n:]; n == 0 {
				t.Fatal("it packs nothing")
			}
			var err error
			if again, err = unpack(again, n, value); err != nil || !reflect.DeepEqual(again, got[:len(again)]) {
				t.Fatalf("packed again %+v, %v", again, err)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d messages, want %d", len(got), len(want))
		}
		for i, g := range got {
			w := want[i]
			if g.Topic != w.Topic || g.Key != w.Key || g.ID != w.ID || !bytes.Equal(g.Payload, w.Payload) {
				t.Fatalf("message %d is %+v, want %+v", i, g, w)
			}
		}
	})
}

func TestADamagedBundleIsAnErrorAndNotAPanic(t *testing.T) {
	b := bundles([]hub.Outgoing{{Topic: "t", Key: "k", ID: "i", Payload: []byte("p")}})[0]
	whole := b.packed()
	for n := range len(whole) {
		if _, err := unpack(nil, 1, whole[:n]); err == nil {
			t.Errorf("%d of %d bytes are taken for a bundle", n, len(whole))
		}
	}
	plain := append([]byte{bundlePlain}, b.buf...)
	for n := range len(plain) {
		if _, err := unpack(nil, 1, plain[:n]); err == nil {
			t.Errorf("%d of %d plain bytes are taken for a bundle", n, len(plain))
		}
	}
}

func TestLargeBundlesAreSplit(t *testing.T) {
	big := hub.Outgoing{Topic: "t", Payload: make([]byte, bundleBytes)}
	out := []hub.Outgoing{big, big, {Topic: "t"}}
	if n := len(bundles(out)); n != 3 {
		t.Errorf("%d bundles, want 3", n)
	}
	var p packer
	if n, _ := p.pack(out); n != 1 {
		t.Errorf("%d messages in one bundle, want 1", n)
	}
}
