package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/simulate"
)

// A version is one rule set on disk and what its city says beside it.
type version struct {
	files fs.FS
	known []hub.DepartmentCode
	city  *city.City // nil for a bare folder of rules
}

// openVersion opens a city's folder, a rules folder inside one, or a bare
// folder of rules; "" is the built-in city.
func openVersion(dir string) (version, error) {
	if dir != "" {
		if _, err := os.Stat(dir); err != nil {
			return version{}, &exitError{exitUsage, fmt.Errorf("没有目录 %s", dir)}
		}
	}
	home := dir
	if dir != "" && !isCity(dir) {
		if home = filepath.Dir(filepath.Clean(dir)); !isCity(home) {
			return version{files: os.DirFS(dir)}, nil
		}
	}
	c, err := city.Load(cityFS(home))
	if err != nil {
		return version{}, fmt.Errorf("read the city's folder: %w", err)
	}
	v := version{files: c.Rules, city: c}
	for _, d := range c.Departments {
		v.known = append(v.known, d.Code)
	}
	if home != dir {
		v.files = os.DirFS(dir)
	}
	return v, nil
}

func isCity(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "mashang.yaml"))
	return !errors.Is(err, fs.ErrNotExist)
}

func (v version) load() (*rules.Set, error) { return rules.Load(v.files, v.known, v.outside()...) }

// outside is what conditions may ask beyond the folder.
func (v version) outside() []rules.Option {
	if v.city == nil {
		return nil
	}
	return []rules.Option{rules.WithCalendar(v.city.Calendar)}
}

func (v version) options() simulate.Options {
	o := simulate.Options{Mask: mask.Text}
	if v.city != nil {
		o.Policy = v.city.Allowances
	}
	return o
}

func readHistory(file string, in io.Reader) ([]simulate.Case, error) {
	if file == "-" {
		return simulate.Read(in)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	defer func() { _ = f.Close() }()
	return simulate.Read(f)
}

// historyFlags say which history is judged.
type historyFlags struct{ file, since string }

func (h *historyFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&h.file, "history", "", "历史文件，每行一个 JSON；- 为标准输入")
	c.Flags().StringVar(&h.since, "since", "", "只看最近这段时间的事项，如 30d、12h；没有 --history 时用运行中的码上存的历史")
	c.MarkFlagsOneRequired("history", "since")
}

// read reads the history file and keeps what is recent enough.
func (h *historyFlags) read(in io.Reader) ([]simulate.Case, error) {
	cases, err := readHistory(h.file, in)
	if err != nil || h.since == "" {
		return cases, err
	}
	b, err := hub.ParseBudget(h.since)
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("--since 写成 30d、12h：%w", err)}
	}
	from := time.Now().Add(-b.Length())
	return slices.DeleteFunc(cases, func(c simulate.Case) bool { return c.SubmittedAt.Before(from) }), nil
}

func newRulesDiff(s *settings) *cobra.Command {
	var h historyFlags
	c := &cobra.Command{
		Use: "diff 旧目录 新目录", Short: "两个版本的规则对历史的判定有什么不同", Args: cobra.ExactArgs(2),
		Long: "旧、新可以是城市目录或规则目录；用 --since 时还可以写 active 或规则集编号（已发布的版本）。\n" +
			"列出去向变化矩阵、各部门工作量、时限变化、分类变化、样例和理由，以及没有规则命中的常见词。\n没有变化时退出码为 0，有变化也为 0：变化不是错误。",
		Example: "  mashang rules diff 旧版 configs/baiyin --history 历史.jsonl\n" +
			"  mashang rules diff active configs/baiyin --since 30d -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if h.file == "" {
				return s.remoteReport(cmd, "diff", args, h.since, &simulate.Diff{})
			}
			before, err := openVersion(args[0])
			if err != nil {
				return err
			}
			after, err := openVersion(args[1])
			if err != nil {
				return err
			}
			a, err := before.load()
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			b, err := after.load()
			if err != nil {
				return fmt.Errorf("%s: %w", args[1], err)
			}
			cases, err := h.read(s.in)
			if err != nil {
				return err
			}
			d, err := simulate.Compare(cmd.Context(), a, b, cases, after.options())
			if err != nil {
				return err
			}
			return s.report(d)
		},
	}
	h.add(c)
	return c
}

func newRulesSimulate(s *settings) *cobra.Command {
	var h historyFlags
	c := &cobra.Command{
		Use: "simulate [目录]", Short: "用规则重判历史：会派给谁、多少冲突、什么时限", Args: cobra.MaximumNArgs(1),
		Example: "  mashang rules simulate configs/baiyin --since 30d\n  mashang rules simulate --history 历史.jsonl -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if h.file == "" {
				return s.remoteReport(cmd, "simulate", args, h.since, &simulate.Report{})
			}
			v, err := openVersion(strings.Join(args, ""))
			if err != nil {
				return err
			}
			set, err := v.load()
			if err != nil {
				return err
			}
			cases, err := h.read(s.in)
			if err != nil {
				return err
			}
			r, err := simulate.Run(cmd.Context(), set, cases, v.options())
			if err != nil {
				return err
			}
			return s.report(r)
		},
	}
	h.add(c)
	return c
}

// A texter prints itself for people.
type texter interface{ WriteText(w io.Writer) error }

func (s *settings) report(v texter) error {
	var err error
	return errors.Join(s.print(v, func(w io.Writer) { err = v.WriteText(w) }), err)
}
