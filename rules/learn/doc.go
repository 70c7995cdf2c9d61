// Package learn turns what people have decided into rules that a clerk can
// read and reject: no model is hidden in it.
//
// Draft proposes a rule with a short list of words from cases that the rules
// got wrong or left to the sorting desk, shows what each word adds, and lets
// the engine itself prove the proposal on all cases before anybody sees it.
// Score says how often the cases of each rule were sent back (退单) or given
// to somebody else (改派), and what departments said of them (误报, 不归我们,
// 信息不全). Table reads a scoring table, and Table.Fit learns
// its weights again, for honest cross-validation.
//
// The package never changes a rule folder. A word that fewer than Options.Min
// different cases contain is never proposed: it would say who wrote, not what
// about. Start with Draft and Score.
package learn
