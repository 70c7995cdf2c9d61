package city

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"

	"github.com/mashang-hub/mashang/hub"
)

// table reads a separated file whose first line must be header; lines that
// begin with # are comments. It hands each row and its line number to row.
func table(fsys fs.FS, name string, comma rune, header []string, row func(cells []string) error) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	r := csv.NewReader(f)
	r.Comma, r.Comment, r.FieldsPerRecord = comma, '#', len(header)
	if first, err := r.Read(); err != nil || !slices.Equal(first, header) {
		return fmt.Errorf("%s: header must be %q, is %q", name, header, first)
	}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := row(cells); err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("%s:%d: %w", name, line, err)
		}
	}
}

func (c *City) loadPlaces(fsys fs.FS) error {
	header := []string{"code", "parent", "level", "name"}
	return table(fsys, "places/places.tsv", '\t', header, func(cells []string) error {
		c.Places = append(c.Places, hub.Place{
			Code: hub.PlaceCode(cells[0]), Parent: hub.PlaceCode(cells[1]),
			Level: hub.PlaceLevel(cells[2]), Name: cells[3],
		})
		return nil
	})
}

func (c *City) loadPosts(fsys fs.FS) error {
	header := []string{"post", "rung", "place", "person", "name", "phone"}
	return table(fsys, "people.csv", ',', header, func(cells []string) error {
		rung, err := strconv.Atoi(cells[1])
		if err != nil {
			return fmt.Errorf("rung %q is no number", cells[1])
		}
		c.Posts = append(c.Posts, Post{
			Post: cells[0], Rung: hub.Rung(rung), Place: hub.PlaceCode(cells[2]),
			Person: hub.PersonID(cells[3]), Name: cells[4], Phone: cells[5],
		})
		return nil
	})
}
