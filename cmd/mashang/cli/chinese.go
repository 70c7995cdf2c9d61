package cli

import (
	"regexp"
	"strings"
	"sync"

	"github.com/spf13/cobra"
)

// speakChinese puts what cobra itself says on the help pages into Chinese.
func speakChinese(root *cobra.Command) {
	root.SetUsageTemplate(strings.NewReplacer(
		"Usage:", "用法:", "Aliases:", "别名:", "Examples:", "例子:", "Available Commands:", "命令:", "Additional Commands:", "其他命令:",
		"Global Flags:", "通用选项:", "Flags:", "选项:", "Additional help topics:", "其他帮助:",
		`Use "{{.CommandPath}} [command] --help" for more information about a command.`, `每个命令的说明：{{.CommandPath}} 命令 --help`,
		"[command]", "命令",
	).Replace(root.UsageTemplate()))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Short, c.Long = "显示一个命令的说明", "显示一个命令的说明，同 mashang 命令 --help。"
			c.Example = "  mashang help case list"
		case "completion":
			c.Short, c.Long = "输出 Shell 的补全脚本", "把补全脚本写到标准输出，给所用的 Shell 读入。"
			c.Example = "  source <(mashang completion bash)\n  mashang completion zsh > \"${fpath[1]}/_mashang\""
			for _, shell := range c.Commands() {
				shell.Short, shell.Long = shell.Name()+" 的补全脚本", ""
				shell.Example = "  mashang completion " + shell.Name()
			}
		}
	}
	nameHelp(root)
}

// nameHelp describes --help of c and of all below it.
func nameHelp(c *cobra.Command) {
	c.InitDefaultHelpFlag()
	c.Flags().Lookup("help").Usage = "显示这一页"
	for _, sub := range c.Commands() {
		nameHelp(sub)
	}
}

// A said is one sentence of cobra's and ours.
type said struct {
	cobra *regexp.Regexp
	zh    string
}

// misuse are the ways in which cobra says that a command line is not right, and
// how a person is told.
var misuse = sync.OnceValue(func() []said {
	var all []said
	for _, m := range [][2]string{
		{`(?s)^unknown command "([^"]*)" for "([^"]*)"\n\nDid you mean this\?\s+(.*?)\s*$`, `没有命令 $1，是不是 $3？全部命令见 $2 --help`},
		{`^unknown command "([^"]*)" for "([^"]*)"`, `没有命令 $1，全部命令见 $2 --help`},
		{`^unknown flag: (\S+)`, `没有选项 $1，全部选项见 --help`},
		{`^unknown shorthand flag: '.' in (\S+)`, `没有选项 $1，全部选项见 --help`},
		{`^flag needs an argument: (?:'.' in )?(\S+)`, `选项 $1 后面要有值`},
		{`^invalid argument "([^"]*)" for "([^"]*)" flag: .*`, `选项 $2 的值 $1 不对，写法见 --help`},
		{`^required flag\(s\) (.*) not set`, `必须写明选项 $1`},
		{`^accepts (\d+) arg\(s\), received (\d+)`, `要 $1 个参数，给了 $2 个；用法见 --help`},
		{`^requires at least (\d+) arg\(s\), only received (\d+)`, `至少要 $1 个参数，给了 $2 个；用法见 --help`},
		{`^accepts at most (\d+) arg\(s\), received (\d+)`, `最多 $1 个参数，给了 $2 个；用法见 --help`},
		{`^accepts between (\d+) and (\d+) arg\(s\), received (\d+)`, `要 $1 到 $2 个参数，给了 $3 个；用法见 --help`},
		{`^at least one of the flags in the group \[(.*)\] is required`, `选项 $1 至少要写一个`},
		{`^if any flags in the group \[(.*)\] are set none of the others can be; .*`, `选项 $1 只能写一个`},
		{`^if any flags in the group \[(.*)\] are set they must all be set; .*`, `选项 $1 要写就一起写`},
	} {
		all = append(all, said{regexp.MustCompile(m[0]), m[1]})
	}
	return all
})

// misused is how a person is told what cobra says of a command line, and whether
// it says so; any other text is left as it is.
func misused(text string) (string, bool) {
	for _, m := range misuse() {
		if m.cobra.MatchString(text) {
			return m.cobra.ReplaceAllString(text, m.zh), true
		}
	}
	return text, false
}
