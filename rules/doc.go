// Package rules decides what a submission is about and who handles it.
//
// A rule set (规则集) is a folder of YAML files written by clerks in Chinese.
// Load checks the whole folder and reports every problem at once; a set that
// loads can never fail while deciding. Set.Decide runs the stages screen,
// classify, route, answer and deadline over one submission; Holder keeps the
// set in use and swaps it; Run is the command line's stream of cases.
//
// The package refuses loops, regular-expression programs without bound and
// anything else whose cost depends on more than the length of the text. Start
// with Load, then Set.Decide.
package rules
