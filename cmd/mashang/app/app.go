// Package app wires the hub: it hands every package the small interfaces that
// it asks for and owns the life of all of them. Nothing starts before Run, and
// Run returns only when everything has stopped.
//
// It decides nothing about cases. Start with New.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/oklog/run"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/almanac"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
	"github.com/mashang-hub/mashang/hub/citizen"
	"github.com/mashang-hub/mashang/hub/courier"
	"github.com/mashang-hub/mashang/hub/deadline"
	"github.com/mashang-hub/mashang/hub/deputy"
	"github.com/mashang-hub/mashang/hub/desk"
	"github.com/mashang-hub/mashang/hub/dispatch"
	"github.com/mashang-hub/mashang/hub/notice"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/accounts"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/local"
	"github.com/mashang-hub/mashang/hub/process/journal"
	"github.com/mashang-hub/mashang/hub/receipt"
	"github.com/mashang-hub/mashang/hub/release"
	"github.com/mashang-hub/mashang/hub/seal"
	"github.com/mashang-hub/mashang/hub/warning"
	"github.com/mashang-hub/mashang/hub/web/frame"
	"github.com/mashang-hub/mashang/plugins/host"
)

// Options say how a hub is to run.
type Options struct {
	Data   string // folder of everything that the embedded parts keep
	Listen string // address of the web server
	City   fs.FS  // the city's folder
	// CityDir is where that is on disk, to see changes; empty if it is not.
	CityDir string
	Kafka   []string // brokers; empty runs the embedded one
	// KafkaSecurity is how to connect to Kafka.
	KafkaSecurity kafka.Security
	Postgres      string // DSN; empty runs a managed local server
	Demo          bool   // fill an empty database with invented cases
	Token         string // the installation's own token of the API; empty for none
	Public        string // address under which browsers reach the hub, for cookies and log-in elsewhere
	Binary        string // this program, started again as plugins
	TLS           TLS    // another address, with TLS
}

// Ready is what a running hub tells whoever started it.
type Ready struct {
	Ready    bool   `json:"ready"`
	URL      string `json:"url"`
	TLS      string `json:"tls,omitempty"` // the address with TLS
	Kafka    string `json:"kafka"`
	Postgres string `json:"postgres"`
	// Pages is the rights table of the console.
	Pages []frame.Route `json:"-"`
}

// App is one running hub.
type App struct {
	opts  Options
	log   *slog.Logger
	clock hub.Clock

	secure   string // the address with TLS, once it is open
	city     *city.City
	db       *postgres.DB
	cases    *cases.Store
	brokers  []string
	dsn      string
	server   *local.Server // nil with a PostgreSQL of somebody else's
	pub      *kafka.Publisher
	desk     *desk.Desk
	know     *knowledge
	dates    *almanac.Almanac
	watcher  *deadline.Watcher
	rules    *release.Manager
	released release.Library
	engine   *ruleEngine
	metrics  *prometheus.Registry
	plugins  []*host.Plugin
	journals map[hub.DepartmentCode]*journal.Journal // what the plugins wrote
	// pluginDir holds the plugins' sockets.
	pluginDir string
	lanes     map[hub.DepartmentCode]*dispatch.Lane
	links     receipt.Links
	notices   *notice.Desk
	courier   *courier.Courier
	base      string // address under which phones reach the hub
	places    map[hub.PlaceCode]hub.Place
	staff     map[hub.PersonID]city.Post // one post of each person
	keys      *seal.Keyring
	people    *accounts.Store
	gate      *access.Gate
	bench     *deputy.Bench
	counter   *citizen.Counter
	pages     []frame.Route
	warnings  *warning.Watch // nil where the city has no early warning
	teardown  []step
}

// A step is one thing to undo at the end, last first.
type step struct {
	name string
	undo func() error
}

// New returns an App; it starts nothing.
func New(opts Options, log *slog.Logger) *App {
	return &App{opts: opts, log: log, clock: hub.ClockFunc(now), metrics: prometheus.NewRegistry()}
}

// Run starts the hub, calls ready when the first request can come, and blocks
// until ctx ends or a part fails. All parts have stopped when it returns.
func (a *App) Run(ctx context.Context, ready func(Ready)) (err error) {
	defer func() { err = errors.Join(err, a.stop()) }()
	if err := a.infrastructure(ctx); err != nil {
		return err
	}
	if err := a.openAccess(ctx); err != nil {
		return err
	}
	if err := a.domain(ctx); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", a.opts.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", a.opts.Listen, err)
	}
	a.defers("web server", func() error { return ignoreClosed(listener.Close()) })

	var g run.Group
	actor(ctx, &g, func(ctx context.Context) error { <-ctx.Done(); return nil })
	if a.server != nil {
		actor(ctx, &g, a.server.Wait)
	}
	if err := a.actors(ctx, &g, listener); err != nil {
		return err
	}
	ready(Ready{Ready: true, TLS: a.secure, URL: "http://" + listener.Addr().String(), Kafka: a.brokers[0], Postgres: a.dsn, Pages: a.pages})
	if err := g.Run(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// actors adds every loop of the hub: the first to return ends them all.
func (a *App) actors(ctx context.Context, g *run.Group, listener net.Listener) error {
	a.consumers(ctx, g)
	if err := a.earlyWarning(ctx, g); err != nil {
		return err
	}
	a.clocks(ctx, g)
	if err := a.notary(ctx, g); err != nil {
		return err
	}
	a.ruleLoops(ctx, g)
	if err := a.openReceipts(ctx, cmp.Or(a.opts.Public, "http://"+listener.Addr().String())); err != nil {
		return err
	}
	if err := a.departments(ctx, g); err != nil {
		return err
	}
	handler, err := a.doors(ctx, g)
	if err != nil {
		return err
	}
	if err := a.openCourier(ctx, g); err != nil {
		return err
	}
	serve(ctx, g, handler, listener)
	return a.serveTLS(ctx, g, handler)
}

// serve adds a web server.
func serve(ctx context.Context, g *run.Group, handler http.Handler, listener net.Listener) {
	// A browser opens connections ahead: one that is closed on it just when it is
	// used is a request lost. They are closed when a crowd is long gone.
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: time.Minute, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	g.Add(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("web server: %w", err)
		}
		return nil
	}, func(error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			_ = server.Close()
		}
	})
}

// actor adds a loop that ends with its context.
func actor(ctx context.Context, g *run.Group, loop func(context.Context) error) {
	ctx, cancel := context.WithCancel(ctx)
	g.Add(func() error { return loop(ctx) }, func(error) { cancel() })
}

func (a *App) defers(name string, undo func() error) {
	a.teardown = append(a.teardown, step{name, undo})
}

// stop undoes what was started, last first.
func (a *App) stop() error {
	var all error
	for _, v := range slices.Backward(a.teardown) {
		if err := v.undo(); err != nil {
			all = errors.Join(all, fmt.Errorf("stop %s: %w", v.name, err))
		}
	}
	a.teardown = nil
	return all
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// now is the time in microseconds, as PostgreSQL keeps it: an event reads back
// as it was written.
func now() time.Time { return time.Now().Truncate(time.Microsecond) }
