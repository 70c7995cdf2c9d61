package daily

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
)

// A Row (共享数据) is one case as others outside the service see it: no citizen's
// name, number or words beyond the masked title.
type Row struct {
	ID       hub.CaseID         `json:"id"`
	Channel  hub.ChannelCode    `json:"channel"`
	Category string             `json:"category"`
	Kind     hub.Kind           `json:"kind"`
	Urgency  hub.Urgency        `json:"urgency"`
	Topic    string             `json:"topic"`
	Place    hub.PlaceCode      `json:"place"`
	Status   hub.Status         `json:"status"`
	Lead     hub.DepartmentCode `json:"lead"`
	Title    string             `json:"title"`
	OpenedAt time.Time          `json:"opened_at"`
	ClosedAt time.Time          `json:"closed_at,omitzero"`
}

// A Share (数据共享) writes a day's cases for one receiver.
type Share struct {
	Name   string
	Dir    string // must exist, so that a folder that is not mounted is noticed
	Format string // csv or jsonl
	// Rows calls each for every case that was opened or closed from from to
	// to, in the order of their opening.
	Rows func(ctx context.Context, from, to time.Time, each func(Row) error) error
}

// Validate says the first thing that is wrong.
func (s Share) Validate() error {
	if s.Name == "" || !filepath.IsAbs(s.Dir) || (s.Format != "csv" && s.Format != "jsonl") {
		return hub.Errorf(hub.CodeInvalid, "daily.share", s.Name)
	}
	return nil
}

// Do writes the files of the day before at: the cases and, last, the checksum
// that says that the day is complete. A day that is complete is left alone.
func (s Share) Do(ctx context.Context, at time.Time) error {
	y, m, d := at.In(hub.China()).Date()
	to := time.Date(y, m, d, 0, 0, 0, 0, hub.China())
	from := to.AddDate(0, 0, -1)
	name := "cases-" + day(from) + "." + s.Format
	if _, err := os.Stat(filepath.Join(s.Dir, name+".sha256")); err == nil {
		return nil
	}
	sum, n, err := s.write(ctx, name, from, to)
	if err != nil {
		return wrap(err, "share %s with %s", name, s.Name)
	}
	line := fmt.Sprintf("%s  %s\n", sum, name)
	if _, err := put(s.Dir, name+".rows", strings.NewReader(fmt.Sprintf("%d\n", n))); err != nil {
		return wrap(err, "share %s with %s", name, s.Name)
	}
	_, err = put(s.Dir, name+".sha256", strings.NewReader(line))
	return wrap(err, "share %s with %s", name, s.Name)
}

func (s Share) write(ctx context.Context, name string, from, to time.Time) (sum string, n int, err error) {
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		buf := bufio.NewWriter(w)
		var err error
		if n, err = s.encode(ctx, buf, from, to); err == nil {
			err = buf.Flush()
		}
		_ = w.CloseWithError(err)
		done <- err
	}()
	sum, err = put(s.Dir, name, r)
	_ = r.CloseWithError(errors.New("the file could not be written"))
	return sum, n, errors.Join(<-done, err)
}

func (s Share) encode(ctx context.Context, w io.Writer, from, to time.Time) (n int, err error) {
	write := jsonLine(w)
	if s.Format == "csv" {
		if write, err = csvLine(w); err != nil {
			return 0, err
		}
	}
	err = s.Rows(ctx, from, to, func(r Row) error {
		n++
		r.Title = mask.Text(r.Title)
		return write(r)
	})
	return n, err
}

func jsonLine(w io.Writer) func(Row) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return func(r Row) error { return enc.Encode(r) }
}

// csvLine writes CSV as Excel reads it: with a byte order mark, and no cell that
// Excel would take for a formula.
func csvLine(w io.Writer) (func(Row) error, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	c := csv.NewWriter(w)
	head := []string{"事项编号", "渠道", "类别", "类型", "紧急", "专题", "地点", "状态", "牵头部门", "标题", "收件时间", "办结时间"}
	if err := c.Write(head); err != nil {
		return nil, err
	}
	return func(r Row) error {
		cells := []string{
			string(r.ID), string(r.Channel), r.Category, string(r.Kind), string(r.Urgency), r.Topic, string(r.Place),
			string(r.Status), string(r.Lead), r.Title, stamp(r.OpenedAt), stamp(r.ClosedAt),
		}
		for i, v := range cells {
			if v != "" && strings.ContainsRune("=+-@\t\r", rune(v[0])) {
				cells[i] = "'" + v
			}
		}
		if err := c.Write(cells); err != nil {
			return err
		}
		c.Flush()
		return c.Error()
	}, nil
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(hub.China()).Format("2006-01-02 15:04:05")
}

// put writes a file under another name, to disk, and renames it; it returns its
// checksum.
func put(dir, name string, r io.Reader) (string, error) {
	tmp, err := os.CreateTemp(dir, ".tmp-*")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(tmp, sum), r)
	err = errors.Join(err, tmp.Chmod(0o640), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, name))
	}
	return hex.EncodeToString(sum.Sum(nil)), err
}
