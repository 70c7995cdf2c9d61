package lang

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
)

// A spelling is a word of the authors' language, what expr calls it and how it
// is written in the stored form.
type spelling struct{ said, expr, canon string }

// spellings lists the operators; names of fields, functions and word lists
// are added by each Lifter.
func spellings() []spelling {
	var out []spelling
	for canon, said := range map[string]string{
		"大于等于 >=":          "大于等于 不小于 至少是 >= ≥",
		"小于等于 <=":          "小于等于 不大于 <= ≤",
		"不等于 !=":           "不等于 不是 != ≠ ！=",
		"不属于 not in":       "不属于 不在",
		"不为空 != nil":       "不为空 非空",
		"不包含 not contains": "不包含",
		"大于 >":             "大于 超过 > ＞",
		"小于 <":             "小于 < ＜",
		"等于 ==":            "等于 == ＝＝ ＝",
		"属于 in":            "属于",
		"为空 == nil":        "为空",
		"包含 contains":      "包含",
		"匹配 matches":       "匹配",
		"开头是 startsWith":   "开头是",
		"结尾是 endsWith":     "结尾是",
		"且 and":            "且 并且 而且 && ＆＆",
		"或 or":             "或 或者 || ｜｜",
		"非 not":            "非 ! ！",
		"+ +":              "+ ＋",
		"- -":              "- －",
		"* *":              "* × ＊",
		", ,":              ", ， 、",
		"( (":              "( （",
		") )":              ") ）",
		"[ [":              "[ 【 ［",
		"] ]":              "] 】 ］",
	} {
		zh, code, _ := strings.Cut(canon, " ")
		for s := range strings.FieldsSeq(said) {
			out = append(out, spelling{s, code, zh})
		}
	}
	return out
}

// latin lists the operators that expr spells in letters.
func latin() map[string]string {
	return map[string]string{
		"and": "且", "or": "或", "not": "非", "in": "属于", "contains": "包含", "matches": "匹配",
		"startsWith": "开头是", "endsWith": "结尾是",
	}
}

// dictionary finds the longest spelling at the start of a text.
type dictionary map[rune][]spelling

func newDictionary(names []string) dictionary {
	d := dictionary{}
	add := func(s spelling) {
		r, _ := utf8.DecodeRuneInString(s.said)
		d[r] = append(d[r], s)
	}
	for _, s := range spellings() {
		add(s)
	}
	for _, n := range names {
		if n != "" {
			add(spelling{n, n, n})
		}
	}
	for _, l := range d {
		slices.SortStableFunc(l, func(a, b spelling) int { return cmp.Compare(len(b.said), len(a.said)) })
	}
	return d
}

func (d dictionary) longest(src string, r rune) (spelling, bool) {
	for _, s := range d[r] {
		if strings.HasPrefix(src, s.said) {
			return s, true
		}
	}
	return spelling{}, false
}

// A token is one word of a condition.
type token struct {
	kind     kind
	expr     string
	canon    string
	from, to int // runes of the source
}

type kind uint8

const (
	space kind = iota
	word       // name or number
	operator
	literal
	bad // an opening quote without its end
)

// scan splits a condition into tokens.
func (d dictionary) scan(src string) []token {
	var out []token
	at := 0
	for src != "" {
		t, n := d.next(src)
		t.from, t.to = at, at+utf8.RuneCountInString(src[:n])
		at, src = t.to, src[n:]
		if last := len(out) - 1; t.kind == word && last >= 0 && out[last].kind == word && t.expr != "" &&
			out[last].to == t.from && !d.known(out[last].expr) && !d.known(t.expr) {
			out[last].expr += t.expr
			out[last].canon += t.canon
			out[last].to = t.to
			continue
		}
		out = append(out, t)
	}
	return out
}

// known reports whether s is a name.
func (d dictionary) known(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return slices.ContainsFunc(d[r], func(x spelling) bool { return x.said == s })
}

