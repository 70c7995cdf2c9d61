// Package layout writes rule files in one canonical form: conditions as package
// lang stores them, the keys of a rule in one order, no stray blanks. Comments
// stay where they are.
//
// It never changes what a file means: a file whose meaning would change is
// left alone. Start with Format.
package layout
