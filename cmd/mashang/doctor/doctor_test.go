package doctor_test

import (
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/cmd/mashang/doctor"
	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub/bus/embedded"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// well is a setup with which a hub starts.
func well(t *testing.T) doctor.Setup {
	t.Helper()
	return doctor.Setup{
		Data: t.TempDir(), Listen: "127.0.0.1:0", City: configs.Baiyin(),
		Getenv: func(string) string { return "set" },
		Now:    time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC),
	}
}

func find(t *testing.T, all []doctor.Finding, name string) doctor.Finding {
	t.Helper()
	for _, f := range all {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no finding %s in %+v", name, all)
	return doctor.Finding{}
}

func TestAHealthyMachineHasNothingBad(t *testing.T) {
	b, err := embedded.Start(t.Context(), t.TempDir(), "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	s := well(t)
	s.Kafka, s.Postgres = []string{b.Addr()}, pgtest.DSN(t)
	for _, f := range doctor.Look(t.Context(), s) {
		if !f.OK || f.Level == doctor.Bad {
			t.Errorf("%+v", f)
		}
		if f.Level != doctor.OK && f.Remedy == "" {
			t.Errorf("no remedy: %+v", f)
		}
	}
	if left, _ := os.ReadDir(s.Data); len(left) > 0 {
		t.Errorf("left in the data folder: %v", left)
	}
}

func TestEachFaultIsFoundWithItsRemedy(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	broken := cityWith(t, "rules/broken.yaml", "规则: [{编号: 坏, 当: 含任一(}]")
	for name, c := range map[string]struct {
		finding string
		level   doctor.Level
		detail  string
		spoil   func(*doctor.Setup)
	}{
		"a folder that cannot be": {"data", doctor.Bad, "", func(s *doctor.Setup) { s.Data = "/proc/no/such" }},
		"a port in use":           {"port", doctor.Bad, "in use", func(s *doctor.Setup) { s.Listen = busy.Addr().String() }},
		"no database there":       {"postgresql", doctor.Bad, "refused", func(s *doctor.Setup) { s.Postgres = "postgres://x@127.0.0.1:1/x" }},
		"no Kafka there":          {"kafka", doctor.Bad, "refused", func(s *doctor.Setup) { s.Kafka = []string{"127.0.0.1:1"} }},
		"a broken city":           {"city", doctor.Bad, "mashang.yaml", func(s *doctor.Setup) { s.City = cityWith(t, "mashang.yaml", "nonsense: true\n") }},
		"a broken rule":           {"rules", doctor.Bad, "broken.yaml", func(s *doctor.Setup) { s.City = broken }},
		"a year not published":    {"calendar 2028", doctor.Bad, "2028", func(s *doctor.Setup) { s.Now = s.Now.AddDate(2, 0, 0) }},
		"the next year":           {"calendar 2027", doctor.Warning, "2027", func(*doctor.Setup) {}},
		"demonstration secrets":   {"secrets", doctor.Warning, "MASHANG_HOTLINE_TOKEN", func(s *doctor.Setup) { s.Getenv = func(string) string { return "" } }},
		"a secret that is not set": {"secrets", doctor.Bad, "MASHANG_NEW_TOKEN", func(s *doctor.Setup) {
			s.City = cityWith(t, "channels/extra.yaml", "token: ${MASHANG_NEW_TOKEN}\n# ${MASHANG_COMMENT}\n")
			s.Getenv = func(string) string { return "" }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := well(t)
			c.spoil(&s)
			f := find(t, doctor.Look(t.Context(), s), c.finding)
			if f.Level != c.level || f.OK == (c.level == doctor.Bad) || !strings.Contains(f.Detail, c.detail) || f.Remedy == "" {
				t.Errorf("%+v, want %s with %q and a remedy", f, c.level, c.detail)
			}
			if strings.Contains(f.Detail, "MASHANG_COMMENT") {
				t.Error("a comment was read")
			}
		})
	}
}

func TestAPortOfARunningHubIsFine(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	s := well(t)
	s.Listen = strings.TrimPrefix(srv.URL, "http://")
	if f := find(t, doctor.Look(t.Context(), s), "port"); !f.OK {
		t.Errorf("%+v", f)
	}
}

// cityWith copies the demo city and changes one file.
func cityWith(t *testing.T, name, text string) fs.FS {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, configs.Baiyin()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return os.DirFS(dir)
}
