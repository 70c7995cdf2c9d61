package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// An IntakeConfig says how a door is tried.
type IntakeConfig struct {
	URL         string                                   // of the channel
	Submissions int                                      // in all
	Over        time.Duration                            // spread over this long; 0 sends all at once
	Senders     int                                      // at most so many requests at a time
	Sign        func(r *http.Request, body []byte) error // proves the sender
	Body        func(n int) []byte                       // the n-th submission, JSON
	// Count returns how many cases there are.
	Count func(ctx context.Context) (int, error)
	// Publish puts one record of this size on the bus and waits for it: the
	// floor that the door stands on.
	Publish  func(ctx context.Context, size int) error
	Progress func(format string, args ...any)
}

// An IntakeReport is what came of it.
type IntakeReport struct {
	Submissions int     `json:"submissions"`
	OverS       float64 `json:"over_s"`
	Accepted    int     `json:"accepted"`    // first answers of 202
	Unavailable int     `json:"unavailable"` // first answers of 503 with Retry-After
	Other       int     `json:"other"`       // any other first answer: a failure
	P50         float64 `json:"p50_ms"`
	P90         float64 `json:"p90_ms"`
	P99         float64 `json:"p99_ms"`
	Max         float64 `json:"max_ms"`
	FloorP99    float64 `json:"floor_p99_ms"` // of publishing alone, in the same run
	Retries     int     `json:"retries"`
	Cases       int     `json:"cases"`
	Lost        int     `json:"lost"`
	Duplicated  int     `json:"duplicated"`
	OK          bool    `json:"ok"`
}

// bar is what the 99th percentile may take below saturation.
const bar = 250.0

// Intake sends submissions to a door at an even pace, again until each is
// taken, and counts the cases that they become.
func Intake(ctx context.Context, c IntakeConfig) (IntakeReport, error) {
	r := IntakeReport{Submissions: c.Submissions, OverS: c.Over.Seconds()}
	before, err := c.Count(ctx)
	if err != nil {
		return r, fmt.Errorf("count cases: %w", err)
	}
	if r.FloorP99, err = floor(ctx, c); err != nil {
		return r, err
	}
	first, err := c.firstRound(ctx, &r)
	if err != nil {
		return r, err
	}
	if err := c.again(ctx, &r, first); err != nil {
		return r, err
	}
	r.Cases, err = c.settled(ctx, before)
	if err != nil {
		return r, err
	}
	r.Lost, r.Duplicated = max(0, c.Submissions-r.Cases), max(0, r.Cases-c.Submissions)
	r.OK = r.Other == 0 && r.Lost == 0 && r.Duplicated == 0 && (r.P99 <= bar || r.Unavailable > 0)
	return r, nil
}

func floor(ctx context.Context, c IntakeConfig) (float64, error) {
	if c.Publish == nil {
		return 0, nil
	}
	var took []float64
	for range 200 {
		began := time.Now()
		if err := c.Publish(ctx, 1024); err != nil {
			return 0, fmt.Errorf("publish alone: %w", err)
		}
		took = append(took, ms(time.Since(began)))
	}
	slices.Sort(took)
	return at(took, 0.99), nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func at(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// firstRound sends each submission once at its time and returns those that
// must be sent again.
func (c IntakeConfig) firstRound(ctx context.Context, r *IntakeReport) (again []int, err error) {
	client := c.client()
	var mu sync.Mutex
	var took []float64
	var wg sync.WaitGroup
	places := make(chan struct{}, c.Senders)
	began := time.Now()
	for n := range c.Submissions {
		due := began.Add(c.Over * time.Duration(n) / time.Duration(c.Submissions))
		if err := until(ctx, due); err != nil {
			return nil, err
		}
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			start := time.Now()
			if c.Over > 0 {
				start = due // open loop: waiting for a place counts
			}
			status, retry, serr := c.send(ctx, client, n)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, ms(time.Since(start)))
			switch {
			case serr == nil && status == http.StatusAccepted:
				r.Accepted++
			case serr == nil && status == http.StatusServiceUnavailable && retry > 0:
				r.Unavailable++
				again = append(again, n)
			default:
				r.Other++
				err = errors.Join(err, fmt.Errorf("submission %d: status %d: %w", n, status, serr))
				again = append(again, n)
			}
		})
	}
	wg.Wait()
	slices.Sort(took)
	r.P50, r.P90, r.P99, r.Max = at(took, 0.5), at(took, 0.9), at(took, 0.99), at(took, 1)
	if err != nil && c.Progress != nil {
		c.Progress("有 %d 个既不是 202 也不是 503: %v", r.Other, err)
	}
	return again, nil
}

func (c IntakeConfig) client() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: c.Senders, MaxConnsPerHost: c.Senders}}
}

func until(ctx context.Context, at time.Time) error {
	wait := time.NewTimer(time.Until(at))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wait.C:
		return nil
	}
}

func (c IntakeConfig) send(ctx context.Context, client *http.Client, n int) (status int, retry time.Duration, err error) {
	body := c.Body(n)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if err := c.Sign(r, body); err != nil {
		return 0, 0, err
	}
	resp, err := client.Do(r)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, 0, err
	}
	if resp.StatusCode == http.StatusAccepted {
		var a struct{ Tracking string }
		if json.Unmarshal(text, &a) != nil || a.Tracking == "" {
			return 0, 0, fmt.Errorf("answer without numbers: %.100s", text)
		}
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return resp.StatusCode, time.Duration(seconds) * time.Second, nil
}

// again sends what was not taken until it is, as a sender should.
func (c IntakeConfig) again(ctx context.Context, r *IntakeReport, todo []int) error {
	client := c.client()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for len(todo) > 0 {
		if c.Progress != nil {
			c.Progress("重发 %d 件", len(todo))
		}
		var rest []int
		wait := time.Duration(0)
		for _, n := range todo {
			status, retry, err := c.send(ctx, client, n)
			r.Retries++
			if err != nil && ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil || status != http.StatusAccepted {
				rest, wait = append(rest, n), max(wait, retry)
			}
		}
		if todo = rest; len(todo) > 0 {
			if err := until(ctx, time.Now().Add(max(wait, 100*time.Millisecond))); err != nil {
				return err
			}
		}
	}
	return nil
}

// settled waits until all are cases and a little longer, for one too many.
func (c IntakeConfig) settled(ctx context.Context, before int) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	extra := 0
	for {
		n, err := c.Count(ctx)
		if err != nil {
			return 0, fmt.Errorf("count cases: %w", err)
		}
		if n-before >= c.Submissions {
			if extra++; extra > 5 {
				return n - before, nil
			}
		}
		if until(ctx, time.Now().Add(100*time.Millisecond)) != nil {
			return n - before, nil
		}
	}
}
