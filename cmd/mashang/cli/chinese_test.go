package cli_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/cmd/mashang/cli"
)

// Whoever mistypes is told so in Chinese, and the exit code says wrong usage.
func TestMistypedCommandsAreExplainedInChinese(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"casee":                "没有命令 casee，是不是 case？",
		"frob":                 "没有命令 frob，",
		"case lst":             `没有子命令 "lst"`,
		"case list --foo":      "没有选项 --foo，",
		"case list -z":         "没有选项 -z，",
		"case show":            "要 1 个参数，给了 0 个",
		"case list --limit x":  "选项 --limit 的值 x 不对",
		"case list --status":   "选项 --status 后面要有值",
		"oversight order BY12": `必须写明选项 "text"`,
	} {
		var out, errOut bytes.Buffer
		if code := cli.Run(t.Context(), strings.Fields(line), nil, &out, &errOut); code != 2 || !strings.Contains(errOut.String(), want) {
			t.Errorf("%s: %d, %s", line, code, &errOut)
		}
	}
}

// No word of the library's own is left on a help page.
func TestHelpIsChinese(t *testing.T) {
	t.Parallel()
	english := regexp.MustCompile(`Usage:|Flags:|Commands:|Examples:|help for|Generate|Help about`)
	for _, line := range []string{"--help", "case --help", "case list --help", "completion --help", "help help"} {
		var out, errOut bytes.Buffer
		if code := cli.Run(t.Context(), strings.Fields(line), nil, &out, &errOut); code != 0 || english.MatchString(out.String()) {
			t.Errorf("%s: %d, %s", line, code, &out)
		}
	}
}
