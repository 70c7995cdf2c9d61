package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/embedded"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
	"github.com/mashang-hub/mashang/hub/desk"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	leaves "github.com/mashang-hub/mashang/hub/postgres/leave"
	"github.com/mashang-hub/mashang/hub/postgres/local"
	"github.com/mashang-hub/mashang/hub/postgres/places"
)

// partitions of a topic: the most desks that can share the work.
const (
	partitions = 8
	// ownPartitions are those of the hub's own broker. One node is one desk of
	// two hands, and each partition more costs a flush for each batch that is
	// published, a smaller batch for the database and a flush for its offset.
	ownPartitions = 2
)

// infrastructure reads the city, locks the data folder and opens broker and
// database, starting the embedded ones where no address was given.
func (a *App) infrastructure(ctx context.Context) error {
	var err error
	if a.city, err = city.Load(a.opts.City); err != nil {
		return fmt.Errorf("read the city's folder: %w", err)
	}
	a.places = make(map[hub.PlaceCode]hub.Place, len(a.city.Places))
	for _, p := range a.city.Places {
		a.places[p.Code] = p
	}
	a.staff = make(map[hub.PersonID]city.Post, len(a.city.Posts))
	for _, p := range a.city.Posts {
		a.staff[p.Person] = p
	}
	if err := os.MkdirAll(a.opts.Data, 0o755); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if err := a.openBroker(ctx); err != nil {
		return err
	}
	return a.openDatabase(ctx)
}

// openBroker comes first: its lock on the folder keeps a second hub out.
func (a *App) openBroker(ctx context.Context) error {
	topics := bus.Topics(a.departmentCodes(), partitions)
	if a.brokers = a.opts.Kafka; len(a.brokers) == 0 {
		topics = bus.Topics(a.departmentCodes(), ownPartitions)
		b, err := embedded.Start(ctx, filepath.Join(a.opts.Data, "kafka"), "127.0.0.1:0", topics)
		if err != nil {
			return fmt.Errorf("start the embedded broker: %w", err)
		}
		a.defers("broker", b.Close)
		a.brokers = []string{b.Addr()}
	}
	if err := kafka.EnsureTopics(ctx, a.brokers, topics, a.opts.KafkaSecurity); err != nil {
		return fmt.Errorf("create topics: %w", err)
	}
	pub, err := kafka.NewPublisher(a.brokers, a.log, a.opts.KafkaSecurity)
	if err != nil {
		return fmt.Errorf("connect to the broker: %w", err)
	}
	a.pub = pub
	a.defers("publisher", pub.Close)
	return nil
}

func (a *App) openDatabase(ctx context.Context) error {
	if a.dsn = a.opts.Postgres; a.dsn == "" {
		server, err := local.Start(ctx, filepath.Join(a.opts.Data, "postgres"), a.log)
		if err != nil {
			return fmt.Errorf("start PostgreSQL: %w", err)
		}
		a.defers("PostgreSQL", func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
			defer cancel()
			return server.Stop(ctx)
		})
		a.dsn, a.server = server.DSN(), server
	}
	db, err := postgres.Open(ctx, a.dsn, a.log)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	a.db, a.cases = db, cases.New(db)
	a.defers("database", func() error { db.Close(); return nil })
	if err := db.Migrate(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}

// domain loads the rules and fills the tables that the city's folder rules.
func (a *App) domain(ctx context.Context) error {
	if err := a.openRules(ctx); err != nil {
		return err
	}
	if err := a.openAlmanac(ctx); err != nil {
		return err
	}
	a.know = newKnowledge(a.city, covered{places.New(a.db), leaves.New(a.db)}, a.clock, a.dates)
	a.desk = desk.New(deskStore{Store: a.cases, clock: a.clock}, a.rules.Rollout(), a.know, a.clock)
	a.desk.TellOfOpened(a.city.Telling.Policy.Opened())
	return a.seed(ctx)
}

func (a *App) departmentCodes() []hub.DepartmentCode {
	codes := make([]hub.DepartmentCode, 0, len(a.city.Departments))
	for _, d := range a.city.Departments {
		codes = append(codes, d.Code)
	}
	return codes
}

// deskStore gives the desk the store with the hub's clock. A quiet one sends
// nothing out: what it stores is history.
type deskStore struct {
	*cases.Store
	clock hub.Clock
	quiet bool
}

// InsertCases stores openings.
func (s deskStore) InsertCases(ctx context.Context, batch []hub.Opening) (int, error) {
	if s.quiet {
		for i := range batch {
			batch[i].Out = nil
		}
	}
	return s.Store.InsertCases(ctx, batch)
}

// ChangeCase changes a case at the time of the clock.
func (s deskStore) ChangeCase(ctx context.Context, id hub.CaseID, messageID string, change desk.Change) (hub.Case, error) {
	return s.Store.ChangeCase(ctx, id, messageID, s.clock.Now(),
		func(c hub.Case, sub hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
			next, events, out, err := change(c, sub)
			if s.quiet {
				out = nil
			}
			return next, events, out, err
		})
}
