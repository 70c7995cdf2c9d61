package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/assess"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/poster"
	"github.com/mashang-hub/mashang/hub/postgres/assessments"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// openAssessment reads the city's formulas, those of the demo city for a city
// without its own, and keeps their version.
func (a *App) openAssessment(ctx context.Context, names frame.Names) (*api.Assessing, error) {
	data, err := fs.ReadFile(a.opts.City, "assess.yaml")
	if errors.Is(err, fs.ErrNotExist) {
		data, err = fs.ReadFile(configs.Baiyin(), "assess.yaml")
	}
	if err != nil {
		return nil, fmt.Errorf("read assess.yaml: %w", err)
	}
	formulas, err := assess.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("assess.yaml: %w", err)
	}
	store := assessments.New(a.db)
	if err := store.SaveFormulas(ctx, formulas, a.clock.Now()); err != nil {
		return nil, err
	}
	return &api.Assessing{
		Marks: store, Kept: store, Formulas: formulas, City: a.city.Name, Font: poster.Font(), Clock: a.clock, Export: a.export,
		Words: assess.Words{
			Department: func(d hub.DepartmentCode) string { return names.Departments[d] },
			Channel:    func(c hub.ChannelCode) string { return names.Channels[c] },
			Place:      names.Places, Word: glossary.In,
		},
	}, nil
}

func (a *App) export(ctx context.Context, since, until, now time.Time, data map[string]string) ([]assess.Record, error) {
	list, err := a.cases.ExportClosed(ctx, since, until, now, data)
	out := make([]assess.Record, len(list))
	for i, x := range list {
		out[i] = assess.Record{Case: x.Case, Content: x.Content, Reply: x.Reply}
	}
	return out, err
}
