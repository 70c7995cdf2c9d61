// Package hub is the domain of mashang: what a citizen's request is, what may
// happen to it, who answers for it and by when.
//
// Everything that changes a case is a [Command]. [Decide] turns a command into
// events and [Apply] folds events into the case; both are pure: no I/O, no
// clock, no randomness. The running hub is I/O around these two functions, and
// simulation, what-if and property tests run the very same ones at virtual
// time.
//
// The package imports only the standard library and refuses to know how a case
// is stored, carried or shown. Start with [Case], then [Decide].
package hub
