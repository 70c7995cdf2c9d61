// Package pluginpb is the generated code of plugins/department.proto, the
// contract between the hub and a department's plugin.
//
// Nothing is written by hand here. Start with package plugins, which says the
// same in Go.
package pluginpb

//go:generate protoc -I .. --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative ../department.proto
