// Package doc holds the long documents of mashang and the tests that keep the
// whole house in order: which package may import which, and that every package
// says what it is for. It has no code. Start with its tests.
package doc
