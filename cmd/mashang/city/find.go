package city

import (
	"context"

	"github.com/mashang-hub/mashang/hub"
)

// FindPlace finds a place by its code.
func (c *City) FindPlace(_ context.Context, code hub.PlaceCode) (hub.Place, bool) {
	c.index()
	p, ok := c.byCode[code]
	return p, ok
}

// FindNamed finds the one place of this name inside another, or anywhere when
// that is empty. A name that several have needs the place around it.
func (c *City) FindNamed(_ context.Context, name string, within hub.PlaceCode) (hub.Place, bool) {
	c.index()
	var found []hub.Place
	for _, p := range c.byName[name] {
		if within == "" || (p.Code != within && p.Code.Within(within)) {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		return hub.Place{}, false
	}
	return found[0], true
}

// index is built at the first question.
func (c *City) index() {
	c.once.Do(func() {
		c.byCode, c.byName = map[hub.PlaceCode]hub.Place{}, map[string][]hub.Place{}
		for _, p := range c.Places {
			c.byCode[p.Code] = p
			c.byName[p.Name] = append(c.byName[p.Name], p)
		}
	})
}
