package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/process/journal"
)

// followEvery is how often the hub is asked what is new.
const followEvery = time.Second

func newPluginLogs(s *settings) *cobra.Command {
	var level string
	var limit int
	var before int64
	var follow bool
	c := &cobra.Command{
		Use: "logs 部门", Short: "一个部门的插件写下的日志，旧的在前（号码已遮盖）", Args: cobra.ExactArgs(1),
		Example: "  mashang plugin logs water\n  mashang plugin logs water --level warn --limit 20 -o json\n" +
			"  mashang plugin logs water --before 1200   # 更早的\n  mashang plugin logs water --follow",
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := journal.ParseLevel(level)
			if err != nil || limit < 1 || limit > 1000 || before < 0 || follow && before > 0 {
				return &exitError{exitUsage, fmt.Errorf("--level 是 %s 之一，--limit 是 1 至 1000，--before 不小于 0，也不与 --follow 同用", levelNames())}
			}
			l := pluginLog{s: s, path: "/api/v1/plugins/" + url.PathEscape(args[0]) + "/logs"}
			q := url.Values{"level": {level}, "limit": {strconv.Itoa(limit)}}
			if before > 0 {
				q.Set("before", strconv.FormatInt(before, 10))
			}
			if follow {
				return l.follow(cmd.Context(), q)
			}
			return l.show(cmd.Context(), q)
		},
	}
	c.Flags().StringVar(&level, "level", "", "只看这个级别及更重的："+levelNames())
	c.Flags().IntVar(&limit, "limit", 100, "最多多少行，1 至 1000")
	c.Flags().Int64Var(&before, "before", 0, "只看这个序号以前的")
	c.Flags().BoolVarP(&follow, "follow", "f", false, "一直看下去，按 Ctrl+C 结束；-o json 时每行一个对象")
	return c
}

func levelNames() string {
	var names []string
	for _, l := range journal.Levels() {
		names = append(names, string(l))
	}
	return strings.Join(names, "、")
}

// A pluginLog reads one plugin's log from the hub.
type pluginLog struct {
	s    *settings
	path string
}

func (l pluginLog) page(ctx context.Context, q url.Values) (p journal.Page, err error) {
	_, err = l.s.call(ctx, http.MethodGet, l.path+"?"+q.Encode(), "", nil, &p)
	return p, err
}

// show prints one page.
func (l pluginLog) show(ctx context.Context, q url.Values) error {
	p, err := l.page(ctx, q)
	if err != nil {
		return err
	}
	return l.s.print(p, func(w io.Writer) {
		if len(p.Lines) == 0 {
			_, _ = fmt.Fprintln(w, "没有这样的日志。")
		}
		for _, line := range p.Lines {
			writeLogLine(w, line)
		}
		if p.Before > 0 {
			_, _ = fmt.Fprintf(l.s.errOut, "还有更早的：--before %d\n", p.Before)
		}
	})
}

// follow prints the last page, and then what is new until ctx ends. Its end by
// the user is no failure.
func (l pluginLog) follow(ctx context.Context, q url.Values) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		p, err := l.page(ctx, q)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for _, line := range p.Lines {
			if err := l.s.print(line, func(w io.Writer) { writeLogLine(w, line) }); err != nil {
				return err
			}
		}
		if len(p.Lines) > 0 {
			q.Set("after", strconv.FormatInt(p.Lines[len(p.Lines)-1].Seq, 10))
		}
		if limit := q.Get("limit"); q.Has("after") && limit == strconv.Itoa(len(p.Lines)) {
			continue // there may be more already
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func writeLogLine(w io.Writer, l journal.Line) {
	_, _ = fmt.Fprintf(w, "%s  %-5s  %s\n", l.At.In(hub.China()).Format("01-02 15:04:05.000"), l.Level, l.Text)
}
