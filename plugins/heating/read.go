package heating

import (
	"regexp"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
)

type patterns struct {
	*reading.Patterns
	degrees *regexp.Regexp
	days    *regexp.Regexp
}

func newPatterns() *patterns {
	return &patterns{
		Patterns: reading.NewPatterns(),
		degrees:  regexp.MustCompile(`([0-9]{1,2}(?:\.[0-9])?|[一二三四五六七八九十]{1,3})(?:多)?(?:度|℃|摄氏度)`),
		days:     regexp.MustCompile(`([0-9]{1,2}|[一二两三四五六七八九十]{1,2})(?:多)?(?:天|日)(?:了|没|不)`),
	}
}

// heat adds temperature, duration, kind of trouble and who suffers.
func (p *patterns) heat(text string, facts map[string]string) {
	if m := p.degrees.FindStringSubmatch(text); m != nil {
		if n, ok := reading.Number(m[1]); ok {
			facts["temperature"] = reading.Amount(n)
		}
	}
	if m := p.days.FindStringSubmatch(text); m != nil {
		if n, ok := reading.Number(m[1]); ok {
			facts["days"] = reading.Amount(n)
		}
	}
	if w := reading.Words(text, []string{"停暖", "停热", "不热", "不暖", "冰凉", "温度低", "没暖气", "没有暖气", "未供暖", "漏水", "爆管"}); w != nil {
		facts["trouble"] = join(w)
	}
	if w := reading.Words(text, []string{"老人", "老年人", "卧床", "婴儿", "新生儿", "幼儿", "孩子", "小孩", "儿童", "孕妇", "产妇", "病人", "残疾"}); w != nil {
		facts["vulnerable"] = join(w)
		facts["urgency"] = string(hub.UrgencyUrgent)
	}
}

// counts counts the cases of each place within a window. It lives in memory: a
// restart begins anew.
type counts struct {
	window time.Duration
	enough int

	mu    sync.Mutex
	cases map[string]map[hub.CaseID]time.Time
}

func newCounts(window time.Duration, enough int) *counts {
	return &counts{window: window, enough: enough, cases: map[string]map[hub.CaseID]time.Time{}}
}

// add counts case c, reported at at, for place and says whether there are
// enough. A case counts once, however often its alert comes.
func (c *counts) add(place string, id hub.CaseID, at time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.cases[place]
	if seen == nil {
		seen = map[hub.CaseID]time.Time{}
		c.cases[place] = seen
	}
	seen[id] = at
	n := 0
	for id, then := range seen {
		switch age := at.Sub(then); {
		case age > 2*c.window:
			delete(seen, id)
		case age.Abs() <= c.window:
			n++
		}
	}
	return n >= c.enough
}
