package learn

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// overlay is base with one file more, or another in its place. It lets the
// engine load a proposal without anything being written to disk.
type overlay struct {
	base fs.FS
	file memory
}

// Open opens a file of the overlay.
func (o overlay) Open(name string) (fs.File, error) {
	if name == o.file.name {
		return &open{memory: o.file, Reader: bytes.NewReader(o.file.data)}, nil
	}
	f, err := o.base.Open(name)
	if err != nil || name != "." {
		return f, err
	}
	list, err := o.ReadDir(name)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &top{File: f, list: list}, nil
}

// ReadDir lists a folder, with the file that is laid over it.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(o.base, name)
	if err != nil || name != "." {
		return list, err
	}
	list = slices.DeleteFunc(list, func(e fs.DirEntry) bool { return e.Name() == o.file.name })
	list = append(list, fs.FileInfoToDirEntry(o.file))
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

// top is the open root folder of an overlay.
type top struct {
	fs.File
	list []fs.DirEntry // not yet read
}

// ReadDir returns the next n entries, or all that are left.
func (t *top) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(t.list) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(t.list) {
		n = len(t.list)
	}
	out := t.list[:n:n]
	t.list = t.list[n:]
	return out, nil
}

// memory is a file in memory and its own description.
type memory struct {
	name string
	data []byte
}

// Name returns the file's name.
func (m memory) Name() string { return m.name }

// Size returns the length in bytes.
func (m memory) Size() int64 { return int64(len(m.data)) }

// Mode says that it can only be read.
func (m memory) Mode() fs.FileMode { return 0o444 }

// ModTime returns the zero time: it was never stored.
func (m memory) ModTime() time.Time { return time.Time{} }

// IsDir returns false.
func (m memory) IsDir() bool { return false }

// Sys returns nil.
func (m memory) Sys() any { return nil }

// open is an open file in memory.
type open struct {
	memory
	*bytes.Reader
}

// Stat describes the file.
func (o *open) Stat() (fs.FileInfo, error) { return o.memory, nil }

// Size returns the length in bytes.
func (o *open) Size() int64 { return o.memory.Size() }

// Close does nothing.
func (o *open) Close() error { return nil }
