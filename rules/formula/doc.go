// Package formula is what a rule's condition means: a Boolean formula over
// atoms (a keyword in a text, a value of a field) and, where atoms do not
// suffice, programs that cannot fail, loop or grow.
//
// It does not read the authors' language (package lang) and does not find the
// rules that hold (package index). Start with Form, then Facts.
package formula
