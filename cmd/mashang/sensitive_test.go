package main_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub/access"
)

// sensitive are the rights whose routes are in testdata/sensitive.tsv, written
// by hand: a mistake in the table of roles, from which all else is expected, is
// noticed there.
func sensitive() []access.Right {
	return []access.Right{
		access.Reveal, access.Export, access.ReadAudit, access.ManageAudit, access.ManageAccounts, access.WriteRules, access.ApproveRules,
		access.ManageSystem, access.HoldData,
	}
}

// byHand tries the sensitive routes with every account of the demonstration:
// those who are named may, nobody else.
func (w *town) byHand(t *testing.T) {
	data, err := os.ReadFile("testdata/sensitive.tsv")
	if err != nil {
		t.Fatal(err)
	}
	ops, seen := w.operations(), map[string]bool{}
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if f[0] == "method" {
			continue
		}
		seen[f[0]+" "+f[1]] = true
		i := slices.IndexFunc(ops, func(o operation) bool { return o.method == f[0] && o.path == f[1] })
		if i < 0 {
			t.Errorf("there is no route %s %s", f[0], f[1])
			continue
		}
		for _, account := range demoAccounts() {
			may := slices.Contains(strings.Fields(f[2]), account)
			own, _ := w.objects(w.me(account), ops[i].Right)
			if own == "" {
				own = w.canary
			}
			code, _ := w.ask(f[0], at(f[1], string(own)), w.tokens[account], "{}")
			if refused := code == http.StatusForbidden || code == http.StatusUnauthorized; refused == may {
				t.Errorf("%s %s as %s: %d, and by hand it is may = %v", f[0], f[1], account, code, may)
			}
		}
	}
	for _, op := range ops {
		if slices.Contains(sensitive(), op.Right) && !seen[op.method+" "+op.path] {
			t.Errorf("%s %s needs %s and is not in testdata/sensitive.tsv: write by hand who may", op.method, op.path, op.Right)
		}
	}
}
