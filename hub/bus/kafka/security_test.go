package kafka_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
)

// files are a certificate authority, and certificates of it.
type files struct {
	dir    string
	parent *x509.Certificate
	key    *ecdsa.PrivateKey
}

func authority(t *testing.T) files {
	t.Helper()
	f := files{dir: t.TempDir()}
	f.parent = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true,
	}
	f.parent, f.key = f.issue(t, "ca", f.parent)
	return f
}

// issue writes name.pem and name.key.
func (f files) issue(t *testing.T, name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer := f.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, f.parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		f.path(name + ".pem"): {Type: "CERTIFICATE", Bytes: der},
		f.path(name + ".key"): {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed, key
}

func (f files) path(name string) string { return filepath.Join(f.dir, name) }

func (f files) leaf(t *testing.T, name string) {
	t.Helper()
	f.issue(t, name, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
}

// guarded starts a broker that wants a client certificate and a login.
func guarded(t *testing.T, f files) string {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(f.path("broker.pem"), f.path("broker.key"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(f.parent)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}),
		kfake.EnableSASL(),
		kfake.Superuser("SCRAM-SHA-512", "big", "s3cret-512"),
		kfake.Superuser("SCRAM-SHA-256", "small", "s3cret-256"),
		kfake.Superuser("PLAIN", "plain", "s3cret-plain"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster.ListenAddrs()[0]
}

func TestTLSAndLogin(t *testing.T) {
	f := authority(t)
	f.leaf(t, "broker")
	f.leaf(t, "client")
	addr := guarded(t, f)
	base := kafka.Security{CA: f.path("ca.pem"), Cert: f.path("client.pem"), Key: f.path("client.key")}
	for user, mechanism := range map[string]string{"big": "", "small": "scram-sha-256", "plain": "PLAIN"} {
		t.Run(user, func(t *testing.T) {
			s := base
			s.User, s.Mechanism = user, mechanism
			s.Password = map[string]kafka.Secret{"big": "s3cret-512", "small": "s3cret-256", "plain": "s3cret-plain"}[user]
			roundTrip(t, addr, s)
		})
	}
	wrong := base
	wrong.User, wrong.Password = "big", "guess"
	noCert := kafka.Security{CA: base.CA, User: "big", Password: "s3cret-512"}
	stranger := base
	stranger.CA, stranger.User, stranger.Password = "", "big", "s3cret-512" // the machine does not know our authority
	stranger.TLS = true
	for name, c := range map[string]struct {
		kafka.Security
		key string
	}{
		"a wrong password": {wrong, "bus.hung_up"}, "an unknown authority": {stranger, "bus.certificate"}, "in the clear": {kafka.Security{}, "bus.hung_up"},
		"no certificate": {noCert, "bus.unavailable"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, addr, c.Security, c.key) })
	}
}

// refused wants both who connect first to say key, and no password.
func refused(t *testing.T, addr string, s kafka.Security, key string) {
	t.Helper()
	p, err := kafka.NewPublisher([]string{addr}, nil, s)
	if err == nil {
		_ = p.Close()
	}
	for _, err := range []error{err, kafka.EnsureTopics(t.Context(), []string{addr}, nil, s)} {
		if e, ok := errors.AsType[*hub.Error](err); !ok || e.Key != key || strings.Contains(err.Error(), string(s.Password)) && s.Password != "" {
			t.Errorf("got %v, want %s", err, key)
		}
	}
}

// TestLoginRefused answers a wrong password as Apache Kafka does, with an error
// code; the embedded broker hangs up instead.
func TestLoginRefused(t *testing.T) {
	f := authority(t)
	f.leaf(t, "broker")
	pair, err := tls.LoadX509KeyPair(f.path("broker.pem"), f.path("broker.key"))
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	cluster.ControlKey(int16(kmsg.SASLAuthenticate), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		answer := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		answer.ErrorCode = kerr.SaslAuthenticationFailed.Code
		return answer, nil, true
	})
	s := kafka.Security{CA: f.path("ca.pem"), User: "mashang", Password: "guess"}
	for _, s.Mechanism = range []string{"scram-sha-512", "plain"} {
		refused(t, cluster.ListenAddrs()[0], s, "bus.login_refused")
	}
}

// TestTLSAndLoginOnApacheKafka is the same on the real broker.
func TestTLSAndLoginOnApacheKafka(t *testing.T) {
	addr, ca := os.Getenv("MASHANG_TEST_KAFKA_TLS"), os.Getenv("MASHANG_TEST_KAFKA_CA")
	if addr == "" {
		t.Skip("MASHANG_TEST_KAFKA_TLS is not set to the host:port of an Apache Kafka: .ci/kafka/run sets it")
	}
	right := kafka.Security{CA: ca, User: "mashang", Password: "s3cret-512"}
	roundTrip(t, addr, right)
	wrong, strange := right, right
	wrong.Password, strange.CA = "guess", authority(t).path("ca.pem")
	refused(t, addr, wrong, "bus.login_refused")
	refused(t, addr, strange, "bus.certificate")
}

// roundTrip carries a message there and back.
func roundTrip(t *testing.T, addr string, s kafka.Security) {
	t.Helper()
	topic := strings.ToLower(strings.ReplaceAll(t.Name(), "/", "."))
	if err := kafka.EnsureTopics(t.Context(), []string{addr}, []bus.Topic{{Name: topic, Partitions: 1}}, s); err != nil {
		t.Fatal(err)
	}
	p, err := kafka.NewPublisher([]string{addr}, nil, s)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	if err := p.Publish(topic, message.NewMessage("1", []byte("hello"))); err != nil {
		t.Fatal(err)
	}
	sub, err := kafka.NewSubscriber(kafka.SubscriberConfig{Brokers: []string{addr}, Group: topic, Security: s})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sub.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got := ""
	err = sub.Consume(ctx, []string{topic}, func(_ context.Context, msgs []*message.Message) error {
		got = string(msgs[0].Payload)
		cancel()
		return nil
	})
	if err != nil || got != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSecurityIsCheckedBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	notPEM := filepath.Join(t.TempDir(), "x.pem")
	if err := os.WriteFile(notPEM, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]kafka.Security{
		"no password":             {User: "u"},
		"a password alone":        {Password: "p"},
		"plain in the clear":      {User: "u", Password: "p", Mechanism: "plain"},
		"an unknown mechanism":    {User: "u", Password: "p", Mechanism: "gssapi"},
		"a missing authority":     {CA: "nowhere.pem"},
		"no authority in it":      {CA: notPEM},
		"a certificate, no key":   {Cert: notPEM},
		"a key that is not a key": {Cert: notPEM, Key: notPEM},
	} {
		err := s.Validate()
		if e, ok := err.(*hub.Error); !ok || e.Key != "bus.security" || e.Code != hub.CodeInvalid { //nolint:errorlint // the outermost
			t.Errorf("%s: %v", name, err)
		}
		if _, err := kafka.NewSubscriber(kafka.SubscriberConfig{Brokers: []string{"b"}, Group: "g", Security: s}); err == nil {
			t.Errorf("%s: a subscriber was made", name)
		}
	}
	if err := (kafka.Security{}).Validate(); err != nil {
		t.Errorf("the zero value: %v", err)
	}
}

func TestAPasswordIsNeverShown(t *testing.T) {
	t.Parallel()
	s := kafka.Security{User: "u", Password: "hunter2"}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{string(text), fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), s.Password.LogValue().String()} {
		if strings.Contains(shown, "hunter2") || !strings.Contains(shown, "secret>") && !strings.Contains(shown, "secret\\u003e") {
			t.Errorf("shown as %s", shown)
		}
	}
}
