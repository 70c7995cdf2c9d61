// Package places keeps in PostgreSQL the tree of places and who holds which post
// there, and finds the ladder of holders for a place. Start with [New].
package places

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// A Post (责任岗位) says who holds a rung at a place: Person "" is a vacant
// post. Zero Since means always, zero Until means still.
type Post struct {
	Rung   hub.Rung
	Place  hub.PlaceCode
	Post   string
	Person hub.PersonID
	Name   string
	Deputy bool // Person stands in for the holder
	Since  time.Time
	Until  time.Time
}

// A Store keeps places and posts. It is safe for concurrent use.
type Store struct{ db *postgres.DB }

// New returns the store.
func New(db *postgres.DB) *Store { return &Store{db} }

// SavePlaces adds places and updates those that are known.
func (s *Store) SavePlaces(ctx context.Context, places []hub.Place) error {
	var codes, parents, levels, names []string
	for _, p := range places {
		codes = append(codes, string(p.Code))
		parents = append(parents, string(p.Parent))
		levels = append(levels, string(p.Level))
		names = append(names, p.Name)
	}
	_, err := s.db.Exec(ctx, "save places", `insert into place (code, parent, level, name)
		select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
		on conflict (code) do update set parent = excluded.parent, level = excluded.level, name = excluded.name`,
		codes, parents, levels, names)
	return err
}

// Places returns all places by code.
func (s *Store) Places(ctx context.Context) ([]hub.Place, error) {
	rows, err := s.db.Pool().Query(ctx, "select code, parent, level, name from place order by code")
	if err != nil {
		return nil, postgres.Wrap(err, "read places")
	}
	places, err := pgx.CollectRows(rows, pgx.RowToStructByPos[hub.Place])
	return places, postgres.Wrap(err, "read places")
}

// SavePosts makes posts the list of who holds what from now on. A holder who
// is no longer listed ends at now and stays on record; saving the same list
// again changes nothing.
func (s *Store) SavePosts(ctx context.Context, posts []Post, now time.Time) error {
	var r postRows
	for _, p := range posts {
		r.add(p)
	}
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		var b pgx.Batch
		r.queue(&b, now)
		return tx.SendBatch(ctx, &b).Close()
	})
	return postgres.Wrap(err, "save posts")
}

type postRows struct {
	rungs                         []int32
	places, posts, persons, names []string
	deputies                      []bool
	since, until                  []*time.Time
}

func (r *postRows) add(p Post) {
	r.rungs = append(r.rungs, int32(p.Rung))
	r.places = append(r.places, string(p.Place))
	r.posts = append(r.posts, p.Post)
	r.persons = append(r.persons, string(p.Person))
	r.names = append(r.names, p.Name)
	r.deputies = append(r.deputies, p.Deputy)
	r.since = append(r.since, postgres.Null(p.Since))
	r.until = append(r.until, postgres.Null(p.Until))
}

func (r *postRows) queue(b *pgx.Batch, now time.Time) {
	b.Queue("lock table post in share row exclusive mode")
	b.Queue(`insert into person (id, name)
		select distinct on (i) i, n from unnest($1::text[], $2::text[]) as u(i, n) where i <> ''
		on conflict (id) do update set name = excluded.name`, r.persons, r.names)
	b.Queue(`update post p set until = greatest($5, since) where (until is null or until > $5) and not exists (
			select from unnest($1::int[], $2::text[], $3::text[], $4::text[]) as u(r, pl, po, pe)
			where u.r = p.rung and u.pl = p.place and u.po = p.post and u.pe = p.person)`,
		r.rungs, r.places, r.posts, r.persons, now)
	// The first holder of a post is taken to have always held it.
	b.Queue(`insert into post (rung, place, post, person, deputy, since, until)
		select distinct on (r, pl, po, pe) r, pl, po, pe, d, coalesce(s, case when exists (select from post o
			where o.rung = r and o.place = pl and o.post = po) then $8 else timestamptz 'epoch' end), e
		from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::timestamptz[], $7::timestamptz[])
			as u(r, pl, po, pe, d, s, e)
		where not exists (select from post o where o.rung = r and o.place = pl and o.post = po
			and o.person = pe and (o.until is null or o.until > $8))
		on conflict (place, rung, post, person, since) do update set deputy = excluded.deputy, until = excluded.until`,
		r.rungs, r.places, r.posts, r.persons, r.deputies, r.since, r.until, now)
}

// Duties returns who holds each rung for a place at now, lowest rung first:
// the post nearest to the place counts, and a deputy before the holder. Above
// the place come its parents in the tree of places and the village, township,
// county and city that its code lies in.
func (s *Store) Duties(ctx context.Context, place hub.PlaceCode, now time.Time) ([]hub.Duty, error) {
	rows, err := s.db.Pool().Query(ctx, `with recursive above(code, depth) as (
			select code collate "C", ord::int * 10 from unnest($1::text[]) with ordinality as u(code, ord)
			union
			select p.parent, a.depth + 1 from above a join place p on p.code = a.code
			where p.parent <> '' and a.depth % 10 < 8)
		select distinct on (o.rung) o.rung, o.place, o.post, o.person, coalesce(n.name, ''), o.deputy
		from (select code, min(depth) as depth from above group by code) a
		join post o on o.place = a.code and o.since <= $2 and (o.until is null or o.until > $2)
		left join person n on n.id = o.person
		order by o.rung, a.depth, o.deputy desc, o.since desc, o.person`,
		chain(place), now)
	if err != nil {
		return nil, postgres.Wrap(err, "read duties of %s", place)
	}
	duties, err := pgx.CollectRows(rows, pgx.RowToStructByPos[hub.Duty])
	return duties, postgres.Wrap(err, "read duties of %s", place)
}

// chain lists the codes that hold p, nearest first, in every usual spelling:
// 620402001003, 620402001, 620402, 620400.
func chain(p hub.PlaceCode) []string {
	if p == "" {
		return []string{}
	}
	codes := []string{string(p)}
	for _, c := range []hub.PlaceCode{p.Village(), p.Township(), p.County()} {
		if c != "" && string(c) != codes[len(codes)-1] {
			codes = append(codes, string(c))
		}
	}
	if county := p.County(); county != "" && county[4:] != "00" {
		codes = append(codes, string(county[:4])+"00")
	}
	return codes
}
