package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/oklog/run"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/egress"
	"github.com/mashang-hub/mashang/hub/intake"
	"github.com/mashang-hub/mashang/hub/postgres/attachments"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// doors mounts the channels, the API and the console on one handler and adds
// the channels' own loops.
func (a *App) doors(ctx context.Context, g *run.Group) (http.Handler, error) {
	key, err := a.db.NumberingKey(ctx)
	if err != nil {
		return nil, fmt.Errorf("numbering key: %w", err)
	}
	printed, err := a.codes(ctx)
	if err != nil {
		return nil, err
	}
	a.openCounter(key)
	mux := http.NewServeMux()
	manager, err := a.channels(ctx, g, mux, printed, intake.New(a.pub, a.cases, key, a.city.Prefix, a.clock))
	if err != nil {
		return nil, err
	}
	a.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "mashang_cases_open", Help: "Cases that are open."}, a.openCases))
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{}))

	names := a.names(manager.Channels)
	assessing, err := a.openAssessment(ctx, names)
	if err != nil {
		return nil, err
	}
	routes := slices.Concat(a.routes(printed), manager.Routes(), assessing.Routes())
	apiHandler := api.New(api.Config{
		Store: a.records(), Desk: a.desk, Gate: a.gate, Routes: routes, Ready: a.db.Ping, Log: a.log,
		Department: func(d hub.DepartmentCode) string { return names.Departments[d] },
	})
	for _, path := range []string{"/api/", "/healthz", "/readyz"} {
		mux.Handle(path, apiHandler)
	}
	a.mountReceipts(mux)
	a.mountPages(mux, names)
	a.mountConsole(mux, names, assessing, manager)
	return mux, nil
}

func (a *App) deps() adapters.Deps {
	return adapters.Deps{
		Log: a.log, Clock: a.clock, Getenv: os.Getenv, Demo: a.opts.Demo, PublicURL: a.opts.Public,
		Dir: a.opts.Data, HTTP: a.egress().Client(30 * time.Second),
		Place:          a.place,
		SaveAttachment: a.saveAttachment,
	}
}

// egress is the guard of every call that the hub itself makes. A demonstration
// talks to this machine.
func (a *App) egress() *egress.Guard {
	allow := a.city.Egress
	if a.opts.Demo {
		allow = append(egress.Loopback(), allow...)
	}
	return egress.New(allow...)
}

func (a *App) place(_ context.Context, code hub.PlaceCode) (hub.Place, bool) {
	p, ok := a.places[code]
	return p, ok
}

func (a *App) saveAttachment(ctx context.Context, mediaType string, data []byte) (hub.Attachment, error) {
	sum := sha256.Sum256(data)
	at := hub.Attachment{SHA256: hex.EncodeToString(sum[:]), MediaType: mediaType, Size: int64(len(data))}
	return at, attachments.New(a.db).SaveAttachment(ctx, at, data)
}

func (a *App) openCases() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	n, err := a.cases.CountCases(ctx, hub.Filter{Open: true})
	if err != nil {
		return -1
	}
	return float64(n)
}

// names tells the console what codes are called.
func (a *App) names(channels []adapters.Config) frame.Names {
	n := frame.Names{
		City: a.city.Name, Departments: map[hub.DepartmentCode]string{}, Channels: map[hub.ChannelCode]string{},
		Places: func(code hub.PlaceCode) string { return a.places[code].Name },
		Banner: a.rules.Banner,
		Report: func(r *http.Request, err error) string {
			number := strings.ToUpper(rand.Text()[:8])
			a.log.Error("show a page", "number", number, "method", r.Method, "route", r.Pattern, "err", err)
			return number
		},
	}
	for _, d := range a.city.Departments {
		n.Departments[d.Code] = d.Name
	}
	for _, c := range channels {
		n.Channels[c.Code] = c.Name
	}
	return n
}
