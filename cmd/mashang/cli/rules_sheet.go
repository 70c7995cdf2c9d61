package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/bundle"
	"github.com/mashang-hub/mashang/rules/sheet"
)

func newRulesExport(s *settings) *cobra.Command {
	var config string
	c := &cobra.Command{
		Use: "export 文件.xlsx", Short: "把规则导出成 Excel：每个主题、词库、表格、例各一张表", Args: cobra.ExactArgs(1),
		Example: "  mashang rules export 规则.xlsx --config configs/baiyin",
		RunE: func(_ *cobra.Command, args []string) error {
			v, err := openVersion(config)
			if err != nil {
				return err
			}
			set, err := v.load()
			if err != nil {
				return err
			}
			var out bytes.Buffer
			if err := sheet.Export(v.files, &out); err != nil {
				return err
			}
			if err := os.WriteFile(args[0], out.Bytes(), 0o644); err != nil {
				return &exitError{exitUsage, err}
			}
			r := map[string]any{"file": args[0], "rules": set.Len(), "rule_set": set.Hash()}
			return s.print(r, func(w io.Writer) { _, _ = fmt.Fprintf(w, "已导出 %d 条规则到 %s\n", set.Len(), args[0]) })
		},
	}
	c.Flags().StringVar(&config, "config", "", "城市目录或规则目录；不填则用内置的白银市")
	return c
}

// imported is what an import would do or did.
type imported struct {
	Changed []string `json:"changed"`
	Added   []string `json:"added"`
	RuleSet string   `json:"rule_set"`
	DryRun  bool     `json:"dry_run,omitempty"`
}

func newRulesImport(s *settings) *cobra.Command {
	var config string
	var dry bool
	c := &cobra.Command{
		Use: "import 文件.xlsx", Short: "把改好的 Excel 导回规则目录；检查不通过就不写", Args: cobra.ExactArgs(1),
		Long:    "只写有变化的文件；没有改动的规则、注释和排版一个字也不变。Excel 里没有的文件留着不动。",
		Example: "  mashang rules import 规则.xlsx --config configs/baiyin --dry-run\n  mashang rules import 规则.xlsx --config configs/baiyin",
		RunE: func(_ *cobra.Command, args []string) error {
			if config == "" {
				return &exitError{exitUsage, errors.New("请用 --config 写明导到哪个目录")}
			}
			book, err := os.ReadFile(args[0])
			if err != nil {
				return &exitError{exitUsage, err}
			}
			files, err := sheet.Import(bytes.NewReader(book))
			if err != nil {
				return err
			}
			out, err := importFiles(config, files, dry)
			if err != nil {
				return err
			}
			return s.print(out, func(w io.Writer) { writeImported(w, out) })
		},
	}
	c.Flags().StringVar(&config, "config", "", "城市目录或规则目录")
	c.Flags().BoolVar(&dry, "dry-run", false, "只看会改什么，不写")
	return c
}

func importFiles(dir string, files map[string][]byte, dry bool) (imported, error) {
	v, err := openVersion(dir)
	if err != nil {
		return imported{}, err
	}
	out := imported{Changed: []string{}, Added: []string{}, DryRun: dry}
	whole, err := bundle.Overlay(v.files, files)
	if err != nil {
		return out, err
	}
	set, err := rules.Load(whole, v.known, v.outside()...)
	if err != nil {
		return out, err
	}
	out.RuleSet = string(set.Hash())
	root := dir
	if isCity(dir) {
		root = filepath.Join(dir, "rules")
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		old, err := fs.ReadFile(v.files, name)
		switch {
		case err == nil && bytes.Equal(old, files[name]):
			continue
		case err == nil:
			out.Changed = append(out.Changed, name)
		default:
			out.Added = append(out.Added, name)
		}
		if dry {
			continue
		}
		if err := writeFile(filepath.Join(root, filepath.FromSlash(name)), files[name]); err != nil {
			return out, err
		}
	}
	return out, nil
}

// writeFile replaces a file as a whole: whoever watches never sees half of it.
func writeFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".mashang-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(data)
	if err := errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return os.Rename(tmp.Name(), name)
}

func writeImported(w io.Writer, out imported) {
	if len(out.Changed)+len(out.Added) == 0 {
		_, _ = fmt.Fprintln(w, "没有变化。")
		return
	}
	verb := "已写"
	if out.DryRun {
		verb = "将写"
	}
	for _, f := range out.Changed {
		_, _ = fmt.Fprintln(w, verb, f)
	}
	for _, f := range out.Added {
		_, _ = fmt.Fprintln(w, verb, f, "（新）")
	}
	_, _ = fmt.Fprintln(w, "规则集", out.RuleSet)
}
