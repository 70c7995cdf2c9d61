package city

import (
	"errors"
	"fmt"

	"github.com/mashang-hub/mashang/hub"
)

// check looks at what no single file can be blamed for alone.
func (c *City) check() error {
	places := make(map[hub.PlaceCode]hub.PlaceLevel, len(c.Places))
	return errors.Join(
		c.checkSettings(), c.checkPlaces(places), c.checkLadder(), c.checkPosts(places),
		c.checkDepartments(), c.checkDemo(places),
	)
}

func (c *City) checkSettings() error {
	if c.Code == "" || c.Name == "" || c.Prefix == "" {
		return errors.New("mashang.yaml: city needs code, name and prefix")
	}
	if len(c.Policy[DefaultPolicy]) == 0 {
		return errors.New("mashang.yaml: policy.default is missing")
	}
	for channel, list := range c.Policy {
		for _, a := range list {
			if a.Kind == "" || a.Budget.Unit == "" {
				return fmt.Errorf("mashang.yaml: policy.%s: a clock needs kind and budget", channel)
			}
		}
	}
	return nil
}

// checkPlaces fills levels and refuses orphans and doubles.
func (c *City) checkPlaces(levels map[hub.PlaceCode]hub.PlaceLevel) error {
	for _, p := range c.Places {
		if _, ok := levels[p.Code]; ok {
			return fmt.Errorf("places/places.tsv: %s is listed twice", p.Code)
		}
		if _, ok := levels[p.Parent]; !ok && p.Parent != "" {
			return fmt.Errorf("places/places.tsv: parent %s of %s is not listed before it", p.Parent, p.Code)
		}
		levels[p.Code] = p.Level
	}
	if levels[c.Code] != hub.LevelCity {
		return fmt.Errorf("places/places.tsv: no city %s", c.Code)
	}
	return nil
}

func (c *City) checkLadder() error {
	for i, s := range c.Ladder {
		if s.Rung != hub.Rung(i+1) {
			return fmt.Errorf("ladder.yaml: rung %d is missing or out of order", i+1)
		}
		if s.Post == "" || s.Title == "" || s.Level == "" || s.Wait.Unit == "" {
			return fmt.Errorf("ladder.yaml: rung %d needs post, title, level and wait", s.Rung)
		}
	}
	return nil
}

func (c *City) checkPosts(levels map[hub.PlaceCode]hub.PlaceLevel) error {
	held := make(map[string]bool, len(c.Posts))
	for _, p := range c.Posts {
		s, ok := c.Ladder.Step(p.Rung)
		if !ok || s.Post != p.Post {
			return fmt.Errorf("people.csv: %s: ladder.yaml has no post %s on rung %d", p.Person, p.Post, p.Rung)
		}
		if levels[p.Place] != s.Level {
			return fmt.Errorf("people.csv: %s: %s is not a place of level %s", p.Person, p.Place, s.Level)
		}
		key := fmt.Sprint(p.Rung, "@", p.Place)
		if held[key] {
			return fmt.Errorf("people.csv: rung %d of %s is held twice", p.Rung, p.Place)
		}
		held[key] = true
	}
	return nil
}

func (c *City) checkDepartments() error {
	seen := make(map[hub.DepartmentCode]bool, len(c.Departments))
	for _, d := range c.Departments {
		if d.Code == "" || d.Name == "" || d.Plugin == "" && d.PluginDir == "" {
			return fmt.Errorf("departments: %q needs code, name and plugin", d.Code)
		}
		if seen[d.Code] {
			return fmt.Errorf("departments: %s is listed twice", d.Code)
		}
		seen[d.Code] = true
	}
	if c.Alarms != "" && !seen[c.Alarms] {
		return fmt.Errorf("mashang.yaml: alarms: no department %s", c.Alarms)
	}
	return nil
}
