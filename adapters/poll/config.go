package poll

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub/egress"
)

// A Config holds the options of the kind.
type Config struct {
	// URL is fetched; {cursor} and {now} are filled in.
	URL string `yaml:"url" doc:"拉取地址；{cursor} 换成上次读到的位置，{now} 换成现在的时间"`
	// Method is GET or POST.
	Method string `yaml:"method" doc:"HTTP 方法，默认 GET" enum:"GET,POST"`
	// Body is sent with POST; {cursor} and {now} are filled in.
	Body string `yaml:"body" doc:"POST 的内容；同样可用 {cursor}、{now}"`
	// Headers are sent, with secrets.
	Headers map[string]adapters.Secret `yaml:"headers" doc:"请求头；密钥写成 ${环境变量}"`
	// Start is the first cursor.
	Start string `yaml:"start" doc:"第一次的位置"`
	// Cursor makes the next cursor from the page.
	Cursor string `yaml:"cursor" doc:"下一个位置，expr 表达式，如 doc.next 或 last.id；可用 doc（整页）、last（最后一件）、cursor"`
	// More says whether to fetch again at once.
	More string `yaml:"more" doc:"是否立刻再拉一页，expr 表达式，如 len(items) == 100；不填则位置变了就再拉"`
	// Every is how often it is fetched.
	Every time.Duration `yaml:"every" doc:"多久拉一次，默认 1m"`
	// BackOff is the longest wait after failures.
	BackOff time.Duration `yaml:"back_off" doc:"连续失败时最长等多久，默认 10m"`
	// Timeout bounds one request.
	Timeout time.Duration `yaml:"timeout" doc:"一次请求最多多久，默认 30s"`
	// Allow lists networks inside the house that may be fetched from.
	Allow []string `yaml:"allow" doc:"地址在内网时，允许的网段，如 10.1.0.0/16"`
}

// Default returns a Config without an address.
func Default() Config {
	return Config{Method: "GET", Every: time.Minute, BackOff: 10 * time.Minute, Timeout: 30 * time.Second}
}

// Validate reports what is wrong with c and how to mend it.
func (c Config) Validate() error {
	u, err := url.Parse(strings.NewReplacer("{cursor}", "0", "{now}", "0").Replace(c.URL))
	switch {
	case c.URL == "":
		return fmt.Errorf("url is missing: 写上拉取地址")
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return fmt.Errorf("url: 应以 http:// 或 https:// 开头")
	case c.Every <= 0:
		return fmt.Errorf("every: 应大于 0，如 1m")
	case c.Timeout <= 0:
		return fmt.Errorf("timeout: 应大于 0，如 30s")
	}
	if _, err = egress.Parse(c.Allow...); err != nil {
		return fmt.Errorf("allow: 应为网段，写成 10.1.0.0/16 这样")
	}
	return nil
}
