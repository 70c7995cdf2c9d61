package hotline

import (
	"fmt"

	"github.com/mashang-hub/mashang/adapters"
)

// A Config holds the options of the hotline's channel.
type Config struct {
	// Mapping says which field of a work order is what.
	adapters.Mapping `yaml:",inline"`
	// Token is what the hotline's platform shows.
	Token adapters.Secret `yaml:"token"`
	// Callback tells the platform what becomes of its orders: status, closing
	// reply, and what is sent back with its reason.
	Callback *adapters.Callback `yaml:"callback"`
}

// Default returns a Config without token and mapping.
func Default() Config { return Config{} }

// Validate reports what is wrong with c and how to mend it.
func (c Config) Validate() error {
	if c.Token == "" {
		return fmt.Errorf("token is missing: set it to ${MASHANG_HOTLINE_TOKEN}")
	}
	if c.Fields["external_id"] == "" {
		return fmt.Errorf("fields: external_id is missing: name the work order number")
	}
	return c.Mapping.Validate()
}
