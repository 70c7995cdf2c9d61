package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/all"
	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/adapters/lint"
	"github.com/mashang-hub/mashang/adapters/template"
)

// newForm is what "channel new" must know.
type newForm struct {
	template, code, name, sample, config string
	list, force                          bool
}

func newChannelNew(s *settings) *cobra.Command {
	var f newForm
	c := &cobra.Command{
		Use: "new", Short: "从模板新建渠道文件；给一份样例就自动猜映射，不带参数则一步步问", Args: cobra.NoArgs,
		Example: "  mashang channel new\n  mashang channel new --list\n" +
			"  mashang channel new --template webhook-json --code chengjian --name 城建热线 --sample 样例.json --config /etc/mashang/baiyin",
		RunE: func(*cobra.Command, []string) error { return s.newChannel(f) },
	}
	c.Flags().StringVar(&f.template, "template", "", "模板名；--list 列出全部")
	c.Flags().StringVar(&f.code, "code", "", "渠道代码，如 chengjian")
	c.Flags().StringVar(&f.name, "name", "", "渠道名称，如 城建热线")
	c.Flags().StringVar(&f.sample, "sample", "", "对方发来的一条样例（文件），用来猜映射并写成样例")
	c.Flags().StringVar(&f.config, "config", ".", "城市目录；文件写在它的 channels 里")
	c.Flags().BoolVar(&f.list, "list", false, "列出模板")
	c.Flags().BoolVar(&f.force, "force", false, "已有同名文件时覆盖")
	return c
}

func (s *settings) newChannel(f newForm) error {
	gallery := template.Gallery()
	if f.list {
		return s.print(map[string]any{"templates": gallery}, func(w io.Writer) {
			for _, t := range gallery {
				_, _ = fmt.Fprintf(w, "%-16s %s\n", t.Name, t.Doc)
			}
		})
	}
	if err := s.wizard(&f, gallery); err != nil {
		return err
	}
	t, err := template.Find(f.template)
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("%w：%s", err, lint.Nearest(f.template, templateNames(gallery)))}
	}
	if !regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`).MatchString(f.code) {
		return &exitError{exitUsage, fmt.Errorf("渠道代码 %q 不对：用小写字母、数字、- 和 _，以字母开头", f.code)}
	}
	values := template.Values{Code: f.code, Name: f.name}
	if f.sample != "" {
		if err := fromSample(&values, t, f.sample); err != nil {
			return err
		}
	}
	text := t.Fill(values)
	file := filepath.Join(f.config, "channels", f.code+".yaml")
	if _, err := os.Stat(file); err == nil && !f.force {
		return &exitError{exitUsage, fmt.Errorf("%s 已经存在；要覆盖请加 --force", file)}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := adapters.WriteFile(file, []byte(text)); err != nil {
		return err
	}
	problems := lint.File(file, []byte(text), all.Registry())
	return s.print(map[string]any{"file": file, "template": t.Name, "mapped": len(values.Map), "problems": problems}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "已写好 %s\n", file)
		for _, p := range values.Map {
			_, _ = fmt.Fprintf(w, "  %-12s ← %s\n", p.Field, p.Expr)
		}
		_, _ = fmt.Fprintf(w, "下一步：核对映射，运行 mashang channel check --config %s，再重启码上。\n", f.config)
	})
}

func templateNames(all []template.Template) []string {
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = t.Name
	}
	return names
}

// wizard asks for what no flag said.
func (s *settings) wizard(f *newForm, gallery []template.Template) error {
	in := bufio.NewReader(s.in)
	question := func(at *string, prompt string) error {
		if *at != "" {
			return nil
		}
		_, _ = fmt.Fprint(s.errOut, prompt)
		line, err := in.ReadString('\n')
		*at = strings.TrimSpace(line)
		if *at == "" && err != nil {
			return &exitError{exitUsage, fmt.Errorf("还缺参数；用 --template、--code、--name 给出，或在终端里逐步回答")}
		}
		return nil
	}
	if f.template == "" {
		for i, t := range gallery {
			_, _ = fmt.Fprintf(s.errOut, "%3d %-16s %s\n", i+1, t.Name, t.Doc)
		}
	}
	if err := question(&f.template, "对方怎么给数据？选一个（序号或名字）："); err != nil {
		return err
	}
	if n, err := strconv.Atoi(f.template); err == nil && n >= 1 && n <= len(gallery) {
		f.template = gallery[n-1].Name
	}
	if err := question(&f.code, "渠道代码（小写字母，如 chengjian）："); err != nil {
		return err
	}
	return question(&f.name, "渠道名称（如 城建热线）：")
}

// fromSample guesses the mapping and writes the sample with what it becomes.
func fromSample(v *template.Values, t template.Template, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	o := decode.Options{Format: decode.Format(t.Format)}
	if !utf8.Valid(data) {
		o.Charset, v.Charset = "gb18030", "gb18030"
	}
	docs, err := decode.Read(decode.Input{Body: data, Name: file}, o, decode.Limits{})
	if err != nil {
		return err
	}
	if len(docs) == 0 {
		return &exitError{exitFinding, fmt.Errorf("样例 %s 里没有内容", file)}
	}
	v.Map = template.Guess(docs[0])
	if !slices.ContainsFunc(v.Map, func(p template.Pair) bool { return p.Field == "text" || p.Field == "title" }) {
		v.Map = append(v.Map, template.Pair{Field: "text", Expr: `"请改成正文字段"`})
	}
	if t.Format == "" || len(docs) > 1 {
		return nil
	}
	text, err := decode.ToUTF8(data, o.Charset)
	if err != nil {
		return err
	}
	return sampleYAML(v, t, string(text))
}

func sampleYAML(v *template.Values, t template.Template, text string) error {
	var c adapters.Config
	if err := yaml.Unmarshal([]byte(t.Fill(*v)), &c); err != nil {
		return fmt.Errorf("fill template: %w", err)
	}
	w, err := adapters.Wire(c, nil, adapters.Deps{Demo: true}.Complete())
	if err != nil {
		return err
	}
	facts, err := w.SampleFacts(adapters.Sample{Body: text})
	if err != nil {
		return err
	}
	sample := []map[string]any{{"name": "对方给的样例", "body": strings.TrimSpace(text), "expect": facts}}
	out, err := yaml.MarshalWithOptions(sample, yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		return fmt.Errorf("write sample: %w", err)
	}
	for line := range strings.SplitSeq(strings.TrimRight(string(out), "\n"), "\n") {
		v.Sample += "  " + line + "\n"
	}
	return nil
}
