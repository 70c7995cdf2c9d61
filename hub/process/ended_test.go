package process

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// The kernel tells of a process's end; nobody looks for it again and again.
func TestTheKernelTellsOfTheEnd(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 1)
	go func() { told <- awaitEnd(cmd.Process.Pid) }()
	select {
	case err := <-told:
		t.Fatalf("it still runs: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-told; err != nil {
		t.Error(err)
	}
	_ = cmd.Wait()
	if err := awaitEnd(cmd.Process.Pid); err != nil {
		t.Errorf("of one that is no more: %v", err)
	}
}
