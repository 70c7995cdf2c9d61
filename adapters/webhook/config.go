package webhook

// A Config holds the options of the kind: it has none, for the sections of the
// channel's file say everything.
type Config struct{}

// Default returns the options.
func Default() Config { return Config{} }

// Validate finds nothing wrong.
func (Config) Validate() error { return nil }
