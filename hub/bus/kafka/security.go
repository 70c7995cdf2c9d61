package kafka

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"

	"github.com/mashang-hub/mashang/hub"
)

// A Secret is a password; it prints as <secret>.
type Secret string

// String hides the password.
func (Secret) String() string { return "<secret>" }

// GoString hides the password.
func (Secret) GoString() string { return "<secret>" }

// LogValue hides the password.
func (Secret) LogValue() slog.Value { return slog.StringValue("<secret>") }

// MarshalText hides the password.
func (Secret) MarshalText() ([]byte, error) { return []byte("<secret>"), nil }

// A Security says how to connect to brokers of somebody else's. The zero value
// connects without encryption, as to a broker on the same machine.
type Security struct {
	// TLS encrypts; naming any of the files below does so too.
	TLS bool
	// CA is a PEM file of the authorities to trust; "" trusts those of the
	// machine. Cert and Key are PEM files of the hub's own certificate, when
	// the brokers ask for one.
	CA, Cert, Key string
	// User logs in with Password; "" does not log in.
	User     string
	Password Secret
	// Mechanism is "scram-sha-512" (also for ""), "scram-sha-256" or "plain";
	// plain sends the password and is refused without TLS.
	Mechanism string
}

// Validate reports what is wrong, and reads the files to find out.
func (s Security) Validate() error { return s.apply(sarama.NewConfig()) }

// apply puts s into c.
func (s Security) apply(c *sarama.Config) error {
	if s.TLS || s.CA != "" || s.Cert != "" || s.Key != "" {
		config, err := s.tls()
		if err != nil {
			return err
		}
		c.Net.TLS.Enable, c.Net.TLS.Config = true, config
	}
	if s.User == "" {
		if s.Password != "" || s.Mechanism != "" {
			return hub.Errorf(hub.CodeInvalid, "bus.security", "a password or mechanism without a user")
		}
		return nil
	}
	if s.Password == "" {
		return hub.Errorf(hub.CodeInvalid, "bus.security", "user "+s.User+" has no password: set MASHANG_KAFKA_PASSWORD")
	}
	c.Net.SASL.Enable, c.Net.SASL.User, c.Net.SASL.Password = true, s.User, string(s.Password)
	return s.mechanism(c)
}

func (s Security) mechanism(c *sarama.Config) error {
	switch strings.ToLower(s.Mechanism) {
	case "", "scram-sha-512":
		c.Net.SASL.Mechanism = sarama.SASLTypeSCRAMSHA512
		c.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return &scramClient{hash: sha512.New} }
	case "scram-sha-256":
		c.Net.SASL.Mechanism = sarama.SASLTypeSCRAMSHA256
		c.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return &scramClient{hash: sha256.New} }
	case "plain":
		if !c.Net.TLS.Enable {
			return hub.Errorf(hub.CodeInvalid, "bus.security", "plain sends the password: use TLS with it")
		}
		c.Net.SASL.Mechanism = sarama.SASLTypePlaintext
	default:
		return hub.Errorf(hub.CodeInvalid, "bus.security",
			"mechanism "+s.Mechanism+" is not one of scram-sha-512, scram-sha-256, plain")
	}
	return nil
}

func (s Security) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "bus.security", Args: []any{s.CA}, Err: err}
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, hub.Errorf(hub.CodeInvalid, "bus.security", s.CA+" holds no PEM certificate")
		}
	}
	if s.Cert == "" && s.Key == "" {
		return config, nil
	}
	pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
	if err != nil {
		return nil, &hub.Error{
			Code: hub.CodeInvalid, Key: "bus.security", Args: []any{s.Cert + ", " + s.Key},
			Err: fmt.Errorf("read certificate and key: %w", err),
		}
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// secured returns the settings with s in them.
func secured(s Security) (*sarama.Config, error) {
	c := Config()
	return c, s.apply(c)
}

// first returns the only element, or the zero value.
func first(s []Security) Security {
	if len(s) == 0 {
		return Security{}
	}
	return s[0]
}

// scramClient is sarama's view of a SCRAM conversation.
type scramClient struct {
	hash scram.HashGeneratorFcn
	conv *scram.ClientConversation
}

// Begin starts a conversation.
func (c *scramClient) Begin(user, password, authzID string) error {
	client, err := c.hash.NewClient(user, password, authzID)
	if err != nil {
		return fmt.Errorf("begin SCRAM: %w", err)
	}
	c.conv = client.NewConversation()
	return nil
}

// Step answers the broker's challenge.
func (c *scramClient) Step(challenge string) (string, error) { return c.conv.Step(challenge) }

// Done reports that the conversation has ended.
func (c *scramClient) Done() bool { return c.conv.Done() }
