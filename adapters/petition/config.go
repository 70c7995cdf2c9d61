package petition

import (
	"fmt"
	"time"

	"github.com/mashang-hub/mashang/adapters"
)

// A Config holds the options of the petition office's channel.
type Config struct {
	// Mapping says which column is what.
	adapters.Mapping `yaml:",inline"`
	// Token is what a sender of POST requests shows.
	Token adapters.Secret `yaml:"token"`
	// Folder is where batch files and their receipts are exchanged.
	Folder string `yaml:"folder"`
	// Settle is how long a file must have been left alone.
	Settle time.Duration `yaml:"settle"`
	// Every is how often the folder is looked at.
	Every time.Duration `yaml:"every"`
	// Status is a folder that the state of each petition is written to, one
	// file each; empty for none.
	Status string `yaml:"status"`
	// Columns are a petition's own.
	Columns Columns `yaml:"columns"`
}

// Columns (信访专用列) are the names of the columns that only petitions have.
type Columns struct {
	// Form is how it was brought: 来信、走访、网上.
	Form string `yaml:"form"`
	// Petitioners and Representatives are lists of names.
	Petitioners     string `yaml:"petitioners"`
	Representatives string `yaml:"representatives"`
	// Confidential asks that nobody but the handling office learns who spoke.
	Confidential string `yaml:"confidential"`
	// Level is 办理、复查 or 复核: after the last the matter is finished (三级终结).
	Level string `yaml:"level"`
	// Route is which of the six ways of article 31 it takes.
	Route string `yaml:"route"`
}

// Default returns a Config without folder and mapping.
func Default() Config {
	return Config{Settle: 2 * time.Second, Every: 5 * time.Second, Columns: Columns{
		Form: "信访形式", Petitioners: "信访人名单", Representatives: "代表人", Confidential: "要求保密", Route: "办理途径", Level: "办理层级",
	}}
}

// Validate reports what is wrong with c and how to mend it.
func (c Config) Validate() error {
	if c.Token == "" {
		return fmt.Errorf("token is missing: set it to ${MASHANG_PETITION_TOKEN}")
	}
	if c.Fields["external_id"] == "" {
		return fmt.Errorf("fields: external_id is missing: name the number of a petition")
	}
	if c.Every <= 0 {
		return fmt.Errorf("every: must be above zero, such as 5s")
	}
	return c.Mapping.Validate()
}
