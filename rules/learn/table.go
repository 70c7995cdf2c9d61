package learn

import (
	"fmt"
	"io/fs"
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/mashang-hub/mashang/hub"
)

// A Table (打分词表) is a scoring table of a rule folder: words with weights
// for labels.
type Table struct {
	file   string
	nth    int // of the tables in its file
	title  float64
	labels []string
	words  []string
	weight [][]float64 // per word, per label
}

// grain is how finely weights are written back: rules know whole numbers.
const grain = 10

// ReadTable finds the first table of fsys that scores target, 类别 or 主办.
func ReadTable(fsys fs.FS, target string) (*Table, error) {
	var found *Table
	err := each(fsys, func(name string, data []byte) error {
		var f struct {
			Tables []struct {
				Target string                          `yaml:"目标"`
				Title  float64                         `yaml:"标题倍数"`
				Words  map[string]map[float64][]string `yaml:"词"`
			} `yaml:"打分"`
		}
		if err := yaml.Unmarshal(data, &f); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		for i, t := range f.Tables {
			if t.Target == target && found == nil {
				found = newTable(name, i, t.Title, t.Words)
			}
		}
		return nil
	})
	if err == nil && found == nil {
		err = fmt.Errorf("no 打分 table for %s", target)
	}
	return found, err
}

// each calls use for every rule file of fsys.
func each(fsys fs.FS, use func(name string, data []byte) error) error {
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".yaml" && path.Ext(name) != ".yml" {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("read rule file: %w", err)
		}
		return use(name, data)
	})
}

// departments reads what authors call each department (部门).
func departments(fsys fs.FS) (map[hub.DepartmentCode]string, error) {
	out := map[hub.DepartmentCode]string{}
	err := each(fsys, func(name string, data []byte) error {
		var f struct {
			Leads map[string]hub.DepartmentCode `yaml:"部门"`
		}
		if err := yaml.Unmarshal(data, &f); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		for n, code := range f.Leads {
			if old := out[code]; old == "" || n < old {
				out[code] = n
			}
		}
		return nil
	})
	return out, err
}

func newTable(file string, nth int, title float64, words map[string]map[float64][]string) *Table {
	t := &Table{file: file, nth: nth, title: max(title, 1), labels: slices.Sorted(maps.Keys(words))}
	at := map[string]int{}
	for l, name := range t.labels {
		for weight, list := range words[name] {
			for _, w := range list {
				i, ok := at[w]
				if !ok {
					i = len(t.words)
					at[w] = i
					t.words = append(t.words, w)
					t.weight = append(t.weight, make([]float64, len(t.labels)))
				}
				t.weight[i][l] += weight
			}
		}
	}
	return t
}

// Words returns how many different words the table has.
func (t *Table) Words() int { return len(t.words) }

// A Fit (重学) says how Table.Fit learns.
type Fit struct {
	Epochs int     // passes over the cases
	Rate   float64 // of one step
	Keep   float64 // pull back to the weights as written
	Scale  float64 // of the scores before they become probabilities
	Seen   bool    // leave out words that no case contains
}

// Gently returns settings that move weights little: few cases say less than
// an author who knows the words.
func Gently() Fit { return Fit{Epochs: 20, Rate: 1, Keep: 0.02, Scale: 0.05} }

// feature is a word in a text and how much it counts.
type feature struct {
	word  int
	value float64
}

func (t *Table) features(s *hub.Submission) []feature {
	var out []feature
	for i, w := range t.words {
		v := 0.0
		if strings.Contains(s.Title, w) {
			v += t.title
		}
		if strings.Contains(s.Text, w) {
			v++
		}
		if v > 0 {
			out = append(out, feature{i, v})
		}
	}
	return out
}

// Fit returns a table whose weights are learnt on cases, starting from t's and
// staying near them. labels[i] is the right label of cases[i]; those that t
// does not know are passed over. The result does not depend on anything else:
// the same cases in the same order give the same table.
func (t *Table) Fit(cases []*hub.Submission, labels []string, o Fit) *Table {
	u := *t
	u.weight = make([][]float64, len(t.weight))
	for i, w := range t.weight {
		u.weight[i] = slices.Clone(w)
	}
	seen := make([]bool, len(t.words))
	rows := make([][]feature, len(cases))
	for i, c := range cases {
		rows[i] = t.features(c)
		for _, f := range rows[i] {
			seen[f.word] = true
		}
	}
	for range o.Epochs {
		for i, row := range rows {
			if l := slices.Index(t.labels, labels[i]); l >= 0 {
				u.step(t, row, l, o)
			}
		}
	}
	if o.Seen {
		for i, ok := range seen {
			if !ok {
				clear(u.weight[i])
			}
		}
	}
	return &u
}

// step moves the weights of one case's words towards its label.
func (t *Table) step(prior *Table, row []feature, label int, o Fit) {
	p := make([]float64, len(t.labels))
	for _, f := range row {
		for l := range p {
			p[l] += o.Scale * f.value * t.weight[f.word][l]
		}
	}
	softmax(p)
	for _, f := range row {
		for l := range p {
			g := p[l]
			if l == label {
				g--
			}
			w := &t.weight[f.word][l]
			*w -= o.Rate * (o.Scale*f.value*g + o.Keep*(*w-prior.weight[f.word][l]))
		}
	}
}

func softmax(p []float64) {
	top, sum := slices.Max(p), 0.0
	for i := range p {
		p[i] = math.Exp(p[i] - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
}

// Overlay returns fsys with t in the place of the table that it was read from.
func (t *Table) Overlay(fsys fs.FS) (fs.FS, error) {
	old, err := fs.ReadFile(fsys, t.file)
	if err != nil {
		return nil, fmt.Errorf("read rule file: %w", err)
	}
	var f map[string]any
	if err := yaml.Unmarshal(old, &f); err != nil {
		return nil, fmt.Errorf("read %s: %w", t.file, err)
	}
	tables, ok := f["打分"].([]any)
	if !ok || t.nth >= len(tables) {
		return nil, fmt.Errorf("%s has no table %d", t.file, t.nth)
	}
	table, ok := tables[t.nth].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: table %d is no mapping", t.file, t.nth)
	}
	table["词"] = t.written()
	data, err := yaml.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", t.file, err)
	}
	return overlay{fsys, memory{t.file, data}}, nil
}

// written is the table as its file says it.
func (t *Table) written() map[string]map[int][]string {
	out := map[string]map[int][]string{}
	for i, w := range t.words {
		for l, v := range t.weight[i] {
			n := int(math.Round(v * grain))
			if n == 0 {
				continue
			}
			if out[t.labels[l]] == nil {
				out[t.labels[l]] = map[int][]string{}
			}
			out[t.labels[l]][n] = append(out[t.labels[l]][n], w)
		}
	}
	return out
}
