package city

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/courier"
)

// A Way (通知方式) is a way by which people are told, as its file says it.
type Way struct {
	Kind string
	// Config is the rest; values may be ${NAME} of the environment.
	Config json.RawMessage
}

// Telling (个人通知) is how a city tells people one by one.
type Telling struct {
	Ways   map[string]Way
	Policy courier.Policy
}

// audienceFile is an audience as the file says it.
type audienceFile struct {
	Ways      []string
	Events    []hub.EventType
	Quiet     hub.Quiet
	Templates map[string]struct{ Code, Text string }
}

func (f audienceFile) audience() courier.Audience {
	a := courier.Audience{Ways: f.Ways, Events: f.Events, Quiet: f.Quiet, Templates: map[string]courier.Template{}}
	for kind, t := range f.Templates {
		a.Templates[kind] = courier.Template{Code: t.Code, Text: t.Text}
	}
	return a
}

// loadTelling reads notices.yaml if there is one; without it nobody is told
// one by one.
func (c *City) loadTelling(fsys fs.FS) error {
	const name = "notices.yaml"
	var file struct {
		Ways           map[string]map[string]any
		Merge, Late    span
		Retry          []span
		Staff, Citizen audienceFile
	}
	if err := decode(fsys, name, &file); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	c.Telling = Telling{Ways: map[string]Way{}, Policy: courier.Policy{
		Staff: file.Staff.audience(), Citizen: file.Citizen.audience(), Merge: time.Duration(file.Merge), Late: time.Duration(file.Late),
	}}
	for _, r := range file.Retry {
		c.Telling.Policy.Schedule = append(c.Telling.Policy.Schedule, time.Duration(r))
	}
	for way, fields := range file.Ways {
		kind, _ := fields["kind"].(string)
		delete(fields, "kind")
		config, err := json.Marshal(fields)
		if err != nil {
			return fmt.Errorf("%s: ways.%s: %w", name, way, err)
		}
		c.Telling.Ways[way] = Way{Kind: kind, Config: config}
	}
	if err := c.Telling.Policy.Validate(slices.Sorted(maps.Keys(c.Telling.Ways))); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
