package adapters_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

func TestLoadChannelsRefusesMistakes(t *testing.T) {
	for want, text := range map[string]string{
		"unknown field": "code: a\nname: b\nkind: c\ncolour: red\n",
		"code":          "code: A B\nname: b\nkind: c\n",
		"kind":          "code: a\nname: b\n",
		"name":          "code: a\nkind: c\n",
		"decode":        "code: [\n",
	} {
		_, err := adapters.LoadChannels(fstest.MapFS{"x.yaml": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "channels/x.yaml") {
			t.Errorf("%q: error %v, want one about %q with the file's name", text, err, want)
		}
	}
}

func TestSecret(t *testing.T) {
	env := func(name string) string { return map[string]string{"SET": "from env"}[name] }
	for _, c := range []struct {
		secret adapters.Secret
		demo   bool
		want   string
	}{
		{"${SET:-x}", false, "from env"}, {"${UNSET:-x}", true, "x"}, {"${UNSET:-x}", false, ""}, {"plain", false, "plain"},
	} {
		got, err := c.secret.Reveal(adapters.Deps{Getenv: env, Demo: c.demo})
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s demo=%v: %q, %v", string(c.secret), c.demo, got, err)
		}
	}
	if got := fmt.Sprintf("%v %+v %#v %s", adapters.Secret("a"), adapters.Secret("a"), adapters.Secret("a"), adapters.Secret("a")); strings.Contains(got, "a") {
		t.Errorf("a secret printed as %s", got)
	}
}

func TestToUTF8IsExactOrRefuses(t *testing.T) {
	const text = "大水䃎村𠮷暖气"
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"", "GB18030", "gbk"} {
		if got, err := adapters.ToUTF8(gb, label); err != nil || string(got) != text {
			t.Errorf("label %q: %q, %v", label, got, err)
		}
	}
	for label, data := range map[string]string{"gb18030": "\xff\xfe", "utf-8": "\xc5\xc5", "big5": "x", "": "ok\xff"} {
		if got, err := adapters.ToUTF8([]byte(data), label); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("label %q: %q, %v, want it refused", label, got, err)
		}
	}
}

func TestReadRecordsReadsTheSameFromEveryFormat(t *testing.T) {
	want := map[string]string{"留言编号": "7", "留言详情": "停水,三天"}
	sheet := excelize.NewFile()
	for cell, v := range map[string]string{"A1": "留言编号", "B1": "留言详情", "A2": "7", "B2": "停水,三天"} {
		if err := sheet.SetCellStr("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	var xlsx bytes.Buffer
	if err := sheet.Write(&xlsx); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"a.xlsx":  xlsx.String(),
		"a.csv":   "\ufeff留言编号,留言详情\n7,\"停水,三天\"\n\n",
		"a.jsonl": "{\"留言编号\":7,\"留言详情\":\"停水,三天\"}\n\n",
		"a.json":  `[{"留言编号":"7","留言详情":"停水,三天","空":null}]`,
		"a.xml":   "<单><头><留言编号>7</留言编号></头>\n<留言详情>停水,三天</留言详情></单>",
	} {
		recs, err := adapters.ReadRecords(strings.NewReader(data), name, "")
		if err != nil || len(recs) != 1 || !maps.Equal(recs[0].Fields, want) || len(recs[0].Raw) == 0 {
			t.Errorf("%s: %+v, %v", name, recs, err)
		}
	}
}

func TestMappingValidate(t *testing.T) {
	for want, fields := range map[string]map[string]string{
		"colour": {"colour": "颜色", "text": "内容"}, "at least": {"name": "姓名"},
	} {
		if err := (adapters.Mapping{Fields: fields}).Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", fields, err)
		}
	}
}

func TestFolderKeepsWhatCannotBeTakenNow(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	path := filepath.Join(dir, "a.csv")
	if err := adapters.WriteFile(path, []byte("x")); err != nil {
		t.Fatal(err)
	}
	var answer error
	calls := 0
	f := adapters.Folder{
		Path: dir, Settle: time.Minute, Clock: hub.ClockFunc(func() time.Time { return now }),
		Handle: func(context.Context, string, []byte) error { calls++; return answer },
	}
	if err := f.Scan(t.Context()); err != nil || calls != 0 {
		t.Fatalf("a file still being written: %v, %d calls", err, calls)
	}
	now, answer = now.Add(time.Hour), hub.Errorf(hub.CodeUnavailable, "intake.unavailable")
	if err := f.Scan(t.Context()); !errors.Is(err, answer) || calls != 1 {
		t.Fatalf("intake away: %v, %d calls", err, calls)
	}
	answer = nil
	if err := f.Scan(t.Context()); err != nil || calls != 2 {
		t.Fatalf("intake back: %v, %d calls", err, calls)
	}
	if _, err := os.Stat(filepath.Join(dir, "processed", "a.csv")); err != nil {
		t.Error(err)
	}
}

func TestSentenceKeepsOurFaultsInside(t *testing.T) {
	err := fmt.Errorf("query: %w", errors.New("password=1"))
	if got := adapters.Sentence(err); strings.Contains(got, "password") || adapters.StatusOf(err) != 500 {
		t.Errorf("said %q, %d", got, adapters.StatusOf(err))
	}
}
