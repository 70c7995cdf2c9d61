package cli

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/all"
	"github.com/mashang-hub/mashang/adapters/contract"
	"github.com/mashang-hub/mashang/adapters/lint"
	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
)

// A checkReport is what "channel check" found.
type checkReport struct {
	OK       bool               `json:"ok"`
	Files    int                `json:"files"`
	Problems []lint.Problem     `json:"problems"`
	Samples  []sampleCheck      `json:"samples"`
	Contract []contract.Verdict `json:"contract,omitempty"`
}

// A sampleCheck is one sample and how it differs from what it should become.
type sampleCheck struct {
	Channel     hub.ChannelCode `json:"channel"`
	Name        string          `json:"name"`
	OK          bool            `json:"ok"`
	Differences []string        `json:"differences,omitempty"`
}

func newChannelCheck(s *settings) *cobra.Command {
	var config, key string
	c := &cobra.Command{
		Use: "check [CODE]", Short: "检查渠道文件和样例；加 --url 对运行中的渠道逐条核对契约", Args: cobra.MaximumNArgs(1),
		Example: "  mashang channel check --config configs/baiyin\n  mashang channel check chengjian --config /etc/mashang/baiyin --url http://127.0.0.1:8080\n  mashang channel check -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			code := ""
			if len(args) > 0 {
				code = args[0]
			}
			rep, configs, err := check(cmd, config, code)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("url") {
				if code == "" {
					return &exitError{exitUsage, fmt.Errorf("核对运行中的渠道时要写明渠道代码")}
				}
				if rep.Contract, err = s.contract(cmd, configs, code, key); err != nil {
					return err
				}
			}
			rep.judge()
			if err := s.print(rep, rep.write); err != nil {
				return err
			}
			if !rep.OK {
				code := exitFinding
				if len(rep.Problems) > 0 {
					code = exitUsage
				}
				return &exitError{code, fmt.Errorf("检查没有通过")}
			}
			return nil
		},
	}
	c.Flags().StringVar(&config, "config", "", "城市目录；不填则用内置的白银市")
	c.Flags().StringVar(&key, "key", "", "核对运行中的渠道时用的密钥；不填则用配置里的")
	return c
}

func check(cmd *cobra.Command, dir, code string) (*checkReport, []adapters.Config, error) {
	root := cityFS(dir)
	folder, err := fs.Sub(root, "channels")
	if err != nil {
		return nil, nil, err
	}
	names, err := fs.Glob(folder, "*.yaml")
	if err != nil || len(names) == 0 {
		return nil, nil, &exitError{exitUsage, fmt.Errorf("%s 里没有渠道文件", filepath.Join(dir, "channels"))}
	}
	rep := &checkReport{Files: len(names), Problems: []lint.Problem{}, Samples: []sampleCheck{}}
	if rep.Problems, err = lint.Check(folder, all.Registry()); err != nil {
		return nil, nil, err
	}
	if len(rep.Problems) > 0 {
		return rep, nil, nil
	}
	rep.Problems = []lint.Problem{}
	configs, err := adapters.LoadChannels(folder)
	if err != nil {
		return nil, nil, err
	}
	deps, err := checkDeps(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range configs {
		if (code != "" && string(c.Code) != code) || len(c.Samples) == 0 {
			continue
		}
		got, err := samples(cmd, folder, c, deps)
		if err != nil {
			return nil, nil, err
		}
		rep.Samples = append(rep.Samples, got...)
	}
	return rep, configs, nil
}

// checkDeps knows the city's places, so that samples may name them.
func checkDeps(dir string) (adapters.Deps, error) {
	c, err := city.Load(cityFS(dir))
	if err != nil {
		return adapters.Deps{}, fmt.Errorf("read the city's folder: %w", err)
	}
	d := adapters.Deps{Demo: true, Getenv: func(name string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		return "check"
	}}
	d.Place, d.Named = c.FindPlace, c.FindNamed
	d.SaveAttachment = saveNothing
	return d.Complete(), nil
}

// saveNothing stands for the store of attachments.
func saveNothing(_ context.Context, mediaType string, data []byte) (hub.Attachment, error) {
	return hub.Attachment{MediaType: mediaType, Size: int64(len(data))}, nil
}

func samples(cmd *cobra.Command, folder fs.FS, c adapters.Config, d adapters.Deps) ([]sampleCheck, error) {
	w, err := adapters.Wire(c, nil, d)
	if err != nil {
		return nil, err
	}
	var out []sampleCheck
	for i, sample := range c.Samples {
		var body []byte
		if sample.File != "" {
			if body, err = fs.ReadFile(folder, path.Clean(sample.File)); err != nil {
				return nil, fmt.Errorf("样例文件: %w", err)
			}
		}
		got := sampleCheck{Channel: c.Code, Name: sample.Name, Differences: w.CheckSample(cmd.Context(), sample, body)}
		if got.Name == "" {
			got.Name = fmt.Sprintf("样例 %d", i+1)
		}
		got.OK = len(got.Differences) == 0
		out = append(out, got)
	}
	return out, nil
}

// contract tries a live channel with its first good sample.
func (s *settings) contract(cmd *cobra.Command, configs []adapters.Config, code, key string) ([]contract.Verdict, error) {
	for _, c := range configs {
		if string(c.Code) != code {
			continue
		}
		d := adapters.Deps{Demo: true, Getenv: os.Getenv}.Complete()
		if key != "" {
			d.Keys = func(hub.ChannelCode) (adapters.Live, error) {
				return adapters.Live{Keys: []string{key}, Retired: true}, nil
			}
		}
		w, err := adapters.Wire(c, nil, d)
		if err != nil {
			return nil, err
		}
		for _, sample := range c.Samples {
			if sample.Refuse == "" && sample.File == "" {
				body, media := w.SampleRequest(sample, nil)
				return contract.Live(cmd.Context(), http.DefaultClient, s.url+"/in/"+code, contract.Message{MediaType: media, Body: body}, w.Sign), nil
			}
		}
		return nil, &exitError{exitUsage, fmt.Errorf("渠道 %s 没有可用的样例；在 samples 里写一个", code)}
	}
	return nil, &exitError{exitUsage, fmt.Errorf("没有渠道 %q", code)}
}

func (r *checkReport) judge() {
	r.OK = len(r.Problems) == 0
	for _, c := range r.Samples {
		r.OK = r.OK && c.OK
	}
	for _, v := range r.Contract {
		r.OK = r.OK && v.OK
	}
}

func (r *checkReport) write(w io.Writer) {
	for _, p := range r.Problems {
		_, _ = fmt.Fprintln(w, p.Error())
	}
	mark := map[bool]string{true: "✔", false: "✘"}
	for _, c := range r.Samples {
		_, _ = fmt.Fprintf(w, "%s %s %s\n", mark[c.OK], c.Channel, c.Name)
		for _, d := range c.Differences {
			_, _ = fmt.Fprintln(w, "    ", d)
		}
	}
	for _, v := range r.Contract {
		_, _ = fmt.Fprintf(w, "%s %s %s\n", mark[v.OK], v.Name, v.Detail)
	}
	if r.OK {
		_, _ = fmt.Fprintf(w, "%d 个渠道文件没有错误，%d 个样例都对。\n", r.Files, len(r.Samples))
	}
}
