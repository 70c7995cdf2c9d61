package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/cmd/mashang/cli"
	"github.com/mashang-hub/mashang/cmd/mashang/doctor"
)

// The doctor looks at an Apache Kafka that wants TLS and a login: it says that
// all is well, or what is not.
func TestTheDoctorLooksAtAGuardedApacheKafka(t *testing.T) {
	addr, ca := os.Getenv("MASHANG_TEST_KAFKA_TLS"), os.Getenv("MASHANG_TEST_KAFKA_CA")
	if addr == "" {
		t.Skip("MASHANG_TEST_KAFKA_TLS is not set to the host:port of an Apache Kafka: .ci/kafka/run sets it")
	}
	strange := t.TempDir() + "/ca.pem"
	if err := os.WriteFile(strange, newAuthority(t).pem, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, look := range []struct{ ca, password, want string }{
		{ca, "s3cret-512", "连接正常"},
		{ca, "guess", "SCRAM-SHA-512"},
		{strange, "s3cret-512", "unknown authority"},
	} {
		t.Setenv("MASHANG_KAFKA_PASSWORD", look.password)
		f := brokerFinding(t, "--kafka", addr, "--kafka-ca", look.ca, "--kafka-user", "mashang")
		if f.OK != (look.want == "连接正常") || !strings.Contains(f.Detail, look.want) || !f.OK && !strings.Contains(f.Remedy, "--kafka-ca") {
			t.Errorf("with %s and %s: %+v, want %s", look.ca, look.password, f, look.want)
		}
	}
}

// brokerFinding is what the doctor says of the broker.
func brokerFinding(t *testing.T, args ...string) doctor.Finding {
	t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{"doctor", "--offline", "-o", "json", "--data", t.TempDir(), "--listen", "127.0.0.1:0"}, args...)
	cli.Run(t.Context(), args, strings.NewReader(""), &out, &errs)
	var said struct{ Findings []doctor.Finding }
	if err := json.Unmarshal(out.Bytes(), &said); err != nil {
		t.Fatalf("%v: %s %s", err, out.String(), errs.String())
	}
	i := slices.IndexFunc(said.Findings, func(f doctor.Finding) bool { return f.Name == "kafka" })
	if i < 0 {
		t.Fatalf("nothing of kafka in %s", out.String())
	}
	return said.Findings[i]
}
