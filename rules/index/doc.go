// Package index finds the rules that hold for a submission without asking
// each: one pass over the text finds every keyword of every rule, a look-up
// finds the values, and each of these wakes the rules that cannot hold without
// it. Those are evaluated on atoms alone in Kleene's logic (yes, no, unknown);
// only what stays unknown runs a program.
//
// The package knows nothing of departments, stages and winners (package
// rules). Start with New, then State.Begin and State.Matches.
package index
