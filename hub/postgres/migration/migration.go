// Package migration holds the numbered steps that build the database. They are
// append-only: a step that was released is never edited. Start with FS.
package migration

import "embed"

// FS returns the steps, one goose file each.
func FS() embed.FS { return files }

//go:embed *.sql
var files embed.FS
