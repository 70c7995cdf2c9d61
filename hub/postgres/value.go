package postgres

import (
	"strings"
	"time"
)

// Clean removes what PostgreSQL refuses in a text.
func Clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// Null makes the zero time NULL.
func Null(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Zero makes NULL the zero time; every other time is in UTC.
func Zero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
