package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// fileCalls gives every call of file the list of files.
type fileCalls struct{}

// Visit implements ast.Visitor.
func (fileCalls) Visit(node *ast.Node) {
	call, ok := (*node).(*ast.CallNode)
	if !ok {
		return
	}
	if id, ok := call.Callee.(*ast.IdentifierNode); ok && id.Value == "file" && len(call.Arguments) == 1 {
		call.Arguments = append(call.Arguments, &ast.IdentifierNode{Value: "files"})
	}
}

// calls notes calls of functions that do not exist: the compiler takes them
// for variables.
type calls struct{ unknown []*ast.IdentifierNode }

// Visit implements ast.Visitor.
func (c *calls) Visit(node *ast.Node) {
	call, ok := (*node).(*ast.CallNode)
	if !ok {
		return
	}
	if id, ok := call.Callee.(*ast.IdentifierNode); ok && !slices.Contains(helperNames(), id.Value) {
		c.unknown = append(c.unknown, id)
	}
}

func (c *calls) mistakes(field string) []Mistake {
	var out []Mistake
	for _, id := range c.unknown {
		out = append(out, Mistake{
			Field: field, Column: id.Location().From,
			Err: fmt.Errorf("没有函数 %s，可用 %s 和 expr 自带的函数", id.Value, strings.Join(helperNames(), "、")),
		})
	}
	return out
}

func helperNames() []string {
	var names []string
	for _, h := range Helpers() {
		names = append(names, h.Name)
	}
	return names
}
