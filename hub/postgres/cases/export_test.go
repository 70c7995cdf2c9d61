package cases

// Rounds is how many rounds are under way before changes wait for the next.
const Rounds = rounds

// Waiting is how many changes wait for the next round.
func (p *Store) Waiting() int { return p.rounds.Waiting() }
