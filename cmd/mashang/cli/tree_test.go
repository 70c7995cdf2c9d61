package cli

import (
	"testing"

	"github.com/spf13/cobra"
)

// TestEveryCommandIsThereOnceAndSaysHow walks the whole tree of commands.
func TestEveryCommandIsThereOnceAndSaysHow(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		seen := map[string]bool{}
		for _, sub := range c.Commands() {
			if seen[sub.Name()] {
				t.Errorf("%s is there twice", sub.CommandPath())
			}
			seen[sub.Name()] = true
			if sub.Short == "" || sub.Example == "" {
				t.Errorf("%s has no summary or no example", sub.CommandPath())
			}
			walk(sub)
		}
	}
	walk(newRoot(&settings{}))
}
