package lifecycle

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/accounts"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/local"
	"github.com/mashang-hub/mashang/hub/seal"
	"github.com/mashang-hub/mashang/rules"
)

// A matter is something that citizens report and that the rules give to one
// department.
type matter struct {
	title, text string
	place       hub.PlaceCode
	lead        hub.DepartmentCode
}

// reports are what citizens say; the rules name the department.
func reports() [][2]string {
	return [][2]string{
		{"暖气不热", "家里暖气不热，室内只有十四度，老人孩子受冻，请尽快处理"},
		{"拖欠工资", "工地拖欠农民工工资三个月，老板电话打不通，请帮我们要回来"},
		{"路灯坏了", "门口路灯坏了半个月，晚上出行很不安全，请维修"},
		{"物业不作为", "物业公司收了物业费不打扫卫生，垃圾堆在楼道里没人管"},
		{"停水", "小区停水两天没有通知，家里没有水用，请问什么时候来水"},
		{"夜间施工噪音", "工地夜间施工噪音扰民，孩子睡不好觉，请管一管"},
		{"公交车不停站", "公交车经常不按站停车，等了四十分钟没有车，请反馈"},
	}
}

func readMatters(fsys fs.FS) ([]matter, error) {
	c, err := city.Load(fsys)
	if err != nil {
		return nil, fmt.Errorf("read the city's folder: %w", err)
	}
	var departments []hub.DepartmentCode
	for _, d := range c.Departments {
		departments = append(departments, d.Code)
	}
	set, err := rules.Load(c.Rules, departments)
	if err != nil {
		return nil, fmt.Errorf("load the rules: %w", err)
	}
	var out []matter
	for i, r := range reports() {
		m := matter{title: r[0], text: r[1], place: c.Places[len(c.Places)-1-i].Code}
		if m.lead = only(set, m, time.Now()); m.lead != "" {
			out = append(out, m)
		}
	}
	if len(out) < 3 {
		return nil, fmt.Errorf("the rules route only %d of the reports", len(out))
	}
	return out, nil
}

// only returns the one department that has m to itself now, wherever it
// happens; "" when there is none.
func only(set *rules.Set, m matter, now time.Time) (lead hub.DepartmentCode) {
	for n := range uint64(50) {
		s := hub.Submission{
			Content: hub.Content{Title: m.title, Text: phrase(rand.New(rand.NewPCG(7, n))) + "，" + m.text},
			Channel: "kuaiban", Place: m.place, SubmittedAt: now, ReceivedAt: now,
		}
		d := set.Decide(&s)
		if d.Lead == "" || n > 0 && d.Lead != lead || len(d.Co) > 0 || d.Answer != nil || d.Reject != nil {
			return ""
		}
		lead = d.Lead
	}
	return lead
}

// phrase is what sets one report apart: a place of six characters.
func phrase(g *rand.Rand) string {
	all := []rune("安白宝北长城春大德东方福高光广桂海和红华惠吉佳江金京景康乐丽林龙绿美民明南宁平青庆荣瑞山生盛石顺泰天铁万文西祥新兴星秀阳永玉园源云中州紫")
	out := make([]rune, 6)
	for i := range out {
		out[i] = all[g.IntN(len(all))]
	}
	return string(out)
}

const chunk = 2500

// prepare makes the tables in the data folder, the accounts of those who work
// and, if asked for, closed and open cases of the last two years. It returns a
// token of a worker for each department and, under "", an operator's.
func prepare(ctx context.Context, data string, matters []matter, cfg Config) (map[hub.DepartmentCode]string, error) {
	log := slog.New(slog.DiscardHandler)
	server, err := local.Start(ctx, filepath.Join(data, "postgres"), log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = server.Stop(context.WithoutCancel(ctx)) }()
	db, err := postgres.Open(ctx, server.DSN(), log)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		return nil, err
	}
	tokens, err := hire(ctx, db, data, matters)
	note := filepath.Join(data, "preloaded")
	if err != nil || cfg.Preload == 0 || holds(note) >= cfg.Preload {
		return tokens, err
	}
	begin := time.Now()
	cfg.Progress("预先放入 %d 件事项", cfg.Preload)
	if err := preload(ctx, cases.New(db), matters, cfg.Preload, begin); err != nil {
		return nil, err
	}
	cfg.Progress("放入用了 %.0f 秒", time.Since(begin).Seconds())
	return tokens, os.WriteFile(note, []byte(strconv.Itoa(cfg.Preload)), 0o600)
}

