// Package bench measures the rule engine against a plain loop over the same
// rules, in the same run, on made-up Chinese rules and cases: what one case
// costs at a thousand and at ten thousand rules, how the cost grows, and
// whether both find the same rules.
//
// It measures processor time of its own thread, the least of several rounds,
// so that a busy machine disturbs it little. Start with Run.
package bench
