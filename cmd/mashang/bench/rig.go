package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing/fstest"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/embedded"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/desk"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/local"
	"github.com/mashang-hub/mashang/rules"
)

// A rig is broker, database and rules, set up for one run.
type rig struct {
	cases   int
	run     string
	topic   string
	channel hub.ChannelCode
	brokers []string
	dsn     string
	log     *slog.Logger
	db      *postgres.DB
	store   benchStore
	pub     *kafka.Publisher
	rules   *rules.Set
	facts   hub.Facts
	undo    []func()

	sent   map[string]time.Time // zero time: preloaded
	seen   map[string]bool
	firsts []int64 // where in each partition the last of their first events ends
	twice  int
	waits  []time.Duration
	mu     sync.Mutex // guards sent, seen, firsts, twice, waits
}

// benchStore gives the desk the store with the machine's clock.
type benchStore struct{ *cases.Store }

// ChangeCase changes a case now.
func (s benchStore) ChangeCase(ctx context.Context, id hub.CaseID, messageID string, change desk.Change) (hub.Case, error) {
	return s.Store.ChangeCase(ctx, id, messageID, time.Now(), change)
}

func (r *rig) close() {
	for _, v := range slices.Backward(r.undo) {
		v()
	}
}

func setUp(ctx context.Context, cfg Config) (_ *rig, err error) {
	run := strconv.FormatInt(time.Now().UnixNano(), 36)
	r := &rig{
		cases: cfg.Cases, run: run, topic: "mashang.bench." + run, channel: hub.ChannelCode("bench" + run),
		brokers: cfg.Brokers, dsn: cfg.Postgres, log: slog.New(slog.DiscardHandler),
		sent: make(map[string]time.Time, cfg.Cases), seen: make(map[string]bool, cfg.Cases),
	}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	r.facts = hub.Facts{Calendar: calendar.New(), Policy: []hub.Allowance{
		{Kind: hub.ClockSign, Budget: hub.Budget{N: 1, Unit: hub.WorkingDay}},
		{Kind: hub.ClockClose, Budget: hub.Budget{N: 5, Unit: hub.WorkingDay}},
	}}
	if r.rules, err = manyRules(cfg.Rules); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mashang-bench")
	if err != nil {
		return nil, err
	}
	r.undo = append(r.undo, func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // the database server may run as another user
		return nil, err
	}
	if err := r.openBroker(ctx, dir); err != nil {
		return nil, err
	}
	return r, r.openDatabase(ctx, dir)
}

func (r *rig) openBroker(ctx context.Context, dir string) error {
	topics := append(bus.Topics(departments(), 8), bus.Topic{Name: r.topic, Partitions: 8, Retention: bus.KeepWork})
	if len(r.brokers) == 0 {
		b, err := embedded.Start(ctx, filepath.Join(dir, "kafka"), "127.0.0.1:0", topics)
		if err != nil {
			return err
		}
		r.undo = append(r.undo, func() { _ = b.Close() })
		r.brokers = []string{b.Addr()}
	}
	if err := kafka.EnsureTopics(ctx, r.brokers, topics); err != nil {
		return err
	}
	pub, err := kafka.NewPublisher(r.brokers, r.log)
	if err != nil {
		return err
	}
	r.undo = append(r.undo, func() { _ = pub.Close() })
	r.pub = pub
	return nil
}

func (r *rig) openDatabase(ctx context.Context, dir string) error {
	if r.dsn == "" {
		s, err := local.Start(ctx, filepath.Join(dir, "postgres"), r.log)
		if err != nil {
			return err
		}
		r.undo = append(r.undo, func() { _ = s.Stop(context.WithoutCancel(ctx)) })
		r.dsn = s.DSN()
	}
	db, err := postgres.Open(ctx, r.dsn, r.log)
	if err != nil {
		return err
	}
	r.undo = append(r.undo, db.Close)
	r.db, r.store = db, benchStore{cases.New(db)}
	return db.Migrate(ctx)
}

func departments() []hub.DepartmentCode {
	return []hub.DepartmentCode{"heating", "housing", "labor", "urban", "transport", "water"}
}

