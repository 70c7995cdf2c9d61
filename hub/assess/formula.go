package assess

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
	"github.com/goccy/go-yaml"

	"github.com/mashang-hub/mashang/hub"
)

// A Measure (考核指标) is a rate: of says which cases are in the denominator,
// counts which of those are in the numerator.
type Measure struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Of     string `json:"of"`
	Counts string `json:"counts"`
	Better string `json:"better"` // high or low

	of, counts *vm.Program
}

// Formulas (考核公式) are the measures of a city in one version.
type Formulas struct {
	Version  string    `json:"version"`
	Hash     string    `json:"hash" yaml:"-"`
	Small    int       `json:"small"`
	Measures []Measure `json:"measures"`
	Score    string    `json:"score"`
	Red      int       `json:"red"`
	Black    int       `json:"black"`
	Pass     float64   `json:"pass"`
	Source   []byte    `json:"-" yaml:"-"`

	score *vm.Program
}

// A Version (公式版本) is formulas that were in use.
type Version struct {
	Version string    `json:"version"`
	Hash    string    `json:"hash"`
	Since   time.Time `json:"since"` // first used
}

var codes = regexp.MustCompile(`^[a-z][a-z_]{1,30}$`)

// Parse reads and compiles formulas; it refuses unknown fields, names that no
// fact has and formulas that are not a yes or no.
func Parse(data []byte) (*Formulas, error) {
	f := &Formulas{Source: data}
	if err := yaml.UnmarshalWithOptions(data, f, yaml.Strict()); err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "assess.formulas", Args: []any{""}, Err: err}
	}
	sum := sha256.Sum256(data)
	f.Hash = hex.EncodeToString(sum[:8])
	if f.Version == "" || len(f.Measures) == 0 {
		return nil, hub.Errorf(hub.CodeInvalid, "assess.formulas", "version, measures")
	}
	rates := map[string]any{}
	for i := range f.Measures {
		m := &f.Measures[i]
		if !codes.MatchString(m.Code) || m.Name == "" || rates[m.Code] != nil || m.Better != "high" && m.Better != "low" {
			return nil, hub.Errorf(hub.CodeInvalid, "assess.formulas", m.Code)
		}
		rates[m.Code] = 0.0
		if err := m.compile(); err != nil {
			return nil, err
		}
	}
	var err error
	if f.score, err = expr.Compile(f.Score, expr.Env(rates), expr.AsFloat64(), expr.DisableAllBuiltins(), expr.MaxNodes(500)); err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "assess.formulas", Args: []any{"score"}, Err: err}
	}
	return f, nil
}

// compile allows plain conditions only: no loops and no functions.
func (m *Measure) compile() (err error) {
	options := []expr.Option{expr.Env(Fact{}), expr.AsBool(), expr.DisableAllBuiltins(), expr.MaxNodes(200)}
	if m.of, err = expr.Compile(m.Of, options...); err == nil {
		m.counts, err = expr.Compile(m.Counts, options...)
	}
	if err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "assess.formulas", Args: []any{m.Code}, Err: err}
	}
	if !isPlain(m.of) || !isPlain(m.counts) {
		return hub.Errorf(hub.CodeInvalid, "assess.formulas", m.Code)
	}
	return nil
}

// loops finds what could run for long.
type loops struct{ found bool }

// Visit looks at one node.
func (l *loops) Visit(node *ast.Node) {
	switch (*node).(type) {
	case *ast.BuiltinNode, *ast.CallNode, *ast.PredicateNode, *ast.VariableDeclaratorNode:
		l.found = true
	}
}

func isPlain(p *vm.Program) bool {
	node, l := p.Node(), &loops{}
	ast.Walk(&node, l)
	return !l.found
}

// judge says whether a case is in the denominator and in the numerator.
func (m *Measure) judge(f *Fact) (in, counts bool, err error) {
	if slices.Contains(f.Spared, m.Code) {
		return false, false, nil
	}
	v, err := expr.Run(m.of, *f)
	if err != nil {
		return false, false, fmt.Errorf("measure %s: %w", m.Code, err)
	}
	if in, _ = v.(bool); !in {
		return false, false, nil
	}
	if v, err = expr.Run(m.counts, *f); err != nil {
		return false, false, fmt.Errorf("measure %s: %w", m.Code, err)
	}
	counts, _ = v.(bool)
	return in, counts, nil
}

func (f *Formulas) scored(rates map[string]any) (float64, error) {
	v, err := expr.Run(f.score, rates)
	if err != nil {
		return 0, fmt.Errorf("score: %w", err)
	}
	n, _ := v.(float64)
	return n, nil
}
