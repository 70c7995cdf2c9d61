package doc_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/mashang-hub/mashang/"

// layer says which top-level folders each folder may import. Arrows point
// inward, to hub; only cmd points outward.
var layer = map[string]string{
	"hub":      "hub",
	"rules":    "rules hub",
	"adapters": "adapters hub",
	"plugins":  "plugins hub",
	"configs":  "",
	"cmd":      "cmd hub rules adapters plugins configs",
}

// surface is the part of hub that extensions may import; hub/egress is in it
// so that every outgoing call, whoever makes it, passes the same guard, and
// hub/process so that every program beside the hub ends the same way.
const surface = "hub hub/calendar hub/egress hub/glossary hub/hubtest hub/hubtest/browsertest hub/process hub/reading"

// leaf lists packages that may import nothing of ours, and why.
var leaf = map[string]string{
	"hub":          "the domain must not know how it is stored, carried or shown",
	"hub/glossary": "every layer names things with it",
}

// kit lists the packages that serve the others of their folder: those that
// bring them together, and those that several are made of.
const kit = "all host sdk grpc pluginpb webhook office relay adaptertest plugintest manifest reading decode mapping proof lint adapterpb template contract conform scaffold"

// source calls visit for every Go file of the module. Parsing the files here,
// rather than asking the go command, lets it see what the test read, so that a
// cached pass is never stale.
func source(t *testing.T, mode parser.Mode, visit func(file string, f *ast.File)) {
	t.Helper()
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") {
			return err
		}
		src, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, src, mode)
		if err != nil {
			return err
		}
		visit(file, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportsPointInward(t *testing.T) {
	source(t, parser.ImportsOnly, func(file string, f *ast.File) {
		from := path.Dir(file)
		for _, spec := range f.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			to, ours := strings.CutPrefix(imp+"/", module)
			if to = strings.TrimSuffix(to, "/"); ours {
				checkImport(t, file, from, to)
			}
		}
	})
}

func checkImport(t *testing.T, file, from, to string) {
	t.Helper()
	test := strings.HasSuffix(file, "_test.go")
	switch {
	case leaf[from] != "" && !test:
		t.Errorf("%s imports %s: %s", file, to, leaf[from])
	case !has(layer[top(from)], top(to)) && !(test && top(to) == "configs"):
		t.Errorf("%s imports %s: %s may import only [%s]", file, to, top(from), layer[top(from)])
	case top(to) == "hub" && has("adapters rules plugins", top(from)) && !has(surface, to) && !(test && to == "hub/postgres/pgtest"):
		t.Errorf("%s imports %s: extensions may use only [%s]", file, to, surface)
	case sibling(from, to, "adapters"), sibling(from, to, "plugins"):
		t.Errorf("%s imports %s: implementations do not know one another", file, to)
	}
}

// TestEveryPackageSaysWhatItIsFor wants a comment on every package.
func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	said := map[string]bool{}
	source(t, parser.PackageClauseOnly|parser.ParseComments, func(file string, f *ast.File) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		said[path.Dir(file)] = said[path.Dir(file)] || f.Doc.Text() != ""
	})
	for pkg, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment", pkg)
		}
	}
}

// TestStartsNothingByItself forbids init functions: what runs is written down
// where it is wired.
func TestStartsNothingByItself(t *testing.T) {
	source(t, parser.ParseComments, func(file string, f *ast.File) {
		if ast.IsGenerated(f) {
			return
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s has an init function: make it a function that cmd calls", file)
			}
		}
	})
}

func has(list, word string) bool { return slices.Contains(strings.Fields(list), word) }

func top(pkg string) string { name, _, _ := strings.Cut(pkg, "/"); return name }

// sibling reports whether from and to are two different implementations
// under folder, such as two adapters.
func sibling(from, to, folder string) bool {
	f, ok1 := strings.CutPrefix(from, folder+"/")
	g, ok2 := strings.CutPrefix(to, folder+"/")
	return ok1 && ok2 && top(f) != top(g) && !has(kit, top(f)) && !has(kit, top(g))
}
