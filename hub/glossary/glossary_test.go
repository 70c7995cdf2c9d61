package glossary_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/mashang-hub/mashang/hub/glossary"
)

func TestZh(t *testing.T) {
	for code, want := range map[string]string{
		"status.assigned": "已派单", "event.assigned": "派单", "assigned": "已派单", "signed_for": "签收",
		"department.traffic_police": "交警", "traffic_police": "交警", "petition": "信访初访", "nonsense": "nonsense",
	} {
		if got := glossary.Zh(code); got != want {
			t.Errorf("Zh(%s) = %s, want %s", code, got, want)
		}
	}
	if got := glossary.En("department.provident_fund"); got != "provident fund" {
		t.Error(got)
	}
}

func TestMessage(t *testing.T) {
	for _, v := range []struct {
		key  string
		args []any
		want string
	}{
		{"case.illegal_step", []any{"resolved", "assigned"}, "事项已派单，现在不能办结。"},
		{"case.part_open", []any{"gas"}, "协办的燃气尚未办完，牵头部门还不能办结。"},
		{"rating.range", []any{9}, "评分应为 1 到 5，收到的是 9。"},
		{"rating.range", nil, "评分应为 1 到 5，收到的是 …。"},
		{"no.such_key", []any{"secret"}, "操作没有成功，请稍后再试。"},
	} {
		if got := glossary.Message(v.key, v.args...); got != v.want {
			t.Errorf("Message(%s) = %s, want %s", v.key, got, v.want)
		}
	}
}

// TestTables checks the form of both tables.
func TestTables(t *testing.T) {
	for file, columns := range map[string]int{"glossary.tsv": 7, "messages.tsv": 2} {
		seen := map[string]bool{}
		for i, line := range lines(t, file) {
			cells := strings.Split(line, "\t")
			if len(cells) != columns || cells[0] == "" || cells[1] == "" {
				t.Errorf("%s:%d: %d columns, want %d, the first two filled", file, i+1, len(cells), columns)
			}
			if seen[cells[0]] {
				t.Errorf("%s:%d: %s is listed twice", file, i+1, cells[0])
			}
			seen[cells[0]] = true
			if holes := regexp.MustCompile(`\{[^}]*\}?`).FindAllString(line, -1); columns == 2 {
				for _, h := range holes {
					if !regexp.MustCompile(`^\{[1-9](\|[a-z]+)?\}$`).MatchString(h) {
						t.Errorf("%s:%d: bad placeholder %s", file, i+1, h)
					}
				}
			}
		}
	}
}

// TestDomainTypesAreNamed checks that every exported type of package hub whose
// comment carries a Chinese term has a row, that the comment carries the row's
// term, and that every row names a real type; so either word finds the other.
func TestDomainTypesAreNamed(t *testing.T) {
	docs := typeDocs(t, "..")
	for _, term := range glossary.Terms() {
		name, ok := strings.CutPrefix(term.Code, "hub.")
		if !ok {
			continue
		}
		doc, ok := docs[name]
		if !ok {
			t.Errorf("glossary.tsv: %s (%s) is not a type of package hub", term.Code, term.Zh)
		} else if hasHan(doc) && !strings.Contains(doc, term.Zh) {
			t.Errorf("%s: comment does not carry its Chinese term %s", term.Code, term.Zh)
		}
	}
	for name, doc := range docs {
		if _, ok := glossary.Lookup("hub." + name); !ok && hasHan(doc) && !isCommand(name) {
			t.Errorf("hub.%s has a Chinese term in its comment but no row in glossary.tsv", name)
		}
	}
}

// isCommand exempts the commands: each is named by the event that it leads to.
func isCommand(name string) bool {
	return slices.Contains(strings.Fields(`Receive Reject AnswerAtOnce Assign SignFor SendBack Contact
		Progress AskCitizen CitizenReply AskExtension DecideExtension Suspend ResumeCase Resolve Rate
		Reopen Merge Fire Escalate Supervise Instruct AnswerDemand Archive SetTask Verify RefuseReply`), name)
}

// keys finds the reasons that source code gives to errors: the literal after
// an error code, after Key:, or in a call of require.
var keys = regexp.MustCompile(`(?:\bCode[A-Z]\w+,\s*|\bKey:\s*|\brequire\([^"\n]*)"([a-z_]+\.[a-z_.]+)"`)

// TestEveryReasonHasASentence reads all source files of the module but those of
// test kits.
func TestEveryReasonHasASentence(t *testing.T) {
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.HasSuffix(filepath.Dir(path), "test") {
			return err
		}
		src, err := os.ReadFile(path)
		for _, m := range keys.FindAllStringSubmatch(string(src), -1) {
			if !glossary.Known(m[1]) {
				t.Errorf("%s: %s has no sentence in messages.tsv", path, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func lines(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

func hasHan(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// typeDocs maps the name of each exported type in dir to its comment.
func typeDocs(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, s := range g.Specs {
				if ts := s.(*ast.TypeSpec); ts.Name.IsExported() {
					docs[ts.Name.Name] = g.Doc.Text() + ts.Doc.Text()
				}
			}
		}
	}
	return docs
}
