// Package bundle packs a folder of rules into one piece, as it travels to the
// hub and is kept there, and opens it again.
//
// The same files always pack to the same bytes. What is opened is bounded,
// because it may come from anybody: a pack that is too large, holds a path that
// leads elsewhere or anything but YAML is refused. Start with [Pack].
package bundle

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/mashang-hub/mashang/hub"
)

// What a pack may hold.
const (
	maxFiles = 2000
	maxBytes = 32 << 20
)

// isRules reports whether a file belongs into a pack.
func isRules(name string) bool {
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}

// Pack packs the YAML files of fsys.
func Pack(fsys fs.FS) ([]byte, error) {
	files, err := readAll(fsys)
	if err != nil {
		return nil, err
	}
	return write(files)
}

// Overlay returns the YAML files of fsys with others in their place.
func Overlay(fsys fs.FS, others map[string][]byte) (fs.FS, error) {
	files, err := readAll(fsys)
	if err != nil {
		return nil, err
	}
	maps.Copy(files, others)
	pack, err := write(files)
	if err != nil {
		return nil, err
	}
	return Open(pack)
}

func readAll(fsys fs.FS) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isRules(name) {
			return err
		}
		files[name], err = fs.ReadFile(fsys, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("pack the rules: %w", err)
	}
	return files, nil
}

// write packs files in order of their names and without times: the same files
// are the same bytes.
func write(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			_, err = f.Write(files[name])
		}
		if err != nil {
			return nil, fmt.Errorf("pack the rules: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack the rules: %w", err)
	}
	return out.Bytes(), nil
}

// Open returns the files of a pack.
func Open(pack []byte) (fs.FS, error) {
	r, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "rules.bundle", Err: err}
	}
	if len(r.File) > maxFiles {
		return nil, hub.Errorf(hub.CodeTooLarge, "rules.bundle_too_large", maxFiles, maxBytes>>20)
	}
	left := int64(maxBytes)
	for _, f := range r.File {
		if !fs.ValidPath(f.Name) || !isRules(f.Name) || f.Mode()&fs.ModeType != 0 {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "rules.bundle", Err: fmt.Errorf("path %q", f.Name)}
		}
		n, err := length(f, left)
		if err != nil {
			return nil, err
		}
		left -= n
	}
	return r, nil
}

// length unpacks f to see how long it is, whatever it says of itself; it stops
// beyond left.
func length(f *zip.File, left int64) (int64, error) {
	in, err := f.Open()
	if err != nil {
		return 0, &hub.Error{Code: hub.CodeInvalid, Key: "rules.bundle", Err: err}
	}
	defer func() { _ = in.Close() }()
	n, err := io.Copy(io.Discard, io.LimitReader(in, left+1))
	if err != nil {
		return 0, &hub.Error{Code: hub.CodeInvalid, Key: "rules.bundle", Err: err}
	}
	if n > left {
		return 0, hub.Errorf(hub.CodeTooLarge, "rules.bundle_too_large", maxFiles, maxBytes>>20)
	}
	return n, nil
}
