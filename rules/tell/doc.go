// Package tell puts what the rule engine knows into words for terminals: why a
// submission was decided so, and what authors may write.
//
// It computes nothing; every line comes from package rules. Start with
// Explanation.
package tell
