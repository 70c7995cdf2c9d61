// Package lint finds what is wrong, useless or dangerous in rules, each finding
// under a code with a page that says why, how to mend it and shows an example.
//
// What it says of conditions, it proves: a rule that it calls unreachable never
// decides anything. It does not find everything: two words may occur together
// or not, so overlaps of texts are counted on history. Start with Folder.
package lint
