package lifecycle

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// live takes one case through its life and returns the steps: create, sign
// for, resolve, search.
func (h *process) live(ctx context.Context, n int64) ([]sample, error) {
	m := h.matters[int(n)%len(h.matters)]
	words := phrase(rand.New(rand.NewPCG(h.seed, uint64(n))))
	began := time.Now()
	id, err := h.create(ctx, n, m, words)
	if err != nil {
		return []sample{{began: began, took: time.Since(began)}}, err
	}
	there, err := h.signFor(ctx, id, m.lead)
	steps := []sample{{began: began, took: there.Sub(began)}, {began: there, took: time.Since(there)}}
	if err != nil {
		return steps, err
	}
	for _, step := range []func() error{
		func() error {
			_, err := h.command(ctx, id, map[string]any{"type": "resolve", "department": m.lead, "text": "已上门查看并修复，恢复正常。"}, m.lead)
			return err
		},
		func() error { return h.search(ctx, id, words) },
	} {
		began := time.Now()
		err := step()
		steps = append(steps, sample{began: began, took: time.Since(began)})
		if err != nil {
			return steps, err
		}
	}
	return steps, nil
}

// create is the citizen's app: it hands the matter in.
func (h *process) create(ctx context.Context, n int64, m matter, words string) (hub.CaseID, error) {
	body, err := json.Marshal(map[string]any{
		"id": "bench-" + strconv.FormatUint(h.seed, 36) + "-" + strconv.FormatInt(n, 10), "title": m.title, "text": words + "，" + m.text,
		"place": m.place, "user": map[string]string{"id": "u" + strconv.FormatInt(n, 10), "name": "张三", "phone": "19900000000"},
	})
	if err != nil {
		return "", fmt.Errorf("write the matter: %w", err)
	}
	var taken struct{ Tracking hub.CaseID }
	sign := func(r *http.Request) { adapters.SignHMAC(r, h.secret, body, time.Now()) }
	if _, err := h.ask(ctx, http.MethodPost, "/in/kuaiban", body, sign, &taken); err != nil {
		return "", fmt.Errorf("create: %w", err)
	}
	return taken.Tracking, nil
}

// signFor is the department, which signs as soon as the case is there; it
// returns when it began to sign for a case that was. It first looks when half
// of the cases of late were there, not to be in the way with asking.
func (h *process) signFor(ctx context.Context, id hub.CaseID, lead hub.DepartmentCode) (time.Time, error) {
	start, patience := time.Now(), h.coming.expected()
	pause(ctx, patience)
	for wait, looks := again, 1; ; looks++ {
		begin := time.Now()
		code, err := h.command(ctx, id, map[string]any{"type": "sign_for", "department": lead}, lead)
		if code != http.StatusNotFound || begin.Sub(start) > stepTime || ctx.Err() != nil {
			h.coming.was(looks == 1, patience)
			return begin, err
		}
		pause(ctx, wait)
		wait = min(wait*3/2, 500*time.Millisecond)
	}
}

// again is after which time a user looks again.
const again = 10 * time.Millisecond

// A habit is when to look for something that comes: it is early half of the
// time.
type habit struct{ wait atomic.Int64 }

func (h *habit) expected() time.Duration {
	h.wait.CompareAndSwap(0, int64(again))
	return time.Duration(h.wait.Load())
}

// was notes whether it was there at the first look, after the time that was
// expected. Of many who expected the same, one is believed.
func (h *habit) was(there bool, after time.Duration) {
	next := after * 9 / 8
	if there {
		next = after * 8 / 9
	}
	h.wait.CompareAndSwap(int64(after), int64(min(max(again, next), time.Second)))
}

// command is the department.
func (h *process) command(ctx context.Context, id hub.CaseID, cmd map[string]any, lead hub.DepartmentCode) (int, error) {
	body, err := json.Marshal(cmd)
	if err != nil {
		return 0, fmt.Errorf("write the command: %w", err)
	}
	code, err := h.ask(ctx, http.MethodPost, "/api/v1/cases/"+string(id)+"/commands", body, h.as(lead), nil)
	if err != nil {
		err = fmt.Errorf("%s: %w", cmd["type"], err)
	}
	return code, err
}

// search is an operator who remembers some words.
func (h *process) search(ctx context.Context, id hub.CaseID, words string) error {
	var list struct {
		Cases []struct{ ID hub.CaseID }
	}
	q := url.Values{"text": {words}, "limit": {"10"}}
	if _, err := h.ask(ctx, http.MethodGet, "/api/v1/cases?"+q.Encode(), nil, h.as(""), &list); err != nil {
		return fmt.Errorf("search: %w", err)
	}
	for _, c := range list.Cases {
		if c.ID == id {
			return nil
		}
	}
	return fmt.Errorf("search: %q does not find case %s among %d", words, id, len(list.Cases))
}

// as signs requests with the token of a department's worker.
func (h *process) as(department hub.DepartmentCode) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+h.tokens[department]) }
}

// ask sends one request, again when the hub says when to come back.
func (h *process) ask(ctx context.Context, method, path string, body []byte, sign func(*http.Request), out any) (int, error) {
	for end := time.Now().Add(stepTime); ; {
		code, after, err := h.once(ctx, method, path, body, sign, out)
		if after == 0 || time.Now().After(end) {
			return code, err
		}
		h.sentAway.Add(1)
		pause(ctx, after)
	}
}

func (h *process) once(ctx context.Context, method, path string, body []byte, sign func(*http.Request), out any) (code int, after time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, method, h.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if sign != nil {
		sign(r)
	}
	resp, err := h.client.Do(r)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, 0, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
			seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
			after = time.Duration(seconds) * time.Second
		}
		return resp.StatusCode, after, fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	if out != nil {
		err = json.Unmarshal(text, out)
	}
	return resp.StatusCode, 0, err
}
