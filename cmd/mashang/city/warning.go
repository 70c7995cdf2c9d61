package city

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/warning"
)

// loadWarnings reads warnings.yaml if there is one.
func (c *City) loadWarnings(fsys fs.FS) error {
	const name = "warnings.yaml"
	var file []struct {
		Topic, Name             string
		Departments             []hub.DepartmentCode
		Window, Baseline, Quiet span
		Least                   int
		Factor                  float64
		AtOnce                  hub.Urgency `yaml:"at_once"`
	}
	if err := decode(fsys, name, &file); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	for _, p := range file {
		policy := warning.Policy{
			Topic: p.Topic, Name: p.Name, Departments: p.Departments, Window: time.Duration(p.Window), Least: p.Least,
			Factor: p.Factor, Baseline: time.Duration(p.Baseline), Quiet: time.Duration(p.Quiet), AtOnce: p.AtOnce,
		}
		if err := policy.Validate(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		c.Warnings = append(c.Warnings, policy)
	}
	return nil
}

// A span is a duration that may be written in days, such as 14d.
type span time.Duration

// UnmarshalText reads 30m, 2h or 14d.
func (s *span) UnmarshalText(text []byte) error {
	days, isDays := strings.CutSuffix(string(text), "d")
	if n, err := strconv.Atoi(days); isDays && err == nil {
		*s = span(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no time: write 30m, 2h or 14d", text)
	}
	*s = span(d)
	return nil
}
