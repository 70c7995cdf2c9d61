package kuaiban

import (
	"fmt"

	"github.com/mashang-hub/mashang/adapters"
)

// A Config holds the options of the app's channel.
type Config struct {
	// Secret is shared with the app's server, which signs each request.
	Secret adapters.Secret `yaml:"secret"`
	// Callback is where the app's server hears of each step, signed by the
	// same secret.
	Callback *adapters.Callback `yaml:"callback"`
}

// Default returns a Config without a secret.
func Default() Config { return Config{} }

// Validate reports what is wrong with c and how to mend it.
func (c Config) Validate() error {
	if c.Secret == "" {
		return fmt.Errorf("secret is missing: set it to ${MASHANG_KUAIBAN_SECRET}")
	}
	return nil
}
