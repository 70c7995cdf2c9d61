package bench

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"testing/fstest"
	"time"

	"github.com/expr-lang/expr/vm"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/formula"
	"github.com/mashang-hub/mashang/rules/index"
	"github.com/mashang-hub/mashang/rules/lint"
)

// Options say what to measure.
type Options struct {
	Rules []int  // sizes of rule sets
	Cases int    // different cases, at least 1
	Runes int    // characters of a case
	Seed  uint64 // the same seed makes the same rules and cases
}

// Default is what the bars are about: cases of 300 characters at a thousand and
// at ten thousand rules.
func Default() Options { return Options{Rules: []int{1000, 10000}, Cases: 256, Runes: 300, Seed: 1} }

// A Result is one measurement at one number of rules. Times are nanoseconds of
// processor time, of a case unless they are of the whole set.
type Result struct {
	Rules       int     `json:"rules"`
	NaiveNS     int64   `json:"naive_ns"` // the loop over all rules
	IndexNS     int64   `json:"index_ns"` // the same answer from the index
	Differences int     `json:"differences"`
	DecideNS    int64   `json:"decide_ns"` // a whole decision
	Speedup     float64 `json:"speedup"`
	Matches     float64 `json:"matches"`  // rules that hold, per case
	Woken       float64 `json:"woken"`    // rules that the index asked, per case
	Programs    float64 `json:"programs"` // of those, how many ran a program
	LoadNS      int64   `json:"load_ns"`  // from the text of the file to a set ready to decide
	BuildNS     int64   `json:"build_ns"` // of that, after the YAML is read
	LintNS      int64   `json:"lint_ns"`
}

// A Report is what Run measured.
type Report struct {
	Runs   []Result `json:"runs"`
	Growth float64  `json:"growth"` // index_ns of the last run over the first
	Runes  int      `json:"runes"`
	Cases  int      `json:"cases"`
	Seed   uint64   `json:"seed"`
	Go     string   `json:"go"`
}

// Run measures every size of o.
func Run(o Options) (Report, error) {
	r := Report{Runes: o.Runes, Cases: o.Cases, Seed: o.Seed, Go: runtime.Version()}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, n := range o.Rules {
		one, err := measure(o, n)
		if err != nil {
			return r, fmt.Errorf("measure %d rules: %w", n, err)
		}
		r.Runs = append(r.Runs, one)
	}
	if len(r.Runs) > 1 {
		r.Growth = round(float64(r.Runs[len(r.Runs)-1].IndexNS) / float64(r.Runs[0].IndexNS))
	}
	return r, nil
}

func measure(o Options, n int) (Result, error) {
	w := newWorld(o.Seed)
	text := w.folder(n)
	var cases []*hub.Submission
	for range max(o.Cases, 1) {
		cases = append(cases, w.submission(o.Runes))
	}
	res := Result{Rules: n}
	set, err := res.build(text)
	if err != nil {
		return res, err
	}
	rival, err := newLoop(set)
	if err != nil {
		return res, err
	}
	s := set.Index().NewState()
	matches, woken, ran := 0, 0, 0
	for _, c := range cases {
		got, want := find(s, c), rival.find(c)
		matches, woken, ran = matches+len(want), woken+s.Woken, ran+s.Ran
		if !slices.Equal(got, want) {
			res.Differences++
		}
	}
	per := func(n int) float64 { return round(float64(n) / float64(len(cases))) }
	res.Matches, res.Woken, res.Programs = per(matches), per(woken), per(ran)
	res.IndexNS = least(9, 60*time.Millisecond, func(i int) { find(s, cases[i%len(cases)]) })
	res.NaiveNS = least(5, 120*time.Millisecond, func(i int) { rival.find(cases[i%len(cases)]) })
	res.DecideNS = least(7, 60*time.Millisecond, func(i int) { set.Decide(cases[i%len(cases)]) })
	res.Speedup = round(float64(res.NaiveNS) / float64(res.IndexNS))
	return res, nil
}

