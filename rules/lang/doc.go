// Package lang reads conditions in the language of rule authors, Chinese with
// the operators of expr, and lifts them into formulas.
//
// It is also the sandbox: what it lets through can neither fail nor loop nor
// grow. Loops, predicates, ranges, maps, memory and calls other than the
// authors' functions are refused, sizes are capped. Start with Lifter.Lift.
package lang
