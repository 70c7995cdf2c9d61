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
}

// Default returns a Config without folder and mapping.
func Default() Config {
	return Config{Settle: 2 * time.Second, Every: 5 * time.Second}
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
