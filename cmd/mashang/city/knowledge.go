package city

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// loadKnowledge reads the folder knowledge (知识库): each text file is an entry,
// named by its number, such as ZS-001.txt; the text is the answer.
func (c *City) loadKnowledge(fsys fs.FS) error {
	names, err := fs.Glob(fsys, "knowledge/*.txt")
	if err != nil {
		return err
	}
	c.Knowledge = map[string]string{}
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		text := strings.TrimSpace(string(data))
		if text == "" {
			return fmt.Errorf("%s: the entry is empty: write the answer", name)
		}
		c.Knowledge[strings.TrimSuffix(path.Base(name), ".txt")] = text
	}
	return nil
}