// manyRules makes n rules on pairs of words, most of which never occur.
func manyRules(n int) (*rules.Set, error) {
	var b strings.Builder
	b.WriteString("版本: 1\n负责人: 测试\n规则:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - 编号: 测-%05d\n    名称: 第%d条\n    当: 含任一(\"%s\", \"%s\") 且 含任一(\"%s\")\n    则: {主办: %s, 类别: 城乡建设}\n    优先: %d\n",
			i, i, word(i), word(i+7), word(i*3+1), departments()[i%len(departments())], i)
	}
	return rules.Load(fstest.MapFS{"many.yaml": {Data: []byte(b.String())}}, departments())
}

// word returns one of some hundred words; the first dozen are common.
func word(i int) string {
	common := []string{"暖气", "物业", "工资", "停水", "噪音", "垃圾", "公交", "电梯", "路灯", "漏水", "违建", "停车"}
	if i%10 == 0 {
		return common[(i/10)%len(common)]
	}
	runes := []rune("东南西北中上下左右前后里外春夏秋冬金木水火土山川河湖")
	return string(runes[i%len(runes)]) + string(runes[(i/len(runes)+3)%len(runes)]) + "事"
}

func (r *rig) submission(i int) hub.Submission {
	id := r.run + "-" + strconv.Itoa(i)
	g := rand.New(rand.NewPCG(1, uint64(i)))
	var text strings.Builder
	for text.Len() < 900 { // 300 characters
		text.WriteString(word(g.IntN(600)))
		text.WriteString("反映情况请处理，")
	}
	now := time.Now()
	return hub.Submission{
		Content: hub.Content{Title: "反映" + word(g.IntN(120)) + "问题", Text: text.String(), Reporter: hub.Reporter{Name: "张三", Phone: "19900000000"}},
		Receipt: hub.ReceiptID("r_" + id), Case: hub.CaseID("BE" + id), Channel: r.channel, ExternalID: id,
		Place: "620402001", SubmittedAt: now, ReceivedAt: now, MediaType: "application/json",
		Raw: []byte(text.String()),
	}
}

// produce puts n submissions on the bus before the clock starts.
func (r *rig) produce(n int) error {
	const batch = 1000
	for i := 0; i < n; i += batch {
		msgs := make([]*message.Message, 0, batch)
		for j := i; j < min(i+batch, n); j++ {
			s := r.submission(j)
			r.sent[string(s.Case)] = time.Time{}
			msgs = append(msgs, encode(s))
		}
		if err := r.pub.Publish(r.topic, msgs...); err != nil {
			return fmt.Errorf("produce: %w", err)
		}
	}
	for i := n; i < n+pacedCases; i++ {
		r.sent["BE"+r.run+"-"+strconv.Itoa(i)] = time.Now()
	}
	return nil
}

// trickle sends single submissions at a steady pace.
func (r *rig) trickle(ctx context.Context) error {
	tick := time.NewTicker(pacedEvery)
	defer tick.Stop()
	for i := r.cases; i < r.cases+pacedCases; i++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		s := r.submission(i)
		r.mark(string(s.Case), time.Now())
		if err := r.pub.Publish(r.topic, encode(s)); err != nil {
			return err
		}
	}
	return nil
}

func (r *rig) mark(id string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent[id] = at
}

// firstEvent splits an event's id and says whether it is a case's first.
func firstEvent(id string) (string, bool) {
	c, seq, _ := strings.Cut(id, ".")
	return c, seq == "1"
}

// limit is the bare loop: a sarama consumer group whose handler inserts a case
// and an outbox row for each message.
func (r *rig) limit(ctx context.Context) (float64, error) {
	pool, err := pgxpool.New(ctx, r.dsn)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	if err := bareTables(ctx, pool); err != nil {
		return 0, err
	}
	group, err := sarama.NewConsumerGroup(r.brokers, "bench.limit"+r.run, kafka.Config())
	if err != nil {
		return 0, err
	}
	defer func() { _ = group.Close() }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var took time.Duration
	start := time.Now()
	b := &bare{pool: pool, want: int64(r.cases), done: sync.OnceFunc(func() {
		took = time.Since(start) // leaving the group takes a second more
		cancel()
	})}
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{r.topic}, b); err != nil && !errors.Is(err, context.Canceled) {
			return 0, err
		}
		if b.err.Load() != nil {
			return 0, *b.err.Load()
		}
	}
	return float64(r.cases) / took.Seconds(), dropBare(pool)
}
