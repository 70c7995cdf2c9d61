package city

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/almanac"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/egress"
)

// decode reads the YAML file name strictly into v.
func decode(fsys fs.FS, name string, v any) error {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalWithOptions(data, v, yaml.Strict()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (c *City) loadSettings(fsys fs.FS) error {
	var file struct {
		City struct {
			Code   hub.PlaceCode
			Name   string
			Prefix string
		}
		Hours     string            // office hours
		HalfDays  map[string]string `yaml:"half_days"`
		Extension map[hub.ChannelCode]hub.ExtensionRule
		SendBack  hub.SendBackRule `yaml:"send_back"`
		Policy    map[hub.ChannelCode][]hub.Allowance
		Citizen   Citizen
		Egress    struct{ Allow []string }
		Daily     dailyFile
		Alarms    hub.DepartmentCode
	}
	file.Citizen = Citizen{ReopenDays: 15, VisitPercent: 20}
	if err := decode(fsys, "mashang.yaml", &file); err != nil {
		return err
	}
	var err error
	if c.Egress, err = egress.Parse(file.Egress.Allow...); err != nil {
		return fmt.Errorf("mashang.yaml: egress.allow: %w", err)
	}
	if c.Digest, c.Shares, err = file.Daily.read(); err != nil {
		return fmt.Errorf("mashang.yaml: daily: %w", err)
	}
	if err := c.setHours(file.Hours, file.HalfDays); err != nil {
		return fmt.Errorf("mashang.yaml: %w", err)
	}
	c.Citizen, c.Extension, c.SendBack = file.Citizen, file.Extension, file.SendBack
	c.Alarms = file.Alarms
	c.Code, c.Name, c.Prefix, c.Policy = file.City.Code, file.City.Name, file.City.Prefix, file.Policy
	return nil
}

// setHours reads the city's office hours and its half days, each a date and
// when work ends.
func (c *City) setHours(hours string, half map[string]string) (err error) {
	if hours != "" {
		if c.Almanac.Hours, err = calendar.ParseHours(hours); err != nil {
			return err
		}
	}
	c.Almanac.HalfDays = map[string]int{}
	for date, end := range half {
		h, err := calendar.ParseHours("00:00-" + end)
		if _, dateErr := time.Parse(time.DateOnly, date); err != nil || dateErr != nil {
			return errors.Join(fmt.Errorf("half_days: %s: %s", date, end), err, dateErr)
		}
		c.Almanac.HalfDays[date] = h.Close
	}
	return nil
}

func (c *City) loadLadder(fsys fs.FS) error {
	return decode(fsys, "ladder.yaml", &c.Ladder)
}

// loadDepartments reads every YAML file of the folder departments.
func (c *City) loadDepartments(fsys fs.FS) error {
	names, err := fs.Glob(fsys, "departments/*.yaml")
	if err != nil {
		return err
	}
	for _, name := range names {
		var file []struct {
			Code   hub.DepartmentCode
			Name   string
			Short  string
			Plugin string
			Hours  string
			// PluginDir is the folder of a plugin with a manifest of its own.
			PluginDir string `yaml:"plugin_dir"`
			Config    map[string]any
			// Notices say which alerts are gathered or muted.
			Notices noticesFile
			// Check is in what time its cases are checked one by one.
			Check hub.CheckRule
		}
		if err := decode(fsys, name, &file); err != nil {
			return err
		}
		for _, d := range file {
			config := []byte("{}")
			if d.Config != nil {
				if config, err = json.Marshal(d.Config); err != nil {
					return fmt.Errorf("%s: config of %s: %w", name, d.Code, err)
				}
			}
			notices, err := d.Notices.policy()
			if err != nil {
				return fmt.Errorf("%s: notices of %s: %w", name, d.Code, err)
			}
			c.Departments = append(c.Departments, Department{
				Department: hub.Department{Code: d.Code, Name: d.Name, Plugin: d.Plugin},
				Short:      d.Short, Hours: d.Hours, PluginDir: d.PluginDir, Config: config, Notices: notices,
				Check: d.Check,
			})
		}
	}
	return nil
}

// loadCalendar reads every year of the folder calendar.
func (c *City) loadCalendar(fsys fs.FS) error {
	names, err := fs.Glob(fsys, "calendar/*.json")
	if err != nil {
		return err
	}
	var years []calendar.Year
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		y, err := calendar.Parse(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if path.Base(name) != fmt.Sprintf("%d.json", y.Year) {
			return fmt.Errorf("%s: the file says year %d: rename it", name, y.Year)
		}
		years = append(years, y)
	}
	c.Almanac.Years = years
	c.Almanac.Departments = map[hub.DepartmentCode]calendar.Hours{}
	for _, d := range c.Departments {
		if d.Hours == "" {
			continue
		}
		if c.Almanac.Departments[d.Code], err = calendar.ParseHours(d.Hours); err != nil {
			return fmt.Errorf("departments: hours of %s: %w", d.Code, err)
		}
	}
	c.Calendar = almanac.New(c.Almanac, nil, nil).Calendar()
	return nil
}
