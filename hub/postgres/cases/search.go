package cases

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

const (
	// searchRunes is how much of a text is indexed.
	searchRunes = 2000
	// few is up to how many cases are looked at one by one; words that more
	// cases have are looked for among the newest cases first.
	few = 3000
)

// terms splits what a person looks for at its spaces. A term of digits as long
// as a telephone number is no word: numbers of citizens are not searched for.
func terms(text string) []string {
	return slices.DeleteFunc(strings.Fields(strings.ToLower(postgres.Clean(text))), func(t string) bool {
		return len(t) >= 5 && strings.Trim(t, "0123456789") == ""
	})
}

// grams returns a number for each pair of neighbouring letters or digits of
// text, each once, in order. Two digits make no pair: they would find a
// telephone number bit by bit.
func grams(text string) []int32 {
	out := make([]int32, 0, 64)
	var last rune
	n := 0
	for _, r := range text {
		if n++; n > searchRunes {
			break
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			last = 0
			continue
		}
		r = unicode.ToLower(r)
		if last != 0 && (r > '9' || last > '9') {
			out = append(out, int32(uint32(last)*65599+uint32(r)))
		}
		last = r
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A found says which cases may hold the terms of a search.
type found struct {
	terms []string
	grams []int32
	ids   []string // unless there are many
	many  bool     // or none of the terms is long enough to be looked up
}

// find looks the words up in the index and adds what is not indexed yet and the
// case that has the text for its number.
func (p *Store) find(ctx context.Context, text string) (*found, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no search
	}
	f := &found{terms: terms(text)}
	for _, t := range f.terms {
		f.grams = append(f.grams, grams(t)...)
	}
	if len(f.terms) > 0 && len(f.grams) == 0 {
		f.many = true
		return f, nil
	}
	sql := "select id from cases where id = $1"
	args := []any{strings.ToUpper(strings.TrimSpace(postgres.Clean(text)))}
	if len(f.grams) > 0 {
		sql += ` union all select * from search_hits($2::int[], $3)
			union all (select unnest(case_ids) from search_queue limit $3)`
		args = append(args, f.grams, few+1)
	}
	rows, err := p.db.Pool().Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("look up words: %w", err)
	}
	if f.ids, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return nil, fmt.Errorf("look up words: %w", err)
	}
	f.many = len(f.ids) > few
	return f, nil
}

// where writes f as terms of a where clause on cases c.
func (f *found) where(args pgx.NamedArgs, count bool) []string {
	if f == nil {
		return nil
	}
	var out []string
	switch {
	case !f.many:
		out = append(out, "c.id = any(@ids::text[])")
		args["ids"] = f.ids
		if len(f.terms) == 0 {
			return out
		}
	case count && len(f.grams) > 0:
		// Counting many is left to the index, which is right but for a pair of
		// words that are apart.
		args["grams"] = f.grams
		return append(out, "c.id in (select * from search_hits(@grams::int[], null))")
	}
	said := "lower(title)"
	if len(f.grams) > 0 {
		said = `lower(title || ' ' || coalesce((select s.content->>'text' from submission s where s.receipt = c.receipt), ''))`
	}
	var all []string
	for i, t := range f.terms {
		name := fmt.Sprintf("term%d", i)
		args[name] = t
		all = append(all, "strpos("+said+", @"+name+") > 0")
	}
	if len(f.ids) > 0 && !f.many {
		args["number"] = strings.ToUpper(strings.Join(f.terms, " "))
		return append(out, "(c.id = @number or "+strings.Join(all, " and ")+")")
	}
	return append(out, all...)
}

// The words of so many cases of one transaction are indexed in it. When there
// are fewer the hub has time, and they reach their departments without waiting
// for the index; when there are more it is behind, and indexing is half of the
// work.
const indexFrom, indexTo = 4, 64

// words adds a row of search_words.
func (r *copyRows) words(id hub.CaseID, grams []int32) {
	const int4 = 23 // its type
	r.row(2)
	r.text(string(id))
	at := r.open()
	if len(grams) == 0 {
		r.close(at, appendInts(r.buf, 0, 0, int4))
		return
	}
	buf := appendInts(r.buf, 1, 0, int4, int32(len(grams)), 1)
	for _, g := range grams {
		buf = appendInts(buf, 4, g)
	}
	r.close(at, buf)
}

func appendInts(buf []byte, all ...int32) []byte {
	for _, v := range all {
		buf = binary.BigEndian.AppendUint32(buf, uint32(v))
	}
	return buf
}

// indexRows is how many rows of the queue, each of the cases of one
// transaction, are indexed at once.
const indexRows = 8

// IndexSearch makes some of the cases whose words are not indexed yet found
// quickly, and returns how many; 0 when there are none. Several nodes may call
// it.
func (p *Store) IndexSearch(ctx context.Context) (int, error) {
	// Mostly there is nothing, and asking that costs a third of a transaction.
	var waiting bool
	err := p.db.Pool().QueryRow(ctx, "select exists (select from search_queue)").Scan(&waiting)
	if err != nil || !waiting {
		return 0, postgres.Wrap(err, "index words of cases")
	}
	var words [][]any
	err = pgx.BeginFunc(ctx, p.db.Lazy(), func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `with taken as (
				delete from search_queue where id = any(array(
					select id from search_queue order by id limit $1 for update skip locked))
				returning case_ids)
			select c.id, c.title, coalesce(s.content->>'text', '')
			from (select distinct unnest(case_ids) as case_id from taken) t
				join cases c on c.id = t.case_id left join submission s on s.receipt = c.receipt`, indexRows)
		if err != nil {
			return err
		}
		words, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) ([]any, error) {
			var id, title, text string
			err := r.Scan(&id, &title, &text)
			return []any{id, grams(title + "\n" + text)}, err
		})
		if err != nil || len(words) == 0 {
			return err
		}
		ids := make([]string, len(words))
		for i := range words {
			ids[i], _ = words[i][0].(string)
		}
		if _, err := tx.Exec(ctx, "delete from search_words where case_id = any($1::text[])", ids); err != nil {
			return err
		}
		_, err = tx.CopyFrom(ctx, pgx.Identifier{"search_words"}, []string{"case_id", "grams"}, pgx.CopyFromRows(words))
		return err
	})
	return len(words), postgres.Wrap(err, "index words of cases")
}

// BeginPreload takes away the index of words, which is quicker to build anew
// than to keep up with very many cases.
func (p *Store) BeginPreload(ctx context.Context) error {
	_, err := p.db.Exec(ctx, "drop the index of words", "drop index if exists search_grams")
	return err
}

// EndPreload indexes the words of what was preloaded and tells the planner
// what is there.
func (p *Store) EndPreload(ctx context.Context) error {
	for {
		if n, err := p.IndexSearch(ctx); err != nil {
			return err
		} else if n == 0 {
			break
		}
	}
	conn, err := p.db.Pool().Acquire(ctx)
	if err != nil {
		return postgres.Wrap(err, "build the index of words")
	}
	defer conn.Release()
	for _, sql := range []string{
		"set maintenance_work_mem = '512MB'",
		"create index if not exists search_grams on search_words using gin (grams) with (fastupdate = off)",
		"reset maintenance_work_mem",
		"vacuum analyze submission", "vacuum analyze cases", "vacuum analyze event", "vacuum analyze assignment",
		"vacuum analyze deadline", "vacuum analyze search_words", "checkpoint",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return postgres.Wrap(err, "build the index of words")
		}
	}
	return nil
}
