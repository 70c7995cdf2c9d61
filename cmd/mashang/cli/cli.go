// Package cli is the command line of mashang. Every command has examples, takes
// -o json and ends with an honest exit code: 0 well, 1 a finding or a failure,
// 2 wrong usage, 3 the hub cannot be reached.
//
// It holds no logic of its own: it talks to a running hub over HTTP or calls
// the packages that do the work. Start with Run.
package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// The exit codes.
const (
	exitOK          = 0
	exitFinding     = 1
	exitUsage       = 2
	exitUnreachable = 3
)

// An exitError carries an exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// settings are the flags that all commands share.
type settings struct {
	output string
	url    string
	in     io.Reader
	out    io.Writer
	errOut io.Writer
}

func (s *settings) json() bool { return s.output == "json" }

// print writes v as JSON when that was asked for, else the text.
func (s *settings) print(v any, text func(w io.Writer)) error {
	if !s.json() {
		text(s.out)
		return nil
	}
	enc := json.NewEncoder(s.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// progress tells a person who waits how far it is.
func (s *settings) progress(format string, args ...any) {
	_, _ = fmt.Fprintf(s.errOut, format+"\n", args...)
}

// thisProgram is the file that runs: the hub starts it again for its plugins.
func thisProgram() (string, error) {
	binary, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	return binary, nil
}

// Run runs one command and returns its exit code.
func Run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	s := &settings{in: in, out: out, errOut: errOut}
	root := newRoot(s)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	_, _ = fmt.Fprintln(errOut, "错误:", sentence(err))
	return exitCode(err)
}

func exitCode(err error) int {
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	if _, ok := errors.AsType[*hub.Error](err); ok {
		if hub.CodeOf(err) == hub.CodeUnavailable {
			return exitUnreachable
		}
		return exitFinding
	}
	if _, ok := misused(err.Error()); ok {
		return exitUsage
	}
	return exitFinding
}

// sentence puts an error into words: Chinese where the glossary has them.
func sentence(err error) string {
	if e, ok := errors.AsType[*hub.Error](err); ok {
		msg := glossary.Message(e.Key, e.Args...)
		if e.Err != nil {
			msg += " (" + e.Err.Error() + ")"
		}
		return msg + " [" + e.Key + "]"
	}
	text, _ := misused(err.Error())
	return text
}

func newRoot(s *settings) *cobra.Command {
	root := &cobra.Command{
		Use:           "mashang",
		Short:         "码上 · 群众诉求集成中枢",
		Long:          "码上把扫码、白银快办、12345、网民留言、信访等渠道的诉求接进一条 Kafka 总线，\n用表达式规则分派给部门，并盯住每一个时限。",
		Example:       "  mashang demo\n  mashang submit --channel netizen 留言.jsonl\n  mashang case list --status sorting -o json",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVarP(&s.output, "output", "o", "text", "输出格式: text 或 json")
	root.PersistentFlags().StringVar(&s.url, "url", cmp.Or(os.Getenv("MASHANG_URL"), "http://127.0.0.1:8080"), "运行中的码上地址；也可写在环境变量 MASHANG_URL")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if s.output != "text" && s.output != "json" {
			return &exitError{exitUsage, fmt.Errorf("输出格式只有 text 和 json，不是 %q", s.output)}
		}
		return nil
	}
	root.AddCommand(newDemo(s), newServe(s), newDoctor(s), newSubmit(s), newCase(s),
		newRules(s), newChannel(s), newDead(s), newReplay(s), newBench(s), newPlugin(s), newVersion(s),
		newCalendar(s), newDeadline(s), newOversight(s), newInstruction(s),
		newAccount(s), newAudit(s), newAssess(s), newKeys(s), newDelivery(s), newSilence(s), newQR(s), newWarning(s), newPetition(s),
		newNotice(s), newPeople(s), newDeputy(s), newVisit(s), newRetention(s))
	strict(root)
	speakChinese(root)
	return root
}

// strict makes a word that is no command of a group wrong usage: by itself the
// library shows the help of the group and calls that well.
func strict(group *cobra.Command) {
	for _, c := range group.Commands() {
		if c.HasSubCommands() && !c.Runnable() {
			c.RunE = func(c *cobra.Command, args []string) error {
				if len(args) > 0 {
					return &exitError{exitUsage, fmt.Errorf("%s 没有子命令 %q，用 %s --help 看有哪些", c.CommandPath(), args[0], c.CommandPath())}
				}
				return c.Help()
			}
		}
		strict(c)
	}
}
