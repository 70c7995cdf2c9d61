package files

import (
	"fmt"
	"path"
	"time"

	"github.com/mashang-hub/mashang/adapters"
)

// A Config holds the options of the kind.
type Config struct {
	// Folder is watched; relative to the data folder, or to the login folder
	// of SFTP.
	Folder string `yaml:"folder" doc:"监视的文件夹；相对于数据目录，用 SFTP 时相对于登录目录"`
	// Pattern says which files count.
	Pattern string `yaml:"pattern" doc:"只收这样的文件名，如 *.csv；不填为全部"`
	// Settle is how long a file must have been left alone.
	Settle time.Duration `yaml:"settle" doc:"文件静置多久才读，避免读到正在拷贝的文件，默认 2s"`
	// Every is how often the folder is looked at.
	Every time.Duration `yaml:"every" doc:"多久看一次，默认 5s"`
	// Receipts writes the numbers of each file beside it.
	Receipts bool `yaml:"receipts" doc:"是否在旁边写一份 .receipt.json 回执"`
	// SFTP is the server that has the folder.
	SFTP *SFTP `yaml:"sftp" doc:"文件夹在 SFTP 服务器上时填"`
}

// SFTP says how a server is reached.
type SFTP struct {
	// Address is host:port.
	Address string `yaml:"address" doc:"服务器地址，如 10.0.0.8:22"`
	// User logs in.
	User string `yaml:"user" doc:"用户名"`
	// Password is the user's; or Key.
	Password adapters.Secret `yaml:"password" doc:"口令，写成 ${环境变量}"`
	// Key is a private key in PEM.
	Key adapters.Secret `yaml:"key" doc:"私钥（PEM），写成 ${环境变量}"`
	// HostKey is the server's public key; another server is not talked to.
	HostKey string `yaml:"host_key" doc:"服务器公钥，如 ssh-ed25519 AAAA…（用 ssh-keyscan 取）"`
}

// Default returns a Config without a folder.
func Default() Config { return Config{Settle: 2 * time.Second, Every: 5 * time.Second} }

// Validate reports what is wrong with c and how to mend it.
func (c Config) Validate() error {
	if c.Folder == "" {
		return fmt.Errorf("folder is missing: 写上监视的文件夹")
	}
	if c.Every <= 0 {
		return fmt.Errorf("every: 应大于 0，如 5s")
	}
	if _, err := path.Match(c.Pattern, "x"); err != nil {
		return fmt.Errorf("pattern: 通配符写法不对")
	}
	if s := c.SFTP; s != nil {
		switch {
		case s.Address == "" || s.User == "":
			return fmt.Errorf("sftp: 写上 address 和 user")
		case s.Password == "" && s.Key == "":
			return fmt.Errorf("sftp: 写上 password 或 key")
		case s.HostKey == "":
			return fmt.Errorf("sftp.host_key is missing: 用 ssh-keyscan 取得服务器公钥写在这里")
		}
	}
	return nil
}
