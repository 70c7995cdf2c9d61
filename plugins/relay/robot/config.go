// Package robot pushes alerts to the group robots (群机器人) of WeCom (企业微信),
// DingTalk (钉钉) and Feishu (飞书), in the forms and with the signatures that
// their vendors document.
//
// A robot takes 20 messages a minute: beyond that alerts are folded into
// digests, so that none is lost and the vendor does not silence the group. An
// answer counts only when its body says so, whatever the HTTP status. Start
// with New.
package robot

import (
	"net/netip"
	"net/url"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// A Vendor (厂商) is whose robot it is.
type Vendor string

// The vendors.
const (
	WeCom    Vendor = "wecom"    // 企业微信
	DingTalk Vendor = "dingtalk" // 钉钉
	Feishu   Vendor = "feishu"   // 飞书
)

// A Config is the configuration of one robot.
type Config struct {
	// URL is the robot's address as its group shows it. Installations of a
	// government's own have hosts of their own.
	URL string `json:"url"`
	// Secret signs (DingTalk, Feishu, security mode 加签); WeCom's secret is
	// the key in URL.
	Secret webhook.Secret `json:"secret"`
	// Format is text, markdown or card.
	Format string `json:"format"`
	// AtAll calls everybody in the group for what is overdue or critical;
	// Mobiles calls these members.
	AtAll   bool     `json:"at_all"`
	Mobiles []string `json:"mobiles"`
	// Keyword stands in every message; needed where the robot's security mode
	// is 自定义关键词.
	Keyword string `json:"keyword"`
	// PerMinute is how many messages the robot takes.
	PerMinute int `json:"per_minute"`
	// State is the folder in which it is kept when the robot last spoke; the
	// hub names one. Without it a new process waits a minute before it speaks.
	State string `json:"state"`
	// Allow lists private networks that may be reached.
	Allow []netip.Prefix `json:"allow"`
}

// Default returns cards, 20 a minute.
func Default() Config { return Config{Format: "card", PerMinute: 20} }

// Validate says the first thing that is wrong.
func (c Config) Validate() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http"):
		return hub.Errorf(hub.CodeInvalid, "egress.url", "https://host/path")
	case c.Format != "text" && c.Format != "markdown" && c.Format != "card":
		return hub.Errorf(hub.CodeInvalid, "robot.format", c.Format)
	case c.PerMinute < 1:
		return hub.Errorf(hub.CodeInvalid, "robot.per_minute")
	}
	return nil
}