// build loads and lints the set and times both, the least of three.
func (r *Result) build(text string) (set *rules.Set, err error) {
	folder := fstest.MapFS{"测量.yaml": {Data: []byte(text)}}
	for range 3 {
		runtime.GC()
		start := time.Now()
		var spent rules.Timing
		if set, err = rules.Load(folder, nil, rules.WithTiming(&spent)); err != nil {
			return nil, err
		}
		loaded := time.Since(start)
		start = time.Now()
		lint.Check(set)
		linted := time.Since(start)
		if r.LoadNS == 0 || int64(loaded) < r.LoadNS {
			r.LoadNS, r.BuildNS = int64(loaded), int64(spent.Build)
		}
		if r.LintNS == 0 || int64(linted) < r.LintNS {
			r.LintNS = int64(linted)
		}
	}
	return set, nil
}

// find asks the index for all rules that hold.
func find(s *index.State, c *hub.Submission) []int32 {
	s.Begin(c, category)
	out := s.Matches(0)
	out = append(out, s.Matches(1)...)
	return append(out, s.Matches(2)...)
}

// category stands for the stage before.
func category(f *formula.Facts) {
	f.Category = categories()[len(f.Body)%8]
	f.Kind = []string{"consult", "help", "complaint"}[len(f.Title)%3]
}

// A loop runs the program of every rule.
type loop struct {
	programs []*vm.Program
	vm       vm.VM
	out      []int32
}

func newLoop(set *rules.Set) (*loop, error) {
	l := &loop{}
	for _, c := range set.Conditions() {
		p, err := formula.Compile(c.Form.Expr(set.Index().Atoms()))
		if err != nil {
			return nil, fmt.Errorf("program of %s: %w", c.Rule, err)
		}
		l.programs = append(l.programs, p)
	}
	return l, nil
}

func (l *loop) find(c *hub.Submission) []int32 {
	var f formula.Facts
	f.Fill(c)
	f.Read(c)
	category(&f)
	l.out = l.out[:0]
	for i, p := range l.programs {
		if v, err := l.vm.Run(p, &f); err == nil && v == true {
			l.out = append(l.out, int32(i))
		}
	}
	return l.out
}

// least is the processor time of one call of f: the least of some rounds, each
// at least of length d.
func least(rounds int, d time.Duration, f func(i int)) int64 {
	best, n := time.Duration(1<<62), 0
	for range rounds {
		began, from, k := time.Now(), cpu(), 0
		for time.Since(began) < d {
			for range 4 {
				f(n)
				n++
				k++
			}
		}
		best = min(best, (cpu()-from)/time.Duration(k))
	}
	return int64(best)
}

func round(f float64) float64 { return float64(int64(f*10+0.5)) / 10 }

// Write prints r for people.
func (r Report) Write(w io.Writer) {
	us := func(ns int64) string { return fmt.Sprintf("%.1f 微秒", float64(ns)/1e3) }
	ms := func(ns int64) string { return fmt.Sprintf("%.0f 毫秒", float64(ns)/1e6) }
	for _, x := range r.Runs {
		_, _ = fmt.Fprintf(w, "%d 条规则，%d 字一件：逐条 %s，索引 %s，快 %.0f 倍，不同 %d 件；整个判定 %s\n",
			x.Rules, r.Runes, us(x.NaiveNS), us(x.IndexNS), x.Speedup, x.Differences, us(x.DecideNS))
		_, _ = fmt.Fprintf(w, "  每件命中 %.1f 条，询问 %.1f 条，运行程序 %.1f 次；读入 %s（其中建索引 %s），检查 %s\n",
			x.Matches, x.Woken, x.Programs, ms(x.LoadNS), ms(x.BuildNS), ms(x.LintNS))
	}
	if r.Growth > 0 {
		_, _ = fmt.Fprintf(w, "规则从 %d 条到 %d 条，每件的开销增加 %.1f 倍。\n", r.Runs[0].Rules, r.Runs[len(r.Runs)-1].Rules, r.Growth)
	}
}
