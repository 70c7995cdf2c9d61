package qr

import "fmt"

// A Config holds the options of the QR code channel.
type Config struct {
	// MaxPhotos is how many photos one submission may have.
	MaxPhotos int `yaml:"max_photos"`
	// MaxPhotoMB is how large each may be, in MiB.
	MaxPhotoMB int `yaml:"max_photo_mb"`
	// MaxRunes is how long the text may be, in characters.
	MaxRunes int `yaml:"max_runes"`
	// FloodPerHour is how many submissions one code may bring in an hour, on
	// each node, before the rest are held for a clerk's look; 0 is no limit.
	FloodPerHour int `yaml:"flood_per_hour"`
}

// Default allows six photos and two thousand characters, and holds what comes
// from one building faster than a real outage would make people write.
func Default() Config {
	return Config{MaxPhotos: 6, MaxPhotoMB: 8, MaxRunes: 2000, FloodPerHour: 60}
}

// Validate reports what is wrong with c and how to mend it.
func (c Config) Validate() error {
	if c.MaxPhotos < 0 || c.MaxPhotos > 9 {
		return fmt.Errorf("max_photos is %d: use 0 to 9", c.MaxPhotos)
	}
	if c.MaxPhotoMB < 1 || c.MaxPhotoMB > 20 {
		return fmt.Errorf("max_photo_mb is %d: use 1 to 20", c.MaxPhotoMB)
	}
	if c.MaxRunes < 100 || c.MaxRunes > 50_000 {
		return fmt.Errorf("max_runes is %d: use 100 to 50000", c.MaxRunes)
	}
	if c.FloodPerHour < 0 {
		return fmt.Errorf("flood_per_hour is %d: use 0 for no limit, or more", c.FloodPerHour)
	}
	return nil
}
