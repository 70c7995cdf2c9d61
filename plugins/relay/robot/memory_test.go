package robot_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
	"github.com/mashang-hub/mashang/plugins/relay/robot"
)

// again starts another process for the robot of g, with what dir remembers.
func again(t *testing.T, g *group, url, dir string) *robot.Robot {
	t.Helper()
	c := robot.Default()
	c.URL, c.Allow, c.State = url+"/send?key=KEY", egress.Loopback(), dir
	r, err := robot.New(robot.WeCom, c, g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// spread hands in an alert each second for a while, starting a new process
// every crash seconds, and returns how many posts any minute saw at most.
func spread(t *testing.T, dir string, crash int) (most, posts int) {
	t.Helper()
	g := &group{vendor: robot.WeCom, now: time.Date(2026, 11, 22, 10, 5, 0, 0, time.UTC)}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	r := again(t, g, server.URL, dir)
	for second := range 150 {
		if second%crash == crash-1 {
			r = again(t, g, server.URL, dir)
		}
		for _, rc := range r.Send(t.Context(), alerts(second, 1)) {
			if rc.Outcome == hub.RetryLater {
				t.Fatalf("the vendor refused: %+v", rc)
			}
		}
		g.pass(time.Second)
	}
	for i, at := range g.times {
		n := 0
		for _, b := range g.times[:i+1] {
			if at.Sub(b) < time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most, len(g.posts)
}

// TestARestartDoesNotBreakTheLimit: a process that dies every seven seconds
// still posts no more than twenty times in any minute, and posts.
func TestARestartDoesNotBreakTheLimit(t *testing.T) {
	if most, posts := spread(t, t.TempDir(), 7); most > 20 || posts < 40 {
		t.Errorf("%d posts in a minute, %d in all", most, posts)
	}
	// Nothing is remembered: the minute before is taken to have been full.
	if most, posts := spread(t, "", 70); most > 20 || posts == 0 {
		t.Errorf("without a folder: %d posts in a minute, %d in all", most, posts)
	}
}

func TestASpoiltMemoryIsAFullMinute(t *testing.T) {
	dir := t.TempDir()
	g := &group{vendor: robot.WeCom, now: time.Date(2026, 11, 22, 10, 5, 0, 0, time.UTC)}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	if got := again(t, g, server.URL, dir).Send(t.Context(), alerts(1, 1)); got[0].Outcome != hub.Delivered {
		t.Fatalf("the first of all: %+v", got)
	}
	files, err := filepath.Glob(filepath.Join(dir, "robot-*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if err := os.WriteFile(files[0], []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := again(t, g, server.URL, dir).Send(t.Context(), alerts(2, 1)); got[0].Outcome != hub.NotTried || got[0].RetryAfter != time.Minute {
		t.Errorf("with a spoilt file: %+v", got)
	}
}

// TestSilenceOutlivesTheProcess: what the vendor asked for holds for the next.
func TestSilenceOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	g := &group{vendor: robot.WeCom, now: time.Date(2026, 11, 22, 10, 5, 0, 0, time.UTC), refuse: `{"errcode":45009,"errmsg":"freq"}`}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	again(t, g, server.URL, dir).Send(t.Context(), alerts(1, 1))
	g.refuse = ""
	if got := again(t, g, server.URL, dir).Send(t.Context(), alerts(1, 1)); got[0].Outcome != hub.NotTried || got[0].RetryAfter != time.Minute {
		t.Errorf("the new process: %+v", got)
	}
}
