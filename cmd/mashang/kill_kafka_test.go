package main_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// A kafkaNode is an Apache Kafka in a process group of its own.
type kafkaNode struct {
	dir, addr string
	cmd       *exec.Cmd
	exited    chan struct{}
}

// startKafka makes a node with its log in dir and runs it.
func startKafka(t *testing.T, dir string) *kafkaNode {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &kafkaNode{dir: dir, addr: l.Addr().String()}
	_ = l.Close()
	if err := k.run(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.stop)
	return k
}

// run starts the node and returns when it takes connections.
func (k *kafkaNode) run() error {
	_, port, err := net.SplitHostPort(k.addr)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(k.dir, 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(k.dir, "out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	cmd := exec.Command("../../.ci/kafka/start.sh", port, k.dir)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	k.cmd, k.exited = cmd, make(chan struct{})
	go func() { _ = cmd.Wait(); close(k.exited) }()
	return k.await()
}

func (k *kafkaNode) await() error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(5 * time.Minute); ; {
		if c, err := net.Dial("tcp", k.addr); err == nil {
			return c.Close()
		}
		select {
		case <-tick.C:
		case <-k.exited:
			text, _ := os.ReadFile(filepath.Join(k.dir, "out"))
			return fmt.Errorf("Kafka ended: %s", text[max(0, len(text)-2000):]) //nolint:staticcheck // a name
		case <-end:
			return fmt.Errorf("no Kafka at %s", k.addr)
		}
	}
}

// jvm returns the process that is Kafka now, 0 if there is none.
func (k *kafkaNode) jvm() int {
	pid := k.cmd.Process.Pid // start.sh ends in exec java
	line, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if !bytes.Contains(line, []byte("kafka.Kafka")) {
		return 0
	}
	return pid
}

func (k *kafkaNode) stop() {
	_ = syscall.Kill(-k.cmd.Process.Pid, syscall.SIGKILL)
	<-k.exited
}

func (r *rig) killKafka() {
	pid := r.kafka.jvm()
	if pid == 0 {
		r.fail("no Kafka runs")
	}
	r.kill(pid)
	<-r.kafka.exited
	if err := r.kafka.run(); err != nil {
		r.fail("%v", err)
	}
}
