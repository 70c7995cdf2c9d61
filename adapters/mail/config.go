package mail

import (
	"fmt"
	"net"
	"time"

	"github.com/mashang-hub/mashang/adapters"
)

// A Config holds the options of the kind.
type Config struct {
	// Address is host:port.
	Address string `yaml:"address" doc:"IMAP 服务器地址，如 imap.example.gov.cn:993"`
	// User logs in.
	User string `yaml:"user" doc:"邮箱账号"`
	// Password is the user's.
	Password adapters.Secret `yaml:"password" doc:"口令或授权码，写成 ${环境变量}"`
	// Security is how the connection is encrypted.
	Security string `yaml:"security" doc:"加密方式，默认 tls；none 只能用于本机" enum:"tls,starttls,none"`
	// Mailbox is read.
	Mailbox string `yaml:"mailbox" doc:"读哪个文件夹，默认 INBOX；读过的标为已读"`
	// Every is how often it is looked at.
	Every time.Duration `yaml:"every" doc:"多久看一次，默认 30s"`
	// Timeout bounds one round.
	Timeout time.Duration `yaml:"timeout" doc:"一次最多多久，默认 2m"`
}

// Default returns a Config without a mailbox's owner.
func Default() Config {
	return Config{Security: "tls", Mailbox: "INBOX", Every: 30 * time.Second, Timeout: 2 * time.Minute}
}

// Validate reports what is wrong with c and how to mend it.
func (c Config) Validate() error {
	host, _, err := net.SplitHostPort(c.Address)
	switch {
	case c.Address == "":
		return fmt.Errorf("address is missing: 写上 IMAP 服务器地址，如 imap.example.gov.cn:993")
	case err != nil:
		return fmt.Errorf("address: 应为 主机:端口")
	case c.User == "" || c.Password == "":
		return fmt.Errorf("user: 写上 user 和 password")
	case c.Security == "none" && !net.ParseIP(host).IsLoopback():
		return fmt.Errorf("security: none 只能用于本机地址，请用 tls 或 starttls")
	case c.Every <= 0 || c.Timeout <= 0:
		return fmt.Errorf("every: every 和 timeout 应大于 0")
	}
	return nil
}