// holds returns how many cases the note of a finished filling names.
func holds(note string) int {
	text, err := os.ReadFile(note)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(string(text))
	return n
}

// hire makes the accounts and their tokens.
func hire(ctx context.Context, db *postgres.DB, data string, matters []matter) (map[hub.DepartmentCode]string, error) {
	keys, err := seal.Load("", filepath.Join(data, "keys"))
	if err != nil {
		return nil, err
	}
	ctx = audit.From(ctx, audit.Source{Actor: hub.System()})
	people, now := accounts.New(db, keys), time.Now()
	tokens := map[hub.DepartmentCode]string{"": ""}
	for _, m := range matters {
		tokens[m.lead] = ""
	}
	for lead := range tokens {
		account := access.Account{ID: "b." + cmp.Or(string(lead), "operator"), Name: "压测", Grants: []access.Grant{{Role: access.Worker, Department: lead}}}
		if lead == "" {
			account.Grants = []access.Grant{{Role: access.Operator}}
		}
		if err := people.Save(ctx, now, account); err != nil {
			return nil, fmt.Errorf("make account %s: %w", account.ID, err)
		}
		text, hash, id := access.NewToken()
		t := access.Token{ID: id, Account: account.ID, CreatedAt: now, ExpiresAt: now.Add(24 * time.Hour)}
		if err := people.AddToken(ctx, hash, t); err != nil {
			return nil, fmt.Errorf("make a token of %s: %w", account.ID, err)
		}
		tokens[lead] = text
	}
	return tokens, nil
}

func preload(ctx context.Context, db *cases.Store, matters []matter, n int, now time.Time) error {
	if err := db.BeginPreload(ctx); err != nil {
		return err
	}
	g, ctx2 := errgroup.WithContext(ctx)
	g.SetLimit(3)
	facts := hub.Facts{Calendar: calendar.New()}
	for from := 0; from < n; from += chunk {
		g.Go(func() error {
			batch := make([]hub.Opening, 0, chunk)
			for i := from; i < min(from+chunk, n); i++ {
				o, err := past(i, n, matters[i%len(matters)], facts, now)
				if err != nil {
					return err
				}
				batch = append(batch, o)
			}
			return db.Preload(ctx2, batch)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return db.EndPreload(ctx)
}

// past is case i of n: opened within the last two years, the newest last. One
// in thirty is still open, with time left; the others are closed and filed.
func past(i, n int, m matter, facts hub.Facts, now time.Time) (hub.Opening, error) {
	open := i%30 == 0
	at := now.Add(-2 * 365 * 24 * time.Hour * time.Duration(n-i) / time.Duration(n)).Truncate(time.Microsecond)
	budget := hub.Budget{N: 1000, Unit: hub.Day}
	no := strconv.Itoa(i)
	s := hub.Submission{
		Content: hub.Content{
			Title: m.title, Text: phrase(rand.New(rand.NewPCG(3, uint64(i)))) + "，" + m.text,
			Reporter: hub.Reporter{Name: "李四", Phone: "19900000001"},
		},
		Receipt: hub.ReceiptID("r_past" + no), Case: hub.CaseID("BYP" + no), Channel: "kuaiban", ExternalID: "past-" + no,
		Place: m.place, SubmittedAt: at, ReceivedAt: at, Raw: []byte(m.text), MediaType: "text/plain; charset=utf-8",
	}
	by := hub.By{Actor: hub.ByDepartment(m.lead)}
	o := hub.Opening{Submission: s}
	cmds := []hub.Command{
		hub.Receive{By: hub.By{Actor: hub.Actor{Kind: hub.ActorChannel, ID: "kuaiban"}}, Submission: s, Decision: hub.Decision{
			Lead: m.lead, Clocks: []hub.Allowance{{Kind: hub.ClockClose, Budget: budget}},
		}},
		hub.SignFor{By: by, Department: m.lead},
	}
	if !open {
		cmds = append(cmds, hub.Resolve{By: by, Department: m.lead, Text: "已上门查看并修复，恢复正常。"}, hub.Archive{By: hub.By{Actor: hub.System()}})
	}
	for _, cmd := range cmds {
		events, err := hub.Decide(o.Case, cmd, facts, at)
		if err != nil {
			return o, fmt.Errorf("case %d: %w", i, err)
		}
		for _, e := range events {
			o.Case = hub.Apply(o.Case, e)
		}
		o.Events = append(o.Events, events...)
		at = at.Add(time.Hour)
	}
	return o, nil
}
