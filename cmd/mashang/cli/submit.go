package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/all"
	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
)

// A batch is posted at once: intake takes it as one produce to the bus.
const batchLines = 500

func newSubmit(s *settings) *cobra.Command {
	var channel, config string
	c := &cobra.Command{
		Use: "submit FILE", Short: "把文件里的来件交给一个渠道", Args: cobra.ExactArgs(1),
		Example: "  mashang submit --channel netizen 留言.jsonl\n  mashang submit --channel hotline 工单.xml -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return &exitError{exitUsage, err}
			}
			defer func() { _ = f.Close() }()
			sender, err := newSender(s, config, hub.ChannelCode(channel))
			if err != nil {
				return err
			}
			t := &tally{}
			if filepath.Ext(args[0]) == ".jsonl" {
				err = sender.lines(cmd.Context(), f, t)
			} else {
				err = sender.whole(cmd.Context(), args[0], f, t)
			}
			if err != nil {
				return err
			}
			if err := s.print(t, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "收下 %d 件，重复 %d 件，未收 %d 件。\n", t.Accepted, t.Duplicate, t.Refused)
			}); err != nil {
				return err
			}
			if t.Refused > 0 {
				return &exitError{exitFinding, fmt.Errorf("有 %d 件未收，第一件的原因: %s", t.Refused, t.First)}
			}
			return nil
		},
	}
	c.Flags().StringVar(&channel, "channel", "", "渠道代码，如 qr、kuaiban、hotline、netizen、petition")
	c.Flags().StringVar(&config, "config", "", "城市目录；不填则用内置的白银市")
	_ = c.MarkFlagRequired("channel")
	return c
}

// mediaTypeOf knows the endings of the files that channels take, whatever the
// machine's own table has.
func mediaTypeOf(ext string) string {
	known := map[string]string{
		".csv": "text/csv", ".json": "application/json", ".xml": "application/xml",
		".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	}
	return cmp.Or(known[ext], mime.TypeByExtension(ext), "application/octet-stream")
}

// A tally counts what became of the submissions of a file.
type tally struct {
	Accepted  int    `json:"accepted"`
	Duplicate int    `json:"duplicate"`
	Refused   int    `json:"refused"`
	First     string `json:"first_refusal,omitempty"`
}

// An answer is intake's answer to one submission.
type answer struct {
	Tracking  string `json:"tracking"`
	Duplicate bool   `json:"duplicate"`
	Code      string `json:"code"`
	Detail    string `json:"detail"`
}

func (t *tally) add(a answer) {
	switch {
	case a.Tracking == "":
		t.Refused++
		if t.First == "" {
			t.First = a.Detail + " [" + a.Code + "]"
		}
	case a.Duplicate:
		t.Duplicate++
	default:
		t.Accepted++
	}
}

// A sender posts to one channel with the proof that the channel asks for.
type sender struct {
	*settings
	channel hub.ChannelCode
	signer  adapters.Signer // nil when the channel asks for none
}

// newSender reads the channel's configuration: the secret comes from the same
// environment variable as that of the hub, or is the demonstration's.
func newSender(s *settings, config string, channel hub.ChannelCode) (*sender, error) {
	c, err := city.Load(cityFS(config))
	if err != nil {
		return nil, fmt.Errorf("read the city's folder: %w", err)
	}
	configs, err := adapters.LoadChannels(c.Channels)
	if err != nil {
		return nil, fmt.Errorf("read the channels: %w", err)
	}
	codes := make([]string, 0, len(configs))
	for _, ch := range configs {
		if codes = append(codes, string(ch.Code)); ch.Code != channel {
			continue
		}
		a, err := all.Registry().New(ch, nil, adapters.Deps{Demo: true, Getenv: os.Getenv}.Complete())
		if err != nil {
			return nil, err
		}
		signer, _ := a.(adapters.Signer)
		return &sender{s, channel, signer}, nil
	}
	return nil, &exitError{exitUsage, fmt.Errorf("没有渠道 %q，只有 %s", channel, strings.Join(codes, "、"))}
}

func (s *sender) post(ctx context.Context, mediaType string, body []byte, out any) error {
	_, err := s.signed(ctx, http.MethodPost, "/in/"+string(s.channel), mediaType, bytes.NewReader(body), out,
		func(r *http.Request) error {
			if s.signer == nil {
				return nil
			}
			return s.signer.Sign(r, body)
		})
	return err
}

func (s *sender) lines(ctx context.Context, r io.Reader, t *tally) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 4<<20)
	var batch bytes.Buffer
	n := 0
	flush := func() error {
		if n == 0 {
			return nil
		}
		var out struct {
			Results []answer `json:"results"`
		}
		if err := s.post(ctx, "application/x-ndjson", batch.Bytes(), &out); err != nil {
			return err
		}
		for _, a := range out.Results {
			t.add(a)
		}
		batch, n = bytes.Buffer{}, 0
		_, _ = fmt.Fprintf(s.errOut, "已交 %d 件\n", t.Accepted+t.Duplicate+t.Refused)
		return nil
	}
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		batch.Write(lines.Bytes())
		batch.WriteByte('\n')
		if n++; n == batchLines {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read line %d: %w", t.Accepted+t.Duplicate+t.Refused+n+1, err)
	}
	return flush()
}

func (s *sender) whole(ctx context.Context, name string, r io.Reader, t *tally) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	mediaType := mediaTypeOf(filepath.Ext(name))
	var out struct {
		answer
		Results []answer `json:"results"`
	}
	if err := s.post(ctx, mediaType, body, &out); err != nil {
		return err
	}
	if len(out.Results) == 0 {
		out.Results = []answer{out.answer}
	}
	for _, a := range out.Results {
		t.add(a)
	}
	return nil
}
