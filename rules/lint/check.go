package lint

import "github.com/mashang-hub/mashang/rules"

// Check lints a set.
func Check(x *rules.Set) rules.Problems { return nil }
