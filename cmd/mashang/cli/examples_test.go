package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
)

// An example is one line of a command's examples, as the shell would split it.
type example struct {
	command *cobra.Command
	line    string
	args    []string
}

// examples lists what all commands offer to copy. Pipes, redirections and
// variables before the command are the shell's own.
func examples(t *testing.T) []example {
	t.Helper()
	var all []example
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			words := words(t, line)
			from := slices.Index(words, "mashang")
			if from < 0 {
				continue
			}
			args := words[from+1:]
			if i := slices.IndexFunc(args, func(w string) bool {
				return slices.Contains([]string{"|", ">", ">>", "<", "&&", "&", "#", "2>"}, w)
			}); i >= 0 {
				args = args[:i]
			}
			all = append(all, example{c, strings.TrimSpace(line), args})
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&settings{}))
	return all
}

// words splits a line at spaces that are not quoted.
func words(t *testing.T, line string) []string {
	t.Helper()
	var out []string
	var word strings.Builder
	quote, begun := rune(0), false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case quote == 0 && unicode.IsSpace(r):
			if begun {
				out = append(out, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		t.Errorf("a quote is open: %s", line)
	}
	if begun {
		out = append(out, word.String())
	}
	return out
}

// What an example says can be typed: the command is there, its flags are, and
// it takes that many arguments.
func TestEveryExampleCanBeTyped(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		found, rest, err := newRoot(&settings{}).Find(e.args)
		if err == nil {
			err = found.ParseFlags(rest)
		}
		if err == nil {
			err = found.ValidateArgs(found.Flags().Args())
		}
		if err == nil {
			err = found.ValidateRequiredFlags()
		}
		if err != nil {
			t.Errorf("%s: %v\n\t%s", e.command.CommandPath(), err, e.line)
		}
	}
}

// remote are the commands that ask a running hub.
const remote = "account audit assess case dead deadline delivery deputy instruction notice oversight replay retention silence visit warning"

// Without a hub every command that asks one ends with 3 and says what to do,
// unless the file that its example names is missing.
func TestWithoutAHubEveryCommandSaysSo(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, e := range examples(t) {
		if local(e.args) || !slices.Contains(strings.Fields(remote), strings.Fields(e.command.CommandPath() + " x")[1]) {
			continue
		}
		var out, errOut bytes.Buffer
		code := Run(t.Context(), append(slices.Clone(e.args), "--url", "http://127.0.0.1:1"), strings.NewReader("x\n"), &out, &errOut)
		if code != exitUnreachable && !strings.Contains(errOut.String(), "no such file") {
			t.Errorf("exit %d, %q %q: %s", code, out.String(), errOut.String(), e.line)
		}
	}
}

// local reports the commands of those that need no hub.
func local(args []string) bool {
	if strings.HasPrefix(strings.Join(args, " "), "delivery receive") {
		return true // it waits for the hub, not the other way round
	}
	return len(args) > 1 && args[0] == "account" && (args[1] == "init" || args[1] == "roles")
}

// A hub that has nothing yet is answered by a sentence, or by JSON that a
// program can read; neither is a failure.
func TestListsOfNothingSayThatThereIsNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	}))
	defer hub.Close()
	for _, args := range []string{
		"account list", "account roles", "audit list", "case list", "dead list", "delivery list", "delivery lanes", "deputy list",
		"instruction list", "oversight list", "silence list", "visit list", "warning list", "channel list", "plugin list", "plugin logs water", "rules releases", "rules score",
	} {
		if _, _, err := newRoot(&settings{}).Find(strings.Fields(args)); err != nil {
			t.Errorf("%s: %v", args, err)
			continue
		}
		var out, errOut bytes.Buffer
		run := append(strings.Fields(args), "--url", hub.URL)
		if code := Run(t.Context(), run, strings.NewReader(""), &out, &errOut); code != exitOK || !strings.ContainsFunc(out.String(), func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("%s: exit %d, said %q %q", args, code, out.String(), errOut.String())
		}
		out.Reset()
		if code := Run(t.Context(), append(run, "-o", "json"), strings.NewReader(""), &out, &errOut); code != exitOK || !json.Valid(out.Bytes()) {
			t.Errorf("%s -o json: exit %d, said %q %q", args, code, out.String(), errOut.String())
		}
	}
}

// What is typed wrong ends with 2, whatever it is.
func TestWrongUsageEndsWithTwo(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"nonsense", "case nonsense", "case list --nonsense", "case show", "case list -o yaml", "case list extra", "case list --limit much",
		"delivery nonsense", "rules check --nonsense", "audit nonsense", "calendar show", "-x",
	} {
		var out, errOut bytes.Buffer
		if code := Run(t.Context(), append(strings.Fields(args), "--url", "http://127.0.0.1:1"), strings.NewReader(""), &out, &errOut); code != exitUsage {
			t.Errorf("%s: exit %d, %q %q", args, code, out.String(), errOut.String())
		}
	}
}
