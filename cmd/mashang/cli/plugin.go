package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/reading"
	"github.com/mashang-hub/mashang/plugins/all"
	"github.com/mashang-hub/mashang/plugins/conform"
	"github.com/mashang-hub/mashang/plugins/host"
	"github.com/mashang-hub/mashang/plugins/manifest"
	"github.com/mashang-hub/mashang/plugins/scaffold"
	"github.com/mashang-hub/mashang/plugins/sdk"
)

func newPlugin(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "plugin", Short: "部门插件：新建、登记、检查、查看、替换", Args: cobra.ArbitraryArgs,
		Example: "  mashang plugin new water --name 供水集团 --lang python\n  mashang plugin check water\n  mashang plugin list\n  mashang plugin replace water",
		// The hub starts its own departments as "mashang plugin heating".
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			log := slog.New(slog.NewJSONHandler(s.errOut, &slog.HandlerOptions{Level: slog.LevelWarn}))
			dept, ok := all.Department(args[0], hub.ClockFunc(time.Now), log)
			if !ok {
				return &exitError{exitUsage, fmt.Errorf("没有插件 %q，只有 %s", args[0], strings.Join(all.Kinds(), "、"))}
			}
			sdk.Serve(dept)
			return nil
		},
	}
	c.AddCommand(newPluginNew(s), newPluginSeal(s), newPluginCheck(s), newPluginList(s), newPluginLogs(s),
		newPluginTurn(s, "restart", "立即重新启动一个部门的插件，不等退避"),
		newPluginTurn(s, "replace", "重读插件文件夹，先起新的再停旧的，不丢推送"))
	return c
}

func newPluginNew(s *settings) *cobra.Command {
	var o scaffold.Options
	c := &cobra.Command{
		Use: "new 代号", Short: "新建一个能跑的部门插件", Args: cobra.ExactArgs(1),
		Example: "  mashang plugin new water --name 供水集团 --lang python\n  mashang plugin new water --name 供水集团 --lang go --source ../mashang",
		RunE: func(_ *cobra.Command, args []string) error {
			o.ID = filepath.Base(args[0])
			if o.Name == "" {
				o.Name = o.ID
			}
			names, err := scaffold.New(args[0], o)
			if err != nil {
				return err
			}
			return s.print(map[string]any{"folder": args[0], "files": names}, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "已建好 %s：%s\n接下来看其中的 README.md。\n", args[0], strings.Join(names, "、"))
			})
		},
	}
	c.Flags().StringVar(&o.Name, "name", "", "部门叫什么，如 供水集团")
	c.Flags().StringVar(&o.Owner, "owner", "", "谁负责这个插件")
	c.Flags().StringVar(&o.Lang, "lang", "python", "语言：python 或 go")
	c.Flags().StringVar(&o.Source, "source", "", "码上源码的文件夹（只用于 go，未发布时）")
	return c
}

func newPluginSeal(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "seal 文件夹", Short: "把文件夹里每个文件的校验值登记到 plugin.yaml", Args: cobra.ExactArgs(1),
		Example: "  mashang plugin seal water",
		RunE: func(_ *cobra.Command, args []string) error {
			n, err := manifest.Seal(args[0])
			if err != nil {
				return err
			}
			return s.print(map[string]int{"files": n}, func(w io.Writer) { _, _ = fmt.Fprintf(w, "已登记 %d 个文件。\n", n) })
		},
	}
}

// pluginReport is the answer of "plugin check".
type pluginReport struct {
	ID      string           `json:"id"`
	Version string           `json:"version"`
	OK      bool             `json:"ok"`
	Checks  []conform.Result `json:"checks"`
	Tried   *hub.Receipt     `json:"tried,omitempty"` // what came of --text
}

func newPluginCheck(s *settings) *cobra.Command {
	var config, text string
	c := &cobra.Command{
		Use: "check 文件夹", Short: "核对清单，真的启动插件，做一致性检查", Args: cobra.ExactArgs(1),
		Example: "  mashang plugin check water\n  mashang plugin check water --config '{\"auto_sign\":true}' -o json\n  mashang plugin check water --text 建设路3号楼停水两天了",
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := checkPlugin(cmd.Context(), args[0], config, text)
			if err != nil {
				return err
			}
			err = s.print(report, func(w io.Writer) {
				for _, r := range report.Checks {
					mark := "✔"
					if !r.OK {
						mark = "✘"
					}
					_, _ = fmt.Fprintf(w, "%s %s（%s）%s\n", mark, r.Check, r.Took.Round(time.Millisecond), r.Why)
				}
				writeTried(w, report.Tried)
			})
			if err == nil && !report.OK {
				err = &exitError{exitFinding, hub.Errorf(hub.CodeInvalid, "plugin.not_conforming", report.ID)}
			}
			return err
		},
	}
	c.Flags().StringVar(&config, "config", "{}", "部门配置（JSON）")
	c.Flags().StringVar(&text, "text", "", "检查之后再推一件这样的来件，看插件读出什么；配置里写了地址的会真的推过去")
	return c
}

