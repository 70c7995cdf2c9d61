// Package all lists the departments that are built in. It refuses to configure
// or start them. Start with Department.
package all

import (
	"log/slog"
	"slices"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins"
	"github.com/mashang-hub/mashang/plugins/heating"
	"github.com/mashang-hub/mashang/plugins/housing"
	"github.com/mashang-hub/mashang/plugins/labor"
	"github.com/mashang-hub/mashang/plugins/relay"
)

// Kinds returns the kinds of built-in departments.
func Kinds() []string { return []string{"heating", "housing", "labor", "relay"} }

// Has reports whether kind is built in.
func Has(kind string) bool { return slices.Contains(Kinds(), kind) }

// Department returns a new department of the kind, to be configured, and
// whether there is such a kind.
func Department(kind string, clock hub.Clock, log *slog.Logger) (plugins.Department, bool) {
	switch kind {
	case "heating":
		return heating.New(clock, log), true
	case "housing":
		return housing.New(clock, log), true
	case "labor":
		return labor.New(clock, log), true
	case "relay":
		return relay.New(clock, log), true
	}
	return nil, false
}