// next takes a token of n bytes.
func (d dictionary) next(src string) (t token, n int) {
	if t, n, ok := quoted(src); ok {
		return t, n
	}
	r, w := utf8.DecodeRuneInString(src)
	if r == '`' {
		return token{kind: bad, expr: `"`, canon: "`"}, w
	}
	if s, ok := d.longest(src, r); ok {
		k := operator
		if s.said == s.expr && unicode.IsLetter(r) {
			k = word
		}
		return token{kind: k, expr: s.expr, canon: s.canon}, len(s.said)
	}
	switch {
	case unicode.IsSpace(r), r == '　', r == '\ufeff':
		return token{kind: space, expr: " "}, w
	case isLatin(r):
		n := len(src) - len(strings.TrimLeftFunc(src, isLatin))
		s := strings.Map(narrow, src[:n])
		if zh, ok := latin()[s]; ok {
			return token{kind: operator, expr: s, canon: zh}, n
		}
		return token{kind: word, expr: s, canon: s}, n
	case unicode.IsLetter(r):
		return token{kind: word, expr: string(r), canon: string(r)}, w
	}
	return token{kind: operator, expr: string(r), canon: string(r)}, w
}

func isLatin(r rune) bool {
	r = narrow(r)
	return r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.')
}

// narrow turns full-width letters, digits and stops into ASCII.
func narrow(r rune) rune {
	if r >= '！' && r <= '～' {
		return r - '！' + '!'
	}
	return r
}

// quoted takes a quoted text.
func quoted(src string) (t token, n int, ok bool) {
	for _, q := range [][2]string{{"“", "”"}, {"‘", "’"}, {"「", "」"}, {`"`, `"`}, {"'", "'"}, {"＂", "＂"}, {"”", "”"}} {
		if !strings.HasPrefix(src, q[0]) {
			continue
		}
		body := src[len(q[0]):]
		i := strings.Index(body, q[1])
		if i < 0 {
			return token{kind: bad, expr: `"`, canon: `"`}, len(q[0]), true
		}
		raw := body[:i]
		code := `"` + raw + `"`
		if strings.ContainsAny(raw, "\\\"\n") {
			code = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(raw) + `"`
		}
		canon := `"` + raw + `"`
		if strings.Contains(raw, `"`) {
			canon = "“" + raw + "”"
		}
		return token{kind: literal, expr: code, canon: canon}, len(q[0]) + i + len(q[1]), true
	}
	return token{}, 0, false
}

// A text is a condition and what expr reads of it.
type text struct {
	author []rune
	tokens []token
	expr   []rune
	from   []int // rune of author at which each rune of expr begins, and the end
}

func (d dictionary) read(src string) *text {
	t := &text{author: []rune(src), tokens: d.scan(src)}
	for _, k := range t.tokens {
		s := k.expr
		if k.kind == operator {
			s = " " + s + " "
		}
		for _, r := range s {
			t.expr = append(t.expr, r)
			t.from = append(t.from, k.from)
		}
	}
	t.from = append(t.from, len(t.author))
	return t
}

// span finds the runes of the author that n takes.
func (t *text) span(n ast.Node) (from, to int) {
	lo, hi := len(t.expr), 0
	ast.Walk(&n, visitor(func(n ast.Node) {
		if l := n.Location(); l.To > 0 {
			lo, hi = min(lo, l.From), max(hi, l.To)
		}
	}))
	if hi <= lo || hi > len(t.expr) {
		return 0, len(t.author)
	}
	if c, ok := n.(*ast.CallNode); ok && len(c.Arguments) == 0 {
		for hi < len(t.expr) && t.expr[hi-1] != '(' {
			hi++
		}
	}
	for open := opened(t.expr[lo:hi]); open > 0 && hi < len(t.expr); hi++ {
		switch t.expr[hi] {
		case '(', '[':
			open++
		case ')', ']':
			open--
		}
	}
	for hi < len(t.expr) && t.from[hi] == t.from[hi-1] { // one author's rune may be several of expr
		hi++
	}
	from, to = t.from[lo], t.from[hi]
	for to > from && unicode.IsSpace(t.author[to-1]) {
		to--
	}
	for from < to && unicode.IsSpace(t.author[from]) {
		from++
	}
	return from, to
}

// opened counts the brackets that src opens and does not close.
func opened(src []rune) int {
	open, quoted := 0, false
	for i := 0; i < len(src); i++ {
		switch r := src[i]; {
		case quoted && r == '\\':
			i++
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '(' || r == '[':
			open++
		case r == ')' || r == ']':
			open--
		}
	}
	return open
}

// visitor calls a function for each node.
type visitor func(ast.Node)

// Visit calls v.
func (v visitor) Visit(n *ast.Node) { v(*n) }
