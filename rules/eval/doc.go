// Package eval measures how well a rule set decides cases whose right answer
// people have written down: how many are decided, how many decided ones are
// right, what is taken for what, which rules are wrong most often and which
// single mistakes are worst.
//
// An answer file names a category, one or several acceptable departments, or
// both. Folds measures honestly what a set is worth on messages that nobody
// has seen: the weights of the word tables are learnt again without the
// messages that they are then measured on.
//
// The package does not change rules; package learn proposes changes. Start
// with ReadLabels and Evaluate.
package eval
