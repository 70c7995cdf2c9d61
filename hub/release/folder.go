package release

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mashang-hub/mashang/hub"
)

// A Folder (城市目录) is the rule set that lies beside the hub, as it was read.
type Folder struct {
	Source []byte
	Err    error // why it could not be read
	// Demo lets the folder have the last word.
	Demo bool
	// Started is true for the first look, at the start of the hub.
	Started bool
}

// Adopt looks at the folder's set. It comes into force when none is; when the
// one in force came from the folder too and the files changed while the hub
// ran; and, in a demo, whenever it is not what the folder had before. Else it
// is filed as a draft, for people to decide. A set that does not load leaves
// all as it is and shows in Banner.
//
// The error is nil unless the hub is left without any rules.
func (m *Manager) Adopt(ctx context.Context, f Folder) error {
	if err := m.Refresh(ctx); err != nil {
		m.log.Error("load the released rules", "err", err)
	}
	running := m.rollout.lineup.Load() != nil
	err := m.adopt(ctx, f, running)
	m.mu.Lock()
	m.folder = err
	if err != nil {
		m.failures++
	}
	m.mu.Unlock()
	if err == nil || running {
		if err != nil {
			m.log.Error("load the folder's rules; the old ones stay", "err", err)
		}
		return nil
	}
	return err
}

func (m *Manager) adopt(ctx context.Context, f Folder, running bool) error {
	if f.Err != nil {
		return f.Err
	}
	rules, err := m.engine.Open(f.Source)
	if err != nil {
		return err
	}
	hash := rules.Hash()
	m.open.Add(hash, rules)
	all, err := m.store.Releases(ctx, recent)
	if err != nil {
		return err
	}
	_, had := in(all, Active)
	if had && !running {
		// Another node may have been first since we looked: that is not broken.
		if err := m.Refresh(ctx); err != nil {
			m.log.Error("load the released rules", "err", err)
		}
		running = m.rollout.lineup.Load() != nil
	}
	broken := had && !running
	_, why := f.wanted(all, hash, broken)
	if why == "" {
		return m.settled(ctx)
	}
	gates, err := m.judge(ctx, f.Source, rules)
	if err != nil {
		return err
	}
	if err := m.store.SaveSource(ctx, hash, f.Source, gates, m.clock.Now()); err != nil {
		return err
	}
	_, err = m.change(ctx, func(all []Release) ([]Step, error) {
		if a, w := f.wanted(all, hash, broken); w != "" {
			return adopt(all, hash, a, w, m.clock.Now()), nil
		}
		return nil, nil
	})
	if err != nil {
		return err
	}
	return m.settled(ctx)
}

// settled makes sure that somebody judges: another node may have been first.
func (m *Manager) settled(ctx context.Context) error {
	if m.rollout.lineup.Load() != nil {
		return nil
	}
	return m.Refresh(ctx)
}

// wanted says whether the set is to act or only to be filed; why is "" when
// there is nothing to do. broken says that the active set does not load here.
func (f Folder) wanted(all []Release, hash hub.RuleSetHash, broken bool) (activate bool, why string) {
	cur, ok := in(all, Active)
	last, had := folderLast(all)
	switch {
	case !ok:
		return true, "首次启动"
	case cur.Hash == hash:
		return false, ""
	case broken:
		return true, "原来启用的版本载入不了"
	case f.Started && had && last.Hash == hash:
		return false, "" // people have moved on from what the folder still has
	case f.Demo || cur.Origin == ByFolder && !f.Started:
		return true, "目录中的文件有改动"
	case f.Started:
		return false, ""
	}
	return false, "目录中的文件有改动，待批准"
}

// folderLast is the newest release that came from the folder.
func folderLast(all []Release) (Release, bool) {
	for _, r := range all {
		if r.Origin == ByFolder {
			return r, true
		}
	}
	return Release{}, false
}

// Banner is what the console tells everybody about the rules; "" when all is
// well.
func (m *Manager) Banner() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.refused != nil:
		return "新发布的规则在这台服务器上载入不了，仍在使用上一版：" + m.refused.Error()
	case m.folder != nil:
		return "规则目录有误，没有生效，仍在使用上一版：" + sentence(m.folder)
	}
	return ""
}

// sentence is the first line of err.
func sentence(err error) string {
	text := fmt.Sprint(err)
	r := []rune(text)
	if len(r) > 300 {
		text = string(r[:300]) + "…"
	}
	return text
}

func encode(v any) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode the report: %w", err)
	}
	return b, nil
}
