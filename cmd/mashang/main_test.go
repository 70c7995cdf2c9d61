package main_test

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mashang-hub/mashang/cmd/mashang/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"mashang": func() {
			os.Exit(cli.Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

// TestStories runs the command line as a person would: each file is a story.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}
