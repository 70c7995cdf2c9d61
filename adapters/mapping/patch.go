package mapping

import "github.com/expr-lang/expr/ast"

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
