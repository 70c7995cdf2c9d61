package seal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/seal"
)

func ring(t testing.TB, text string) *seal.Keyring {
	t.Helper()
	k, err := seal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealedIsOpenedInItsPlaceOnly(t *testing.T) {
	k := ring(t, seal.NewLine("k1"))
	sealed := k.Seal("reporter/r1", []byte("19900000001"))
	if bytes.Contains(sealed, []byte("19900000001")) || seal.KeyOf(sealed) != "k1" {
		t.Errorf("sealed %q", sealed)
	}
	if plain, err := k.Open("reporter/r1", sealed); string(plain) != "19900000001" || err != nil {
		t.Errorf("%q, %v", plain, err)
	}
	if _, err := k.Open("reporter/r2", sealed); err == nil {
		t.Error("opened for another person")
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := k.Open("reporter/r1", sealed); err == nil {
		t.Error("opened after a change")
	}
	if k.Seal("x", nil) != nil {
		t.Error("nothing is sealed into something")
	}
	if bytes.Equal(k.Seal("x", []byte("a")), k.Seal("x", []byte("a"))) {
		t.Error("equal values look equal")
	}
}

func TestKeysChangeWhileOldValuesOpen(t *testing.T) {
	one, two := seal.NewLine("k1"), seal.NewLine("k2")
	sealed := ring(t, one).Seal("p", []byte("a"))
	both := ring(t, "# new first\n"+two+"\n"+one)
	if both.Current() != "k2" {
		t.Error(both.Current())
	}
	if plain, err := both.Open("p", sealed); string(plain) != "a" || err != nil {
		t.Errorf("%q, %v", plain, err)
	}
	if _, err := ring(t, two).Open("p", sealed); hub.CodeOf(err) != hub.CodeInternal {
		t.Errorf("without the key: %v", err)
	}
}

func TestPseudonymsFindEqualValues(t *testing.T) {
	one, two := ring(t, seal.NewLine("k1")), ring(t, seal.NewLine("k1"))
	a := one.Pseudonym("19900000001")
	if a == "" || a != one.Pseudonym("19900000001") || a == one.Pseudonym("19900000002") || a == two.Pseudonym("19900000001") {
		t.Error("a pseudonym is one value under one key")
	}
	if one.Pseudonym("") != "" {
		t.Error("nobody has a pseudonym")
	}
}

// TestPseudonymsOfOlderKeysAreKnown: between the change of keys and the sealing
// anew, equal values have different names.
func TestPseudonymsOfOlderKeysAreKnown(t *testing.T) {
	old, fresh := seal.NewLine("k1"), seal.NewLine("k2")
	one, both := ring(t, old), ring(t, fresh+old)
	got := both.Pseudonyms("19900000001")
	if len(got) != 2 || got[0] != both.Pseudonym("19900000001") || got[1] != one.Pseudonym("19900000001") || got[0] == got[1] {
		t.Errorf("%v", got)
	}
	if both.Pseudonyms("") != nil {
		t.Error("nobody has a pseudonym")
	}
}

func TestBadKeyringsAreRefused(t *testing.T) {
	good := seal.NewLine("k1")
	for _, text := range []string{"", "# nothing", "k1", "k1 !!", "k1 AAAA", good + good, "a/b " + good[3:]} {
		if _, err := seal.Parse(text); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLoadMakesTheFirstKey(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a", "keys")
	first, err := seal.Load("", name)
	if err != nil {
		t.Fatal(err)
	}
	again, err := seal.Load("", name)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open("p", first.Seal("p", []byte("a"))); string(plain) != "a" || err != nil {
		t.Errorf("%q, %v", plain, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if k, err := seal.Load(seal.NewLine("env"), name); err != nil || k.Current() != "env" {
		t.Errorf("the environment goes first: %v, %v", k, err)
	}
}

// BenchmarkSealReporter is what the desk pays for a submission.
func BenchmarkSealReporter(b *testing.B) {
	k := ring(b, seal.NewLine("k1"))
	plain := []byte(`{"name":"张三","phone":"19900000001","id_number":"620402199001011234"}`)
	b.ReportAllocs()
	for b.Loop() {
		k.Seal("reporter/r_0123456789abcdef", plain)
	}
}
