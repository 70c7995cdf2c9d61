// Package rules decides what a submission is about and who handles it.
//
// A rule set (规则集) is a folder of YAML files written by clerks in Chinese.
// Load checks the whole folder and reports every problem at once, each at its
// character; a set that loads can never fail while deciding. Set.Decide runs
// the stages screen, classify, route, answer, deadline and alert over one
// submission, Set.Explain says why; Holder keeps the set in use and swaps it;
// Run is the command line's stream of cases.
//
// Conditions are read by package lang, mean what package formula says and are
// found by package index. The package refuses loops, regular-expression
// programs without bound and anything else whose cost depends on more than the
// length of the text. Start with Load, then Set.Decide.
package rules
