// Package configs carries the configuration of the demo city, so that one
// binary can start without any file beside it. A city is a folder: copy
// baiyin, change it, and start mashang with it.
//
// It refuses to read or check what it carries: package cmd/mashang/city does.
// Start with [Baiyin].
package configs

import (
	"embed"
	"io/fs"
)

//go:embed all:baiyin
var files embed.FS

// Baiyin returns the folder of the demo city Baiyin (白银市).
func Baiyin() fs.FS {
	sub, err := fs.Sub(files, "baiyin")
	if err != nil {
		panic(err) // only an invalid path, and ours is a constant
	}
	return sub
}
