package netizen

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// A Heat (热度) makes votes count: a message that many stand behind is urgent
// before anybody has read it.
type Heat struct {
	// Column is where the board puts its votes.
	Column string `yaml:"column"`
	// Urgent is the number of votes from which a message is urgent; 0 for never.
	Urgent int `yaml:"urgent"`
}

// votesField is the field of a submission's extra with the number of votes.
const votesField = "votes"

// read puts the votes where the hub and its clerks find them.
func (h Heat) read(s *hub.Submission) {
	n, err := strconv.Atoi(strings.TrimSpace(s.Extra[h.Column]))
	if err != nil || n < 0 {
		return
	}
	s.Extra[votesField] = strconv.Itoa(n)
	if h.Urgent > 0 && n >= h.Urgent && s.Urgency == "" {
		s.Urgency = hub.UrgencyUrgent
	}
}

// author keeps no account of one who did not give a name.
func author(s *hub.Submission) {
	if slices.Contains([]string{"匿名", "匿名网友", "匿名用户", "网友", "游客", "anonymous"}, s.Reporter.Account) {
		s.Reporter.Account, s.Reporter.Anonymous = "", true
	}
}
