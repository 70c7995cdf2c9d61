package cli

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// arrived is an alert that a department's receiver took.
type arrived struct {
	At         time.Time          `json:"at"`
	ID         string             `json:"id"`
	Department hub.DepartmentCode `json:"department"`
	Event      hub.EventType      `json:"event"`
	Case       hub.CaseID         `json:"case"`
	Title      string             `json:"title,omitempty"`
}

// taken is what a receiver has had.
type taken struct {
	Received   int                        `json:"received"`
	Repeated   int                        `json:"repeated"` // an id that was there before
	Refused    int                        `json:"refused"`  // wrongly signed, or no alert
	Cases      int                        `json:"cases"`    // that were assigned to a lead department
	Department map[hub.DepartmentCode]int `json:"by_department"`
}

func newDeliveryReceive(s *settings) *cobra.Command {
	var listen, secret string
	var count int
	c := &cobra.Command{
		Use: "receive", Short: "在本机扮演部门的接收系统：验签、去重、计数", Args: cobra.NoArgs,
		Long: "演示和联调用，什么都不保存，结束时报总数。启动时给出一行 config，\n" +
			"写进城市文件夹的 departments/departments.yaml 里任何一个部门，推送就送到这里。",
		Example: "  mashang delivery receive\n  mashang delivery receive --secret whsec_bWFzaGFuZy1kZW1vLXNlY3JldC0yNGJ5 --count 3 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if secret == "" {
				key := make([]byte, 24)
				_, _ = rand.Read(key) // never fails
				secret = "whsec_" + base64.StdEncoding.EncodeToString(key)
			}
			check, err := standard.NewWebhook(secret)
			if err == nil { // as a department's configuration is checked
				err = webhook.Config{URL: "http://" + listen, Secret: webhook.Secret(secret)}.Validate()
			}
			if err != nil {
				return &exitError{exitUsage, fmt.Errorf("--secret 应为 whsec_ 加 24 到 64 字节的 Base64：%w", err)}
			}
			ln, err := openReceiver(cmd, listen)
			if err != nil {
				return err
			}
			s.progress("  config: {url: \"http://%s/\", secret: \"%s\", allow: [\"127.0.0.1/32\"]}\n等待推送（按 Ctrl-C 结束）", ln.Addr(), secret)
			return s.receiveAlerts(cmd.Context(), ln, check, count)
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:9312", "监听地址")
	c.Flags().StringVar(&secret, "secret", "", "签名密钥；不填则新造一个")
	c.Flags().IntVar(&count, "count", 0, "收到多少条就结束；0 为一直收")
	return c
}

// receiveAlerts prints each alert once until ctx ends or count are there, and
// then how many there were.
func (s *settings) receiveAlerts(ctx context.Context, ln net.Listener, check *standard.Webhook, count int) error {
	sum := taken{Department: map[hub.DepartmentCode]int{}}
	seen, cases := map[string]bool{}, map[hub.CaseID]bool{}
	err := receive(ctx, ln, func(w http.ResponseWriter, r *http.Request, body []byte) (bool, error) {
		var e webhook.Event
		if err := check.Verify(body, r.Header); err != nil {
			sum.Refused++
			w.WriteHeader(http.StatusUnauthorized)
			return false, nil
		}
		if err := json.Unmarshal(body, &e); err != nil || e.ID == "" {
			sum.Refused++
			w.WriteHeader(http.StatusBadRequest)
			return false, nil
		}
		if seen[e.ID] {
			sum.Repeated++
			return false, nil
		}
		seen[e.ID] = true
		sum.Received++
		sum.Department[e.Data.Department]++
		if e.Data.Event == hub.Assigned && e.Data.Role == hub.RoleLead {
			cases[e.Data.Case] = true
		}
		sum.Cases = len(cases)
		return sum.Received == count, s.printArrived(arrived{
			time.Now(), e.ID, e.Data.Department, e.Data.Event, e.Data.Case, e.Data.Content.Title,
		})
	})
	if err != nil {
		return err
	}
	return s.print(sum, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "共 %d 条，派给牵头部门的事项 %d 件；重复 %d 条，验签不过或读不懂 %d 条。\n", sum.Received, sum.Cases, sum.Repeated, sum.Refused)
	})
}

func (s *settings) printArrived(a arrived) error {
	return s.print(a, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s  %s  %s  %s  %s\n", a.At.Format("15:04:05"), glossary.In("department", string(a.Department)),
			glossary.Zh(string(a.Event)), a.Case, a.Title)
	})
}
