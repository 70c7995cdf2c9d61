// Package accesstest lets tests of pages and routes say who is asking.
package accesstest

import (
	"net/http"

	"github.com/mashang-hub/mashang/hub/access"
)

// A Gate takes everybody for one principal.
type Gate access.Principal

// Principal returns that principal.
func (g Gate) Principal(*http.Request) (access.Principal, error) { return access.Principal(g), nil }

// Anybody is a gate that takes everybody for a service with all rights.
func Anybody() Gate { return Gate(access.Service("test", "测试")) }

// As is a gate that takes everybody for a person with these grants.
func As(grants ...access.Grant) Gate {
	return Gate{Account: "test", Name: "测试员", Grants: grants}
}
