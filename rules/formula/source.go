package formula

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

// Expr writes f as one expr expression over Facts: what an engine without an
// index runs.
func (f *Form) Expr(a []Atom) string {
	switch f.Op {
	case False:
		return "false"
	case True:
		return "true"
	case Is:
		return a[f.Atom].expr()
	case Not:
		return "not (" + f.Kids[0].Expr(a) + ")"
	case Leaf:
		return "(" + f.Source + ")"
	case Close:
		x, y := strconv.Quote(a[f.Kids[0].Atom].Value), strconv.Quote(a[f.Kids[1].Atom].Value)
		return fmt.Sprintf("(近(标题,%s,%s,%d) or 近(正文,%[1]s,%[2]s,%[3]d))", x, y, f.N)
	}
	parts := make([]string, len(f.Kids))
	for i, k := range f.Kids {
		parts[i] = "(" + k.Expr(a) + ")"
		if f.Op == Count {
			parts[i] = "(" + parts[i] + " ? 1 : 0)"
		}
	}
	switch {
	case f.Op == Count:
		return strings.Join(parts, " + ") + " >= " + strconv.Itoa(f.N)
	case len(parts) == 0:
		return strconv.FormatBool(f.Op == And)
	case f.Op == And:
		return strings.Join(parts, " and ")
	}
	return strings.Join(parts, " or ")
}

func (k *Atom) expr() string {
	v := strconv.Quote(k.Value)
	switch {
	case k.Word >= 0:
		return k.Field.Name() + " contains " + v
	case k.Field == Tag:
		return v + " in 标签"
	case k.Field == Area:
		return "地区 startsWith " + v
	case k.Field == Flag:
		return k.Value
	}
	return k.Field.Name() + " == " + v
}

// Compile makes the program of src, which must be Boolean over Facts.
func Compile(src string) (*vm.Program, error) {
	return expr.Compile(src, expr.Env(Facts{}), expr.AsBool())
}
