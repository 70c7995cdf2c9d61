package sqlin

import (
	"fmt"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/adapters"
)

// A Config holds the options of the kind.
type Config struct {
	// DSN is the database.
	DSN adapters.Secret `yaml:"dsn" doc:"前置库连接串（PostgreSQL 协议，含人大金仓、openGauss），写成 ${环境变量}"`
	// Query reads the next rows.
	Query string `yaml:"query" doc:"读下一批的查询，要有 order by 和 limit；用游标时 $1 是上次读到的值"`
	// Cursor is the column that grows.
	Cursor string `yaml:"cursor" doc:"游标列，如 id；用状态列时不填"`
	// Start is the first cursor.
	Start string `yaml:"start" doc:"游标的初值，默认 0"`
	// Done acknowledges one row.
	Done string `yaml:"done" doc:"收下一行以后执行的更新，如 update gd set zt='1' where id=$1；$2 是事项编号"`
	// Refused marks one row that can never be taken.
	Refused string `yaml:"refused" doc:"不收一行时执行的更新；$2 是原因。不填则与 done 相同"`
	// Key is the column that Done and Refused get as $1.
	Key string `yaml:"key" doc:"更新时作为 $1 的列，如 id"`
	// Every is how often it is looked at.
	Every time.Duration `yaml:"every" doc:"多久读一次，默认 10s"`
	// Timeout bounds one round.
	Timeout time.Duration `yaml:"timeout" doc:"一批最多多久，默认 30s"`
}

// Default returns a Config without a database.
func Default() Config {
	return Config{Start: "0", Every: 10 * time.Second, Timeout: 30 * time.Second}
}

// Validate reports what is wrong with c and how to mend it.
func (c Config) Validate() error {
	low := strings.ToLower(c.Query)
	switch {
	case c.DSN == "":
		return fmt.Errorf("dsn is missing: 写成 ${环境变量}")
	case c.Query == "":
		return fmt.Errorf("query is missing: 写上读下一批的查询")
	case c.Cursor == "" && c.Done == "":
		return fmt.Errorf("cursor is missing: 写上游标列，或写 done 用状态列记住收过哪些")
	case c.Cursor != "" && !strings.Contains(c.Query, "$1"):
		return fmt.Errorf("query: 用游标时要有 $1，如 where id > $1 order by id limit 200")
	case c.Done != "" && c.Key == "":
		return fmt.Errorf("key is missing: 写上 done 里 $1 对应的列")
	case !strings.Contains(low, "limit") && !strings.Contains(low, "fetch"):
		return fmt.Errorf("query: 要有 limit，如 limit 200")
	case !strings.Contains(low, "order by"):
		return fmt.Errorf("query: 要有 order by，先来的先收")
	case c.Every <= 0 || c.Timeout <= 0:
		return fmt.Errorf("every: every 和 timeout 应大于 0")
	}
	return nil
}
