package studio

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/bundle"
	"github.com/mashang-hub/mashang/rules/ruletest"
	"github.com/mashang-hub/mashang/rules/simulate"
)

// A draft is one file as it stands in the editor.
type draft struct {
	Name    string `json:"name"`
	Text    string `json:"text"`
	Version string `json:"version,omitempty"` // of the text that was read
}

// files is the folder with the draft in it.
func (s *Studio) files(d draft) (fs.FS, error) {
	others := map[string][]byte{}
	if d.Name != "" {
		if err := valid(d.Name); err != nil {
			return nil, err
		}
		others[d.Name] = []byte(d.Text)
	}
	return bundle.Overlay(os.DirFS(s.opts.Dir), others)
}

func valid(name string) error {
	if ext := path.Ext(name); !fs.ValidPath(name) || ext != ".yaml" && ext != ".yml" || strings.HasPrefix(path.Base(name), ".") {
		return hub.Errorf(hub.CodeInvalid, "studio.name", name)
	}
	return nil
}

// A fileView is a file in the list.
type fileView struct {
	Name  string     `json:"name"`
	Rules []ruleView `json:"rules"`
}

type ruleView struct {
	ID   hub.RuleID `json:"id"`
	Name string     `json:"name"`
	Line int        `json:"line"`
	To   string     `json:"to"`
}

// list names the files and, where they can be read, their rules.
func (s *Studio) list(*http.Request) (any, error) {
	files, err := s.files(draft{})
	if err != nil {
		return nil, err
	}
	byFile := map[string][]ruleView{}
	if set, _, err := rules.Inspect(files, s.opts.Known, s.opts.Load...); err == nil && set != nil {
		for _, r := range set.Rules() {
			byFile[r.File] = append(byFile[r.File], ruleView{r.ID, r.Name, r.Line, glossary.In("department", string(r.Lead))})
		}
	}
	out := []fileView{}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		list := byFile[name]
		slices.SortFunc(list, func(a, b ruleView) int { return cmp.Compare(a.Line, b.Line) })
		out = append(out, fileView{name, append([]ruleView{}, list...)})
		return nil
	})
	names := map[hub.DepartmentCode]string{}
	for _, d := range s.opts.Known {
		names[d] = simulate.Name(string(d))
	}
	return map[string]any{"dir": s.opts.Dir, "files": out, "history": len(s.opts.History), "departments": names}, err
}

func (s *Studio) read(r *http.Request) (any, error) {
	name := r.URL.Query().Get("name")
	if err := valid(name); err != nil {
		return nil, err
	}
	text, err := fs.ReadFile(os.DirFS(s.opts.Dir), name)
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeNotFound, Key: "studio.not_found", Args: []any{name}, Err: err}
	}
	return draft{name, string(text), version(text)}, nil
}

// save writes a file, if it is still what the editor had read; a version of ""
// makes a new one.
func (s *Studio) save(r *http.Request) (any, error) {
	var d draft
	if err := decode(r, &d); err != nil {
		return nil, err
	}
	if err := valid(d.Name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := fs.ReadFile(os.DirFS(s.opts.Dir), d.Name)
	if was := version(old); err == nil && was != d.Version || err != nil && d.Version != "" {
		return nil, hub.Errorf(hub.CodeConflict, "studio.changed", d.Name)
	}
	if err := replace(filepath.Join(s.opts.Dir, filepath.FromSlash(d.Name)), []byte(d.Text)); err != nil {
		return nil, err
	}
	return map[string]string{"version": version([]byte(d.Text))}, nil
}

// replace writes a file as a whole: whoever watches never sees half of it.
func replace(name string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".mashang-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// inspect reads the draft of a request and the folder around it.
func (s *Studio) inspect(r *http.Request, into any, d *draft) (fs.FS, *rules.Set, rules.Problems, error) {
	if err := decode(r, into); err != nil {
		return nil, nil, nil, err
	}
	files, err := s.files(*d)
	if err != nil {
		return nil, nil, nil, err
	}
	set, problems, err := rules.Inspect(files, s.opts.Known, s.opts.Load...)
	return files, set, problems, err
}

// sound is inspect for what needs rules without a mistake.
func (s *Studio) sound(r *http.Request, into any, d *draft) (fs.FS, *rules.Set, error) {
	files, set, problems, err := s.inspect(r, into, d)
	if err == nil && len(problems) > 0 {
		err = hub.Errorf(hub.CodeConflict, "studio.problems", len(problems))
	}
	return files, set, err
}

func (s *Studio) check(r *http.Request) (any, error) {
	var d draft
	_, set, problems, err := s.inspect(r, &d, &d)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"problems": append(rules.Problems{}, problems...)}
	if len(problems) == 0 {
		out["rules"], out["hash"] = set.Len(), set.Hash()
	}
	return out, nil
}

func (s *Studio) test(r *http.Request) (any, error) {
	var d draft
	files, set, err := s.sound(r, &d, &d)
	if err != nil {
		return nil, err
	}
	return ruletest.Run(files, set)
}

// A trial is a message to try.
type trial struct {
	draft
	Title   string `json:"title"`
	Body    string `json:"body"`
	Channel string `json:"channel"`
	Place   string `json:"place"`
	Time    string `json:"time"`
}

// A verdict is what becomes of a message, and why.
type verdict struct {
	rules.Explanation
	Judgment simulate.Judgment `json:"judgment"`
	Clocks   []string          `json:"clocks"`
}

func (s *Studio) explain(r *http.Request) (any, error) {
	var t trial
	_, set, err := s.sound(r, &t, &t.draft)
	if err != nil {
		return nil, err
	}
	sub := &hub.Submission{Channel: hub.ChannelCode(t.Channel), Place: hub.PlaceCode(t.Place)}
	sub.Title, sub.Text = t.Title, t.Body
	if t.Time != "" {
		at, err := rules.ParseTime(strings.ReplaceAll(t.Time, "T", " "))
		if err != nil {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "rules.bad_time", Args: []any{t.Time}, Err: err}
		}
		sub.SubmittedAt = at
	}
	v := verdict{Explanation: set.Explain(sub), Clocks: []string{}}
	v.Judgment = simulate.Judge(&v.Decision)
	for _, a := range v.Decision.Clocks {
		v.Clocks = append(v.Clocks, glossary.In("clock", string(a.Kind))+" "+simulate.Budget(a.Budget.String()))
	}
	return v, nil
}

// diff compares the draft with what the folder said when the studio started.
func (s *Studio) diff(r *http.Request) (any, error) {
	var d draft
	_, set, err := s.sound(r, &d, &d)
	if err != nil {
		return nil, err
	}
	if s.start == nil {
		return nil, hub.Errorf(hub.CodeConflict, "studio.no_base")
	}
	if len(s.opts.History) == 0 {
		return nil, hub.Errorf(hub.CodeConflict, "studio.no_history")
	}
	return simulate.Compare(r.Context(), s.start, set, s.opts.History, s.opts.Simulate)
}
