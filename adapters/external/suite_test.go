package external_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/external"
	"github.com/mashang-hub/mashang/adapters/proof"
	"github.com/mashang-hub/mashang/hub"
)

// goProgram builds the Go example.
func goProgram(t *testing.T) []string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "adapter")
	if text, err := exec.Command("go", "build", "-o", out, "./example/go").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, text)
	}
	return []string{out}
}

// python is an interpreter that has gRPC, or the test is skipped.
func python(t *testing.T) []string {
	t.Helper()
	for _, p := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(p, "-c", "import grpc, google.protobuf").Run() == nil {
			script, err := filepath.Abs("example/python/qihao.py")
			if err != nil {
				t.Fatal(err)
			}
			return []string{p, "-B", script}
		}
	}
	t.Skip("no python3 with grpcio: apt-get install python3-grpcio python3-protobuf")
	return nil
}

func line(id string, n int) adaptertest.Sample {
	return adaptertest.Sample{MediaType: "text/plain", Body: fmt.Sprintf("%s|v%d|139 0000 1111|2026-11-23 09:08", id, n)}
}

func quoted(command []string) string { return `["` + strings.Join(command, `", "`) + `"]` }

// TestPulled: both examples pass the contract as sources.
func TestPulled(t *testing.T) {
	for name, program := range map[string]func(*testing.T) []string{"go": goProgram, "python": python} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "lines")
			adaptertest.Run(t, adaptertest.Suite{
				Spec: external.Spec(), Options: fmt.Sprintf("{command: %s, config: {file: %q}, every: 2ms, back_off: 20ms}", quoted(program(t)), file),
				Message: line, Feed: func(all []adaptertest.Sample) error {
					var text strings.Builder
					for _, m := range all {
						text.WriteString(m.Body + "\n")
					}
					return os.WriteFile(file, []byte(text.String()), 0o600)
				},
			})
		})
	}
}

// TestPushed: both examples pass the whole suite as readers.
func TestPushed(t *testing.T) {
	for name, program := range map[string]func(*testing.T) []string{"go": goProgram, "python": python} {
		t.Run(name, func(t *testing.T) {
			spec := external.Spec()
			spec.New = external.Started(t, spec.New)
			adaptertest.Run(t, adaptertest.Suite{
				Spec: spec, Options: fmt.Sprintf("{command: %s}", quoted(program(t))),
				Config: adapters.Config{Auth: proof.Config{Keys: []proof.Secret{"a-key-of-the-suite"}}},
				Good:   adaptertest.Sample{MediaType: "text/plain", Body: "Q1|大水䃎村停暖|139 0000 1111|2026年11月23日 9时8分"},
				Want:   hub.Submission{ExternalID: "Q1", Content: hub.Content{Text: "大水䃎村停暖", Reporter: hub.Reporter{Phone: "13900001111"}}},
				Bad:    []adaptertest.Sample{{MediaType: "text/plain", Body: "没有编号"}, {MediaType: "text/plain", Body: "Q2|冷||昨天"}},
			})
		})
	}
}

func TestAProgramThatDiesComesBack(t *testing.T) {
	spec := external.Spec()
	c := adapters.Config{Code: "x", Kind: "external", Auth: proof.Config{Type: proof.None}, Options: adapters.Options(fmt.Sprintf("{command: %s, back_off: 20ms}", quoted(goProgram(t))))}
	in := &adaptertest.Intake{}
	a, err := external.Started(t, spec.New)(c, in, adapters.Deps{}.Complete())
	if err != nil {
		t.Fatal(err)
	}
	external.Kill(t, a)
	subs, err := external.Decode(t, a, "Q1|冷")
	if err != nil || len(subs) != 1 {
		t.Errorf("after a kill: %v, %v", subs, err)
	}
}

func TestOnlyTheApprovedFileIsStarted(t *testing.T) {
	command := goProgram(t)
	c := adapters.Config{Code: "x", Kind: "external", Auth: proof.Config{Type: proof.None}, Options: adapters.Options(fmt.Sprintf("{command: %s, sha256: {%q: %q}}", quoted(command), command[0], strings.Repeat("0", 64)))}
	a, err := external.New(c, &adaptertest.Intake{}, adapters.Deps{}.Complete())
	if err != nil {
		t.Fatal(err)
	}
	if err := external.Start(t, a); err == nil || !strings.Contains(err.Error(), "approved") {
		t.Errorf("a changed file: %v", err)
	}
}
