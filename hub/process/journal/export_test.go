package journal

// Held says how much is in memory: lines, and bytes of their text.
func (j *Journal) Held() (lines, bytes int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.lines), j.bytes
}
