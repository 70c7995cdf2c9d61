// Package ruletest runs the tests that stand beside rules: the 例 of each rule
// and the files called *_test.yaml, and measures what they cover.
//
// A rule file without a single test fails. Coverage is measured with the index
// off, so that a condition is never called unseen because the index skipped it.
// Start with Run and Cover.
package ruletest
