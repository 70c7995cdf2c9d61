package city

import (
	"fmt"

	"github.com/mashang-hub/mashang/hub/daily"
)

// A Share (数据共享) is a receiver of each day's cases.
type Share struct {
	Name, Dir, Format string
	At                daily.Time
}

// dailyFile is what is due once a day, as mashang.yaml says it.
type dailyFile struct {
	Digest string
	Share  []struct{ Name, Dir, At, Format string }
}

func (f dailyFile) read() (*daily.Time, []Share, error) {
	var digest *daily.Time
	if f.Digest != "" {
		t, err := daily.ParseTime(f.Digest)
		if err != nil {
			return nil, nil, fmt.Errorf("digest: %w", err)
		}
		digest = &t
	}
	var shares []Share
	for _, s := range f.Share {
		at, err := daily.ParseTime(s.At)
		if err == nil {
			err = daily.Share{Name: s.Name, Dir: s.Dir, Format: s.Format}.Validate()
		}
		if err != nil {
			return nil, nil, fmt.Errorf("share with %s: %w", s.Name, err)
		}
		shares = append(shares, Share{Name: s.Name, Dir: s.Dir, Format: s.Format, At: at})
	}
	return digest, shares, nil
}
