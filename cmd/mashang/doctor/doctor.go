// Package doctor looks at a machine, a city's folder and the servers that a hub
// is to use, and says what is wrong and what to do about it.
//
// It changes nothing: it makes no topic, no table and no folder. Start with
// Look.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/local"
	"github.com/mashang-hub/mashang/rules"
)

// A Level says how bad a finding is.
type Level string

// The levels. A hub starts with warnings, and not with what is bad.
const (
	OK      Level = "ok"
	Warning Level = "warning"
	Bad     Level = "bad"
)

// A Finding is one thing that was looked at.
type Finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"` // not bad
	Level  Level  `json:"level"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// A Setup is what a hub would be started with.
type Setup struct {
	Data, Listen string
	Kafka        []string // empty: the embedded broker
	Security     kafka.Security
	Postgres     string // empty: a managed local server
	City         fs.FS
	Getenv       func(string) string
	Now          time.Time
}

// Look looks at everything in an order in which later findings may follow from
// earlier ones.
func Look(ctx context.Context, s Setup) []Finding {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	all := []Finding{s.folder(), s.space(), s.port(ctx), s.database(ctx), s.broker(ctx)}
	c, finding := s.city()
	all = append(all, finding)
	if c != nil {
		all = append(all, s.rules(c))
		all = append(all, s.calendar(c)...)
	}
	return append(all, s.secrets()...)
}

func good(name, format string, args ...any) Finding {
	return Finding{Name: name, OK: true, Level: OK, Detail: fmt.Sprintf(format, args...)}
}

func warning(name, detail, remedy string) Finding {
	return Finding{Name: name, OK: true, Level: Warning, Detail: detail, Remedy: remedy}
}

func bad(name, detail, remedy string) Finding {
	return Finding{Name: name, Level: Bad, Detail: detail, Remedy: remedy}
}

// sentence puts an error into words.
func sentence(err error) string {
	e, ok := errors.AsType[*hub.Error](err)
	if !ok {
		return err.Error()
	}
	text := glossary.Message(e.Key, e.Args...)
	if e.Err != nil {
		text += " (" + e.Err.Error() + ")"
	}
	return text
}

// folder looks whether the data folder, or what will hold it, can be written.
func (s Setup) folder() Finding {
	dir := existing(s.Data)
	f, err := os.CreateTemp(dir, ".mashang-doctor-")
	if err != nil {
		return bad("data", sentence(err), "换一个可写的目录（--data），或把它的属主改成运行码上的用户")
	}
	_ = f.Close()
	_ = os.Remove(f.Name())
	if dir != s.Data {
		return good("data", "%s 还没有，首次启动时建立", s.Data)
	}
	return good("data", "%s 可写", s.Data)
}

// existing returns dir or its nearest parent that is there.
func existing(dir string) string {
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return dir
		}
		dir = parent
	}
}

// The free space below which a hub is in danger.
const (
	spaceBad  = 1 << 30
	spaceWarn = 5 << 30
)

func (s Setup) space() Finding {
	free, err := freeBytes(existing(s.Data))
	if err != nil {
		return warning("disk", sentence(err), "请自行确认数据目录所在磁盘的剩余空间")
	}
	detail := fmt.Sprintf("数据目录所在磁盘剩余 %.1f GB", float64(free)/(1<<30))
	switch remedy := "清理磁盘或扩容；磁盘写满时系统会拒收来件（不会丢失已收下的）"; {
	case free < spaceBad:
		return bad("disk", detail, remedy)
	case free < spaceWarn:
		return warning("disk", detail, remedy)
	}
	return good("disk", "%s", detail)
}

// port looks whether the hub can listen, or does so already.
func (s Setup) port(ctx context.Context) Finding {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err == nil {
		_ = l.Close()
		return good("port", "%s 空闲", s.Listen)
	}
	if ready(ctx, "http://"+s.Listen) {
		return good("port", "%s 上正运行着码上", s.Listen)
	}
	return bad("port", sentence(err), "停掉占用这个端口的程序，或用 --listen 换一个地址")
}

func ready(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func (s Setup) database(ctx context.Context) Finding {
	if s.Postgres == "" {
		if path, ok := local.Installed(ctx); ok {
			return good("postgresql", "将自己启动一个：%s", path)
		}
		return warning("postgresql", "本机没有 PostgreSQL，首次启动时从 Maven Central 下载",
			"离线环境请先安装 postgresql，或用 --postgres 指明数据库")
	}
	db, err := postgres.Open(ctx, s.Postgres, slog.New(slog.DiscardHandler))
	if err != nil {
		return bad("postgresql", sentence(err), "检查 --postgres 的地址和口令；fsync、full_page_writes、synchronous_commit 都必须打开")
	}
	defer db.Close()
	return good("postgresql", "连接正常，提交即落盘")
}

func (s Setup) broker(ctx context.Context) Finding {
	if len(s.Kafka) == 0 {
		return good("kafka", "使用内置的消息总线")
	}
	if err := kafka.EnsureTopics(ctx, s.Kafka, nil, s.Security); err != nil {
		return bad("kafka", sentence(err), "检查 --kafka 的地址，以及 --kafka-ca、--kafka-user 等安全设置")
	}
	return good("kafka", "%s 连接正常", strings.Join(s.Kafka, ","))
}

func (s Setup) city() (*city.City, Finding) {
	c, err := city.Load(s.City)
	if err != nil {
		return nil, bad("city", sentence(err), "按提示改正城市目录里的文件（--config）")
	}
	return c, good("city", "%s：%d 个部门，%d 个地点，%d 个责任岗位", c.Name, len(c.Departments), len(c.Places), len(c.Posts))
}

func (s Setup) rules(c *city.City) Finding {
	known := make([]hub.DepartmentCode, len(c.Departments))
	for i, d := range c.Departments {
		known[i] = d.Code
	}
	if c.Rules == nil {
		return warning("rules", "没有 rules 目录，所有诉求都会进分拨岗", "在城市目录里建立 rules 目录，写规则见 rules/README.md")
	}
	set, err := rules.Load(c.Rules, known)
	if err != nil {
		return bad("rules", sentence(err), "改正后用 mashang rules check 再查一遍；运行中的系统会继续用上一套规则")
	}
	return good("rules", "规则集 %.12s 检查通过", set.Hash())
}

// calendar looks at this year and the next: without the State Council's notice
// deadlines beyond it are provisional.
func (s Setup) calendar(c *city.City) []Finding {
	year := s.Now.In(c.Calendar.Zone()).Year()
	remedy := "按国务院办公厅的节假日通知补上：mashang calendar import %d.json，或贴上通知全文"
	var all []Finding
	for y, find := range map[int]func(name, detail, remedy string) Finding{year: bad, year + 1: warning} {
		name := fmt.Sprintf("calendar %d", y)
		if c.Calendar.Published(y) {
			all = append(all, good(name, "%d 年的放假和调休安排已录入", y))
			continue
		}
		all = append(all, find(name, fmt.Sprintf("没有 %d 年的放假和调休安排，落在那一年的时限只是暂定", y), fmt.Sprintf(remedy, y)))
	}
	if all[0].Name > all[1].Name {
		all[0], all[1] = all[1], all[0]
	}
	return all
}
