package bundle_test

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/bundle"
)

func TestAPackIsTheFolder(t *testing.T) {
	folder := os.DirFS("../../configs/baiyin/rules")
	pack, err := bundle.Pack(folder)
	if err != nil {
		t.Fatal(err)
	}
	again, err := bundle.Pack(folder)
	if err != nil || !bytes.Equal(pack, again) {
		t.Errorf("the same files pack to different bytes (%v)", err)
	}
	files, err := bundle.Open(pack)
	if err != nil {
		t.Fatal(err)
	}
	a, err := rules.Load(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := rules.Load(files, nil)
	if err != nil || a.Hash() != b.Hash() {
		t.Errorf("hash %s became %s (%v)", a.Hash(), b.Hash(), err)
	}
}

func TestOnlyRulesArePacked(t *testing.T) {
	pack, err := bundle.Pack(fstest.MapFS{"a.yaml": {Data: []byte("x")}, "secret.txt": {Data: []byte("y")}})
	if err != nil {
		t.Fatal(err)
	}
	files, err := bundle.Open(pack)
	if err != nil {
		t.Fatal(err)
	}
	if names, _ := fs.Glob(files, "*"); len(names) != 1 || names[0] != "a.yaml" {
		t.Errorf("packed %v", names)
	}
}

func TestStrangePacksAreRefused(t *testing.T) {
	one := func(name string, data []byte) []byte {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(data)
		w.Close()
		return out.Bytes()
	}
	for name, want := range map[string]hub.ErrorCode{
		"../up.yaml": hub.CodeInvalid, "/etc/a.yaml": hub.CodeInvalid, "a.sh": hub.CodeInvalid, "bomb.yaml": hub.CodeTooLarge,
	} {
		data := []byte("版本: 1\n")
		if name == "bomb.yaml" {
			data = make([]byte, 33<<20)
		}
		if _, err := bundle.Open(one(name, data)); hub.CodeOf(err) != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if _, err := bundle.Open([]byte("not a pack")); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("%v", err)
	}
}
