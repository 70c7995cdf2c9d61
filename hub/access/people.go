package access

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// columns are the columns that a list of people may have.
func columns() []string {
	return []string{"account", "name", "role", "place", "department", "rung", "post", "person", "phone", "mail", "subject"}
}

// ReadPeople reads accounts from a CSV table (people.csv) whose first line
// names the columns: account, name, role, place, department, rung, phone,
// subject. The city's list of posts is read as well: there the person is the
// account and everybody on the ladder a cadre. A person with several rows has
// several grants. Lines that begin with # are left out; an unknown column is
// refused.
func ReadPeople(r io.Reader) ([]Account, error) {
	c := csv.NewReader(r)
	c.Comment, c.FieldsPerRecord = '#', -1
	head, err := c.Read()
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "people.empty", Err: err}
	}
	at := map[string]int{}
	for i, name := range head {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\uFEFF"))
		if !slices.Contains(columns(), name) {
			return nil, hub.Errorf(hub.CodeInvalid, "people.column", name)
		}
		at[name] = i
	}
	var list []Account
	index := map[string]int{}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line, _ := c.FieldPos(0)
		if err != nil {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "people.line", Args: []any{line}, Err: err}
		}
		a := person(func(name string) string {
			if i, ok := at[name]; ok && i < len(record) {
				return strings.TrimSpace(record[i])
			}
			return ""
		})
		if a.ID == "" { // a vacant post
			continue
		}
		if err := a.Check(); err != nil {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "people.line", Args: []any{line}, Err: err}
		}
		i, known := index[a.ID]
		if !known {
			index[a.ID] = len(list)
			list = append(list, a)
			continue
		}
		list[i].Grants = append(list[i].Grants, a.Grants...)
	}
	for _, a := range list {
		if err := a.Check(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// person makes an account of one row.
func person(cell func(string) string) Account {
	a := Account{
		ID: strings.ToLower(cell("account")), Name: cell("name"), Person: hub.PersonID(cell("person")),
		Phone: cell("phone"), Mail: cell("mail"), Subject: cell("subject"),
	}
	if a.ID == "" {
		a.ID = strings.ToLower(cell("person"))
	}
	g := Grant{Role: Role(cell("role")), Place: hub.PlaceCode(cell("place")), Department: hub.DepartmentCode(cell("department"))}
	if n, err := strconv.Atoi(cell("rung")); err == nil {
		g.Rung = hub.Rung(n)
	}
	if g.Role == "" && g.Rung > 0 {
		g.Role = Cadre
	}
	a.Grants = []Grant{g}
	return a
}

// Lend returns the grants of a that it holds itself, of these roles or of all,
// as they are lent to another for a time (委托).
func Lend(a Account, roles []Role, since, until time.Time) []Grant {
	var out []Grant
	for _, g := range a.Grants {
		if g.From != "" || len(roles) > 0 && !slices.Contains(roles, g.Role) {
			continue
		}
		g.From = a.ID
		if since.After(g.Since) {
			g.Since = since
		}
		if g.Until.IsZero() || until.Before(g.Until) {
			g.Until = until
		}
		out = append(out, g)
	}
	return out
}
