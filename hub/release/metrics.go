package release

import "github.com/prometheus/client_golang/prometheus"

// Collectors returns the metrics of the life cycle.
func (m *Manager) Collectors() []prometheus.Collector {
	gauge := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f)
	}
	count := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, f)
	}
	return []prometheus.Collector{
		gauge("mashang_rules_last_reload_successful", "Whether the newest rules that this node was given are in use.", func() float64 {
			if m.Banner() == "" {
				return 1
			}
			return 0
		}),
		count("mashang_rules_reload_failures_total", "Times that the rule folder was refused.", func() float64 {
			m.mu.Lock()
			defer m.mu.Unlock()
			return float64(m.failures)
		}),
		gauge("mashang_rules_release", "Number of the release that is active on this node.", func() float64 {
			l := m.rollout.lineup.Load()
			if l == nil {
				return 0
			}
			return float64(l.active.ID)
		}),
		count("mashang_rules_shadow_dropped_total", "Shadow comparisons that were not stored because the store was too slow.", func() float64 {
			return float64(m.rollout.dropped.Load())
		}),
	}
}
