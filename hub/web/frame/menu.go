package frame

import "github.com/mashang-hub/mashang/hub/access"

// An Entry is one entry of the menu.
type Entry struct{ Path, Label string }

// entries is the menu; who may open the page sees the entry.
func entries() []Entry {
	return []Entry{
		{"/", "首页"},
		{"/cases", "事项"},
		{"/departments", "部门"},
		{"/channels", "渠道"},
		{"/deputy", "代表"},
	}
}

// menu is what p may open.
func menu(p access.Principal) []Entry {
	var out []Entry
	for _, e := range entries() {
		if to, ok := ruleOf(e.Path); ok && p.Can(to.right) {
			out = append(out, e)
		}
	}
	return out
}
