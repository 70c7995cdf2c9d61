package main_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mashang-hub/mashang/cmd/mashang/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"mashang": func() {
			// As main does: who is told to end stops the database that it started.
			ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			os.Exit(cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

// TestStories runs the command line as a person would: each file is a story.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Condition: condition})
}

// condition tells a story what the machine has.
func condition(name string) (bool, error) {
	if name != "python-grpc" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	return exec.Command("/usr/bin/python3", "-c", "import grpc, google.protobuf, cryptography").Run() == nil, nil
}

func TestExitCodesAreHonest(t *testing.T) {
	for args, want := range map[string]int{
		"version":                                0,
		"rules run --input missing.jsonl":        2,
		"nonsense":                               2,
		"case show":                              2,
		"case list --url http://127.0.0.1:1":     3,
		"doctor --url http://127.0.0.1:1":        3,
		"rules check --config testdata/nowhere":  2,
		"serve --data testdata/never --kafka x":  2,
		"submit --channel qr testdata/none.json": 2,
	} {
		t.Setenv("MASHANG_TOKEN", "")
		if got := cli.Run(t.Context(), strings.Fields(args), strings.NewReader(""), io.Discard, io.Discard); got != want {
			t.Errorf("mashang %s: exit code %d, want %d", args, got, want)
		}
	}
}
