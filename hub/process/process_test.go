package process_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	goplugin "github.com/hashicorp/go-plugin"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/process"
)

// script is a program in the shell; what it leaves is in dir.
func script(t *testing.T, dir, text string) process.Spec {
	t.Helper()
	return process.Spec{
		Command: []string{"sh", "-c", text}, Dir: dir, Env: append(process.Environ("PATH"), "HOME="+dir),
		RunDir: filepath.Join(dir, "run"), Start: 5 * time.Second,
		Handshake: goplugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "K", MagicCookieValue: "V"},
		Log:       slog.New(slog.DiscardHandler), Label: "plugin",
	}
}

// A program that does not speak go-plugin is an error that quotes it, and
// neither it nor what it started nor its folder is left.
func TestAProgramOfAnotherKindLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var said bytes.Buffer
	spec := script(t, dir, "sleep 600 & echo $! >child; echo 出错了 >&2; echo hello; wait")
	spec.Stderr = &said
	if p, err := process.Start(spec); err == nil {
		p.Kill()
		t.Fatal("it was taken for a plugin")
	}
	text, err := os.ReadFile(filepath.Join(dir, "child"))
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for late := time.Now().Add(5 * time.Second); syscall.Kill(child, 0) == nil && !zombie(child); {
		if time.Now().After(late) {
			t.Fatal("its child is left")
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "run", "*")); len(left) > 0 {
		t.Errorf("left in the run folder: %v", left)
	}
}

// zombie reports whether pid is dead and only waits to be counted.
func zombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// It knows nothing of the hub but what it was given.
func TestTheEnvironmentIsWhatWasGiven(t *testing.T) {
	t.Setenv("MASHANG_SECRET", "s3cret")
	dir := t.TempDir()
	if p, err := process.Start(script(t, dir, "env >env")); err == nil {
		p.Kill()
		t.Fatal("it was taken for a plugin")
	}
	env, err := os.ReadFile(filepath.Join(dir, "env"))
	if err != nil || bytes.Contains(env, []byte("s3cret")) || !bytes.Contains(env, []byte("PLUGIN_UNIX_SOCKET_DIR="+dir)) {
		t.Errorf("%s, %v", env, err)
	}
}

// A socket's path has 107 bytes: a folder that leaves no room is refused in
// words, and before anything runs.
func TestARunFolderMustLeaveRoomForTheSocket(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	spec := script(t, dir, "touch ran")
	spec.RunDir = filepath.Join(dir, strings.Repeat("d", 100))
	_, err := process.Start(spec)
	if e, ok := err.(*hub.Error); !ok || e.Key != "plugin.run_dir_too_long" { //nolint:errorlint // the outermost error is meant
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
		t.Error("it ran")
	}
	if left, _ := filepath.Glob(filepath.Join(spec.RunDir, "*")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}
