package cases_test

import (
	"fmt"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

// said is case n in these words.
func said(n int, title, text string) hub.Opening {
	o := pgtest.Opening(n)
	o.Submission.Title, o.Submission.Text = title, text
	return o
}

// search returns the numbers of the cases that text finds; the count must say
// the same.
func search(t *testing.T, store *cases.Store, text string) string {
	t.Helper()
	list, err := store.Cases(t.Context(), hub.Filter{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	n, err := store.CountCases(t.Context(), hub.Filter{Text: text})
	if err != nil || n != len(list) {
		t.Fatalf("%q: %d counted, %v; %d listed", text, n, err, len(list))
	}
	ids := ""
	for _, c := range list {
		ids += " " + string(c.ID)
	}
	return ids
}

// A case is found from the moment it is stored, and no differently once its
// words are indexed.
func TestSearch(t *testing.T) {
	store, _ := open(t)
	batch := []hub.Opening{
		said(1, "暖气不热", "幸福小区 3 号楼二单元，电话 19912345678"),
		said(2, "拖欠工资", "工地在幸福路，WeChat 群里说过年再发"),
		said(3, "路灯坏了", "人民路 12 号门口"),
	}
	if _, err := store.InsertCases(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		for text, want := range map[string]string{
			"暖气不热":        " BY0001",
			"幸福":          " BY0002 BY0001",
			"幸福 工资":       " BY0002",
			"wechat群":     "",
			"WECHAT":      " BY0002",
			"群里说":         " BY0002",
			"灯":           " BY0003", // one character looks in the titles
			"by0003":      " BY0003",
			"坏了 路灯":       " BY0003",
			"没有这句话":       "",
			"1234":        "", // nothing is found by parts of a telephone number
			"19912345678": "",
		} {
			if got := search(t, store, text); got != want {
				t.Errorf("round %d: %q finds%s, want%s", round, text, got, want)
			}
		}
		if n, err := store.MergeSearch(t.Context()); err != nil || (n > 0) != (round == 0) {
			t.Fatalf("merged %d pages, %v", n, err)
		}
	}
}

// Words that very many cases share are found among the newest.
func TestSearchForWhatManySay(t *testing.T) {
	store, _ := open(t)
	var batch []hub.Opening
	for n := range 3500 {
		batch = append(batch, said(n, "暖气不热", fmt.Sprintf("第%d户", n)))
	}
	if err := store.BeginPreload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Preload(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := store.EndPreload(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := store.Cases(t.Context(), hub.Filter{Text: "暖气", Limit: 5})
	if err != nil || len(list) != 5 || list[0].ID != "BY3499" {
		t.Fatalf("%d cases, %v", len(list), err)
	}
	if n, err := store.CountCases(t.Context(), hub.Filter{Text: "暖气"}); n != 3500 || err != nil {
		t.Errorf("counted %d, %v; want 3500", n, err)
	}
}

// The words of a handful of cases are stored with them, and are what they are
// when they are indexed later.
func TestAHandfulIsIndexedAtOnce(t *testing.T) {
	t.Parallel()
	store, db := open(t)
	all := []hub.Opening{said(1, "暖气不热", "幸福小区"), said(2, "拖欠工资", "工地在幸福路"), said(3, "路灯坏了", "人民路 12 号"), said(4, "1", "")}
	words := func() (text string) {
		t.Helper()
		err := db.Pool().QueryRow(t.Context(), "select string_agg(case_id || grams::text, ' ' order by case_id) from search_words").Scan(&text)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if _, err := store.InsertCases(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if n, err := store.IndexSearch(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d were left, %v", n, err)
	}
	if got := search(t, store, "幸福"); got != " BY0002 BY0001" {
		t.Errorf("found%s", got)
	}
	atOnce := words()
	if _, err := db.Pool().Exec(t.Context(), "insert into search_queue (case_ids) select array_agg(id) from cases"); err != nil {
		t.Fatal(err)
	}
	if n, err := store.IndexSearch(t.Context()); n != 4 || err != nil {
		t.Fatalf("indexed %d, %v", n, err)
	}
	if later := words(); later != atOnce {
		t.Errorf("at once %s\nlater   %s", atOnce, later)
	}
}
