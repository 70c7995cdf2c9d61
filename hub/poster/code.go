package poster

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quiet is the white border that readers need, in modules (ISO/IEC 18004).
const quiet = 4

// Address returns what is written into the code of token.
func Address(base, token string) string { return strings.TrimRight(base, "/") + "/q/" + token }

// code draws the code of item as a square of side millimetres, quiet zone
// included: one rectangle for each run of black modules. Level Q keeps it
// readable with a quarter of it torn or dirty.
func (d drawing) code(item Item, x, y, side float64) error {
	c, err := qr.Encode(Address(d.s.BaseURL, item.Token), qr.Q)
	if err != nil {
		return fmt.Errorf("encode %s: %w", item.Token, err)
	}
	module := side / float64(c.Size+2*quiet)
	d.SetFillColor(0, 0, 0)
	for row := range c.Size {
		for col := 0; col < c.Size; {
			run := 0
			for col+run < c.Size && c.Black(col+run, row) {
				run++
			}
			if run > 0 {
				d.Rect(x+float64(col+quiet)*module, y+float64(row+quiet)*module, float64(run)*module, module*1.001, "F")
			}
			col += run + 1
		}
	}
	return nil
}
