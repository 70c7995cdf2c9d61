package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/cmd/mashang/bench"
	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
)

// intakeBench is what "bench intake" measures: at the pace of the bar, and all
// at once.
type intakeBench struct {
	Kafka string             `json:"kafka"`
	Paced bench.IntakeReport `json:"paced"`
	Burst bench.IntakeReport `json:"burst"`
	OK    bool               `json:"ok"`
}

func newBenchIntake(s *settings) *cobra.Command {
	var n int
	var over time.Duration
	var brokers, dsn string
	c := &cobra.Command{
		Use: "intake", Short: "收件：10 秒 2,000 件，都答 202 或 503，重发后每件正好一案", Args: cobra.NoArgs,
		Example: "  mashang bench intake -o json\n  mashang bench intake --submissions 2000 --over 10s --kafka 127.0.0.1:9092",
		RunE: func(cmd *cobra.Command, _ []string) error {
			rep, err := s.benchIntake(cmd.Context(), n, over, brokers, dsn)
			if err != nil {
				return err
			}
			if err := s.print(rep, func(w io.Writer) {
				for name, r := range map[string]bench.IntakeReport{"均匀": rep.Paced, "同时": rep.Burst} {
					_, _ = fmt.Fprintf(w, "%s %d 件：202 %d，503 %d，其他 %d；p50 %.1f ms，p99 %.1f ms（只写总线 p99 %.1f ms）；重发 %d；立案 %d，丢 %d，重 %d\n",
						name, r.Submissions, r.Accepted, r.Unavailable, r.Other, r.P50, r.P99, r.FloorP99, r.Retries, r.Cases, r.Lost, r.Duplicated)
				}
			}); err != nil {
				return err
			}
			if !rep.OK {
				return &exitError{exitFinding, fmt.Errorf("没有达到要求")}
			}
			return nil
		},
	}
	c.Flags().IntVar(&n, "submissions", 2000, "来件数")
	c.Flags().DurationVar(&over, "over", 10*time.Second, "多长时间内发完")
	c.Flags().StringVar(&brokers, "kafka", "", "Kafka 地址；不填则用内置的")
	c.Flags().StringVar(&dsn, "postgres", "", "PostgreSQL 连接串；不填则自己启动一个")
	return c
}

func (s *settings) benchIntake(ctx context.Context, n int, over time.Duration, brokers, dsn string) (rep intakeBench, err error) {
	dir, err := os.MkdirTemp("", "mashang-bench-")
	if err != nil {
		return rep, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil {
		return rep, err
	}
	binary, err := thisProgram()
	if err != nil {
		return rep, err
	}
	o := app.Options{Data: dir, Listen: "127.0.0.1:0", City: configs.Baiyin(), Postgres: dsn, Demo: true, Binary: binary}
	if rep.Kafka = "embedded"; brokers != "" {
		o.Kafka, rep.Kafka = strings.Split(brokers, ","), "external"
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready, ended := make(chan app.Ready, 1), make(chan error, 1)
	go func() {
		ended <- app.New(o, slog.New(slog.DiscardHandler)).Run(ctx, func(r app.Ready) { ready <- r })
	}()
	select {
	case err := <-ended:
		return rep, err
	case r := <-ready:
		rep.Paced, rep.Burst, err = s.intakeRounds(ctx, r, n, over)
	}
	cancel()
	if stopped := <-ended; err == nil {
		err = stopped
	}
	rep.OK = rep.Paced.OK && rep.Burst.OK
	return rep, err
}

// intakeRounds sends n submissions evenly and then n at once.
func (s *settings) intakeRounds(ctx context.Context, r app.Ready, n int, over time.Duration) (paced, burst bench.IntakeReport, err error) {
	pub, err := kafka.NewPublisher([]string{r.Kafka}, slog.New(slog.DiscardHandler))
	if err != nil {
		return paced, burst, err
	}
	defer func() { _ = pub.Close() }()
	here := *s
	here.url = r.URL
	sender, err := newSender(&here, "", "kuaiban")
	if err != nil {
		return paced, burst, err
	}
	c := bench.IntakeConfig{
		URL: r.URL + "/in/kuaiban", Submissions: n, Over: over, Senders: 200,
		Progress: func(format string, args ...any) { _, _ = fmt.Fprintf(s.errOut, format+"\n", args...) },
		Sign:     sender.signer.Sign,
		Count: func(ctx context.Context) (int, error) {
			var list caseList
			_, err := here.call(ctx, http.MethodGet, "/api/v1/cases?limit=1&channel=kuaiban", "", nil, &list)
			return list.Total, err
		},
		Publish: func(_ context.Context, size int) error {
			m := message.NewMessage(rand.Text(), make([]byte, size))
			m.Metadata.Set(bus.MetaKey, rand.Text())
			return pub.Publish(bus.Notices, m)
		},
	}
	c.Body = numbered("p-" + rand.Text()[:6])
	if paced, err = bench.Intake(ctx, c); err != nil {
		return paced, burst, err
	}
	c.Body, c.Over, c.Senders = numbered("b-"+rand.Text()[:6]), 0, 500
	burst, err = bench.Intake(ctx, c)
	return paced, burst, err
}

func numbered(prefix string) func(int) []byte {
	return func(n int) []byte {
		text, _ := json.Marshal(map[string]any{ // plain values
			"id": fmt.Sprintf("%s-%05d", prefix, n), "title": "暖气不热", "text": fmt.Sprintf("第 %d 户家里暖气不热，室温只有十四度，老人孩子受不了，请尽快处理。", n),
			"place": "620402001002", "user": map[string]any{"id": fmt.Sprint("u", n), "name": "王芳", "phone": "13900001111"},
		})
		return text
	}
}
