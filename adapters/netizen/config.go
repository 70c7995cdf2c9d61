package netizen

import (
	"fmt"
	"time"

	"github.com/mashang-hub/mashang/adapters"
)

// A Config holds the options of a message board channel.
type Config struct {
	// Mapping says which column is what.
	adapters.Mapping `yaml:",inline"`
	// Token is what a sender of POST requests shows; empty refuses them all.
	Token adapters.Secret `yaml:"token"`
	// Folder is watched for XLSX, CSV and JSONL files; empty for none.
	Folder string `yaml:"folder"`
	// Settle is how long a file must have been left alone.
	Settle time.Duration `yaml:"settle"`
	// Every is how often the folder and the address are looked at.
	Every time.Duration `yaml:"every"`
	// Pull is the address that answers {"items":[…],"next":"…"}; the cursor
	// is added as ?cursor=. Empty for none.
	Pull string `yaml:"pull"`
	// PullToken is shown to that address.
	PullToken adapters.Secret `yaml:"pull_token"`
	// CursorFile remembers how far the pull came; needed with Pull.
	CursorFile string `yaml:"cursor_file"`
	// Replies is a folder that public replies are written to, one CSV file
	// each; empty for none.
	Replies string `yaml:"replies"`
	// Callback is an address that is told of each step; see Replies.
	Callback *adapters.Callback `yaml:"callback"`
	// Wording is what a reply must be like before it goes to either.
	Wording Wording `yaml:"wording"`
	// Heat makes votes count.
	Heat Heat `yaml:"heat"`
}

// Default returns the columns that message boards commonly export.
func Default() Config {
	return Config{Settle: 2 * time.Second, Every: 5 * time.Second, Wording: Wording{Least: 10}, Heat: Heat{Column: "点赞数"}}
}

// board is used when a configuration maps nothing.
func board() adapters.Mapping {
	return adapters.Mapping{
		Fields: map[string]string{
			"external_id": "留言编号", "title": "留言主题", "text": "留言详情",
			"submitted_at": "留言时间", "account": "留言用户",
		},
		TimeLayouts: []string{"2006/1/2 15:04:05", "2006/1/2 15:04", "1/2/06 15:04"},
		Ignore:      []string{"答复意见", "答复时间"},
	}
}

// Validate reports what is wrong with c and how to mend it.
func (c Config) Validate() error {
	if err := c.Mapping.Validate(); err != nil {
		return err
	}
	if c.Every <= 0 {
		return fmt.Errorf("every: must be above zero, such as 5s")
	}
	if c.Pull != "" && c.CursorFile == "" {
		return fmt.Errorf("cursor_file is missing: pull needs a file to remember its place in")
	}
	return nil
}
