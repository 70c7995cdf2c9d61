// Package python carries the Python side of the plugin contract, so that a new
// plugin can be made without a download. It is no Go code to call; start with
// mashang_plugin.py.
package python

import _ "embed" // the two modules

// Module is mashang_plugin.py, what an author calls.
//
//go:embed mashang_plugin.py
var Module []byte

// Messages is department_pb2.py, generated from department.proto.
//
//go:embed department_pb2.py
var Messages []byte
