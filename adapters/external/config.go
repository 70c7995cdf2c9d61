package external

import (
	"fmt"
	"time"
)

// A Config holds the options of the kind.
type Config struct {
	// Command starts the program.
	Command []string `yaml:"command" doc:"启动命令，如 [python3, adapters/qihao.py]；相对路径相对于数据目录"`
	// Env lists variables that it is given; no others are.
	Env []string `yaml:"env" doc:"交给程序的环境变量名；没有列出的一概不给"`
	// SHA256 are the digests of its files.
	SHA256 map[string]string `yaml:"sha256" doc:"程序文件 → SHA-256；与实际不符就不启动"`
	// Settings are the program's own.
	Settings map[string]any `yaml:"config" doc:"程序自己的配置，原样交给它"`
	// Timeout bounds one call.
	Timeout time.Duration `yaml:"timeout" doc:"一次调用最多多久，默认 10s"`
	// Start bounds the start.
	Start time.Duration `yaml:"start" doc:"启动最多多久，默认 15s"`
	// Every is the shortest wait between two pulls.
	Every time.Duration `yaml:"every" doc:"两次拉取至少隔多久，默认 1s"`
	// BackOff is the longest wait after failures.
	BackOff time.Duration `yaml:"back_off" doc:"程序反复退出时最长等多久再启动，默认 1m"`
}

// Default returns a Config without a command.
func Default() Config {
	return Config{Timeout: 10 * time.Second, Start: 15 * time.Second, Every: time.Second, BackOff: time.Minute}
}

// Validate reports what is wrong with c and how to mend it.
func (c Config) Validate() error {
	switch {
	case len(c.Command) == 0:
		return fmt.Errorf("command is missing: 写上启动命令，如 [python3, adapters/qihao.py]")
	case c.Timeout <= 0 || c.Start <= 0 || c.Every <= 0:
		return fmt.Errorf("timeout: timeout、start、every 应大于 0")
	}
	return nil
}
