package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// call sends a request to the running hub and decodes its JSON answer into
// out, unless that is nil, or reads it as it is into a *[]byte. A hub that does
// not answer is exit code 3; an answer that is a problem is exit code 1 with the
// problem's Chinese detail.
func (s *settings) call(ctx context.Context, method, path, mediaType string, body io.Reader, out any) (int, error) {
	return s.signed(ctx, method, path, mediaType, body, out, nil)
}

// show gets path from the running hub and prints it: text writes it for people.
func show[T any](s *settings, cmd *cobra.Command, path string, text func(io.Writer, T)) error {
	var v T
	if _, err := s.call(cmd.Context(), http.MethodGet, path, "", nil, &v); err != nil {
		return err
	}
	return s.print(v, func(w io.Writer) { text(w, v) })
}

// signed is call with a sender's proof added to the request.
func (s *settings) signed(ctx context.Context, method, path, mediaType string, body io.Reader, out any, sign func(*http.Request) error) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(s.url, "/")+path, body)
	if err != nil {
		return 0, &exitError{exitUsage, err}
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	if token := os.Getenv("MASHANG_TOKEN"); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if sign != nil {
		if err := sign(req); err != nil {
			return 0, fmt.Errorf("sign the request: %w", err)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if errors.Is(err, context.DeadlineExceeded) {
		return 0, &exitError{exitUnreachable, fmt.Errorf("%s 没有在时限内答复，请稍后再试: %w", s.url, err)}
	}
	if err != nil {
		return 0, &exitError{exitUnreachable, fmt.Errorf("连不上 %s，请先运行 mashang demo 或用 --url 指明地址: %w", s.url, err)}
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusBadRequest {
		var p struct{ Title, Detail, Code string }
		_ = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&p)
		return resp.StatusCode, &exitError{exitFinding, fmt.Errorf("%s %s [%d %s]", p.Title, p.Detail, resp.StatusCode, p.Code)}
	}
	if out == nil {
		return resp.StatusCode, nil
	}
	if file, ok := out.(*[]byte); ok {
		*file, err = io.ReadAll(resp.Body)
		return resp.StatusCode, err
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return resp.StatusCode, fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return resp.StatusCode, nil
}
