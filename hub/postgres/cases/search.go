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

// A wanted is what a person looks for.
type wanted struct {
	text  string
	terms []string
	grams []int32
}

func want(text string) wanted {
	w := wanted{text: text, terms: terms(text)}
	for _, t := range w.terms {
		w.grams = append(w.grams, grams(t)...)
	}
	return w
}

// indexed reports whether the index knows which cases it may be: a term that is
// too short to be looked up is looked for in titles.
func (w wanted) indexed() bool { return w.text != "" && (len(w.terms) == 0 || len(w.grams) > 0) }

// hits begins a statement: hit are the cases that may have the terms, with
// those that are not indexed yet and the one that has the text for its number,
// and n says whether they are too many to look at each.
func (w wanted) hits(args pgx.NamedArgs) string {
	args["number"], args["few"] = strings.ToUpper(strings.TrimSpace(postgres.Clean(w.text))), few
	sql := "with hit as materialized (select id from cases where id = @number"
	if len(w.grams) > 0 {
		args["grams"], args["most"] = w.grams, few+1
		sql += ` union all (select case_id from search_words where grams @> @grams::int[] limit @most)
			union all (select unnest(case_ids) from search_queue limit @most)`
	}
	return sql + "), n as (select count(*) > @few as many from hit) "
}

// amongHits are the terms of a where clause on cases c after hits.
func (w wanted) amongHits(args pgx.NamedArgs) []string {
	among := []string{"c.id = any(array(select id from hit))", "not n.many"}
	if len(w.terms) == 0 {
		return among
	}
	return append(among, "(c.id = @number or "+strings.Join(w.said(args), " and ")+")")
}

// amongMany are the terms of a where clause on cases c of which many are wanted.
func (w wanted) amongMany(args pgx.NamedArgs, count bool) []string {
	if count && len(w.grams) > 0 {
		// Counting many is left to the index, which is right but for a pair of
		// words that are apart.
		args["grams"] = w.grams
		return []string{"c.id in (select * from search_hits(@grams::int[], null))"}
	}
	return w.said(args)
}

// said asks of a case c that its words have all terms.
func (w wanted) said(args pgx.NamedArgs) []string {
	words := "lower(title)"
	if len(w.grams) > 0 {
		words = `lower(title || ' ' || coalesce((select s.content::json->>'text' from submission s where s.receipt = c.receipt), ''))`
	}
	all := make([]string, len(w.terms))
	for i, t := range w.terms {
		name := fmt.Sprintf("term%d", i)
		args[name] = t
		all[i] = "strpos(" + words + ", @" + name + ") > 0"
	}
	return all
}

// The words of up to so many cases of one transaction are stored in it. When
// there are more the hub is behind, and indexing is half of the work.
const indexTo = 64

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
			select c.id, c.title, coalesce(s.content::json->>'text', '')
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

// MergeSearch merges the words that were stored since the last call into the
// index: a search reads those that are not merged one by one. It returns how
// many there were, in pages of the index; 0 when there were none. Several nodes
// may call it.
func (p *Store) MergeSearch(ctx context.Context) (int, error) {
	var pages int
	err := p.db.Pool().QueryRow(ctx, "select coalesce(gin_clean_pending_list(to_regclass('search_grams')), 0)").Scan(&pages)
	return pages, postgres.Wrap(err, "merge words into their index")
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
		"create index if not exists search_grams on search_words using gin (grams)",
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