// writeTried prints what the plugin made of a text.
func writeTried(w io.Writer, r *hub.Receipt) {
	if r == nil {
		return
	}
	_, _ = fmt.Fprintf(w, "推送结果：%s %s\n", glossary.In("outcome", string(r.Outcome)), r.Reason)
	for _, f := range reading.FactsOf(r.Facts) {
		_, _ = fmt.Fprintf(w, "  %s：%s", glossary.In("field", f.Key), f.Value)
		if f.From != "" {
			_, _ = fmt.Fprintf(w, "（%s）", f.From)
		}
		_, _ = fmt.Fprintln(w)
	}
	if r.Group != "" {
		_, _ = fmt.Fprintf(w, "  归入：%s\n", r.Group)
	}
	if r.Critical {
		_, _ = fmt.Fprintln(w, "  请求直达第三级")
	}
}

func checkPlugin(ctx context.Context, dir, config, text string) (report pluginReport, err error) {
	m, err := manifest.Open(dir)
	if err != nil {
		return pluginReport{}, err
	}
	if err := m.CheckConfig([]byte(config)); err != nil {
		return pluginReport{}, err
	}
	spec, err := m.Spec("check", dir, os.Getenv)
	if err != nil {
		return pluginReport{}, err
	}
	spec.Config = []byte(config)
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	p := host.New(spec, slog.New(slog.DiscardHandler))
	life, end := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(life) }()
	defer func() {
		end()
		err = errors.Join(err, <-ended)
	}()
	if err := p.Await(ctx); err != nil {
		return pluginReport{}, err
	}
	report = pluginReport{ID: m.ID, Version: m.Version, Checks: conform.Run(ctx, p)}
	report.OK = len(conform.Failed(report.Checks)) == 0
	if text != "" {
		report.Tried, err = try(ctx, p, text)
	}
	return report, err
}

// try pushes one citizen's text to the plugin.
func try(ctx context.Context, p conform.Plugin, text string) (*hub.Receipt, error) {
	a := conform.Alerts(1)
	a[0].ID, a[0].At, a[0].Content = "try", time.Now(), hub.Content{Text: text}
	got, err := p.Deliver(ctx, a)
	if err != nil || len(got) != 1 {
		return nil, err
	}
	return &got[0], nil
}

func newPluginList(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "各部门的插件现在怎样", Args: cobra.NoArgs,
		Example: "  mashang plugin list\n  mashang plugin list -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list api.PluginList
			if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/plugins", "", nil, &list); err != nil {
				return err
			}
			err := s.print(list, func(w io.Writer) {
				if len(list.Plugins) == 0 {
					_, _ = fmt.Fprintln(w, "没有部门插件。")
				}
				tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
				for _, p := range list.Plugins {
					_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t重启 %d 次\t%d MB\t%s\n", p.Department, p.Status, p.Version, p.Restarts, p.MemoryMB, p.LastError)
				}
				_ = tw.Flush()
			})
			for _, p := range list.Plugins {
				if err == nil && p.Status != string(host.Running) {
					err = &exitError{exitFinding, errors.New("有插件没有在运行：" + string(p.Department))}
				}
			}
			return err
		},
	}
}

func newPluginTurn(s *settings, verb, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " 部门", Short: short, Args: cobra.ExactArgs(1),
		Example: "  mashang plugin " + verb + " water",
		RunE: func(cmd *cobra.Command, args []string) error {
			var p api.PluginState
			path := "/api/v1/plugins/" + url.PathEscape(args[0]) + "/" + verb
			if _, err := s.call(cmd.Context(), http.MethodPost, path, "", nil, &p); err != nil {
				return err
			}
			return s.print(p, func(w io.Writer) { _, _ = fmt.Fprintf(w, "%s：%s %s\n", p.Department, p.Status, p.Version) })
		},
	}
}
