package kafkain

import (
	"fmt"

	"github.com/mashang-hub/mashang/adapters"
)

// A Config holds the options of the kind.
type Config struct {
	// Brokers are host:port.
	Brokers []string `yaml:"brokers" doc:"Kafka 地址，如 [10.0.0.5:9092]"`
	// Topic is read.
	Topic string `yaml:"topic" doc:"要读的主题"`
	// Group remembers how far it was read.
	Group string `yaml:"group" doc:"消费组，默认 mashang-渠道代码；对方据此授权"`
	// Start says where a new group begins.
	Start string `yaml:"start" doc:"消费组第一次从哪里读，默认 oldest" enum:"oldest,newest"`
	// User and Password log in.
	User     string          `yaml:"user" doc:"SASL 用户名；不填则不登录"`
	Password adapters.Secret `yaml:"password" doc:"SASL 口令，写成 ${环境变量}"`
	// Mechanism is how.
	Mechanism string `yaml:"mechanism" doc:"登录方式，默认 PLAIN" enum:"PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"`
	// TLS encrypts the connection.
	TLS bool `yaml:"tls" doc:"是否用 TLS 连接"`
	// MediaType is that of records that do not say.
	MediaType string `yaml:"media_type" doc:"消息没有 content-type 头时的内容类型，默认 application/json"`
}

// Default returns a Config without addresses.
func Default() Config {
	return Config{Start: "oldest", Mechanism: "PLAIN", MediaType: "application/json"}
}

// Validate reports what is wrong with c and how to mend it.
func (c Config) Validate() error {
	switch {
	case len(c.Brokers) == 0:
		return fmt.Errorf("brokers is missing: 写上 Kafka 地址，如 [10.0.0.5:9092]")
	case c.Topic == "":
		return fmt.Errorf("topic is missing: 写上要读的主题")
	case c.User != "" && c.Password == "":
		return fmt.Errorf("password is missing: 写成 ${环境变量}")
	case c.User != "" && !c.TLS && c.Mechanism == "PLAIN":
		return fmt.Errorf("tls: PLAIN 方式会明文传口令，请同时写 tls: true，或改用 SCRAM-SHA-256")
	}
	return nil
}
