package intake_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/intake"
)

type bus struct {
	err  error
	sent []*message.Message
}

func (b *bus) Publish(_ string, messages ...*message.Message) error {
	if b.err != nil {
		return b.err
	}
	b.sent = append(b.sent, messages...)
	return nil
}

type store map[hub.ReceiptID]bool

func (s store) FindReceipts(_ context.Context, _ []hub.ReceiptID) (map[hub.ReceiptID]bool, error) {
	if s == nil {
		return nil, errors.New("database is away")
	}
	return s, nil
}

func start() (*bus, *time.Time, *intake.Intake) {
	b := &bus{}
	now := time.Date(2026, 11, 23, 9, 8, 0, 0, time.UTC)
	clock := hub.ClockFunc(func() time.Time { return now })
	return b, &now, intake.New(b, store(nil), []byte("key"), "BY", clock)
}

func cold(id string) hub.Submission {
	return hub.Submission{
		Channel: "qr", ExternalID: id,
		Content: hub.Content{Text: "家里暖气不热，只有12度"},
	}
}

func accept(t *testing.T, i *intake.Intake, subs ...hub.Submission) []hub.Acceptance {
	t.Helper()
	got, err := i.Accept(t.Context(), subs)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAcceptNumbersAndPublishes(t *testing.T) {
	b, now, i := start()
	got := accept(t, i, cold("1"))[0]
	if !regexp.MustCompile(`^r_[a-z2-7]{26}$`).MatchString(string(got.Receipt)) {
		t.Errorf("receipt %q", got.Receipt)
	}
	if !regexp.MustCompile(`^BY[0-9A-HJKMNP-TV-Z]{12}$`).MatchString(string(got.Case)) {
		t.Errorf("case %q", got.Case)
	}
	if len(b.sent) != 1 || b.sent[0].Metadata.Get("key") != "qr/1" {
		t.Fatalf("sent %v", b.sent)
	}
	var s hub.Submission
	if err := json.Unmarshal(b.sent[0].Payload, &s); err != nil {
		t.Fatal(err)
	}
	if s.Case != got.Case || s.Receipt != got.Receipt || !s.ReceivedAt.Equal(*now) || s.Title == "" {
		t.Errorf("published %+v", s)
	}
}

func TestAcceptAgainIsADuplicate(t *testing.T) {
	b, _, i := start()
	got := accept(t, i, cold("1"), cold("1"), cold("2"))
	again := accept(t, i, cold("1"))[0]
	if got[0].Duplicate || !got[1].Duplicate || got[2].Duplicate || !again.Duplicate {
		t.Errorf("duplicates %+v, then %+v", got, again)
	}
	if again.Receipt != got[0].Receipt || len(b.sent) != 2 {
		t.Errorf("receipt changed or %d messages", len(b.sent))
	}
}

func TestAcceptAsksTheStore(t *testing.T) {
	b, _, first := start()
	got := accept(t, first, cold("1"))[0]
	other := intake.New(b, store{got.Receipt: true}, []byte("key"), "BY", hub.ClockFunc(time.Now))
	if again := accept(t, other, cold("1"))[0]; !again.Duplicate || again.Case != got.Case {
		t.Errorf("another node answered %+v, want duplicate of %+v", again, got)
	}
}

func TestAcceptPublishesAgainAfterAnError(t *testing.T) {
	b, _, i := start()
	b.err = errors.New("broker is away")
	if _, err := i.Accept(t.Context(), []hub.Submission{cold("1")}); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Fatalf("error %v, want unavailable", err)
	}
	b.err = nil
	if got := accept(t, i, cold("1"))[0]; got.Duplicate || len(b.sent) != 1 {
		t.Errorf("after the broker came back: %+v, %d messages", got, len(b.sent))
	}
}

func TestAcceptRefusesOnlyTheWrongOnes(t *testing.T) {
	b, _, i := start()
	bad := map[string]hub.Submission{
		"submission.empty":          {Channel: "qr", Content: hub.Content{Text: " \n"}},
		"submission.nul":            {Channel: "qr", Content: hub.Content{Text: "暖气\x00不热"}},
		"submission.not_utf8":       {Channel: "qr", Content: hub.Content{Text: "\xc5\xc5"}},
		"submission.too_long":       {Channel: "qr", Content: hub.Content{Text: strings.Repeat("冷", intake.MaxText/3+1)}},
		"submission.id_too_long":    cold(strings.Repeat("x", 201)),
		"submission.channel":        {Content: hub.Content{Text: "x"}},
		"submission.field_too_long": {Channel: "qr", Content: hub.Content{Text: "x", PlaceText: strings.Repeat("x", 5000)}},
	}
	for key, s := range bad {
		got := accept(t, i, s, cold("good "+key))
		e, ok := errors.AsType[*hub.Error](got[0].Err)
		if !ok || e.Key != key || got[1].Err != nil {
			t.Errorf("%s: got %v, neighbour %v", key, got[0].Err, got[1].Err)
		}
	}
	if len(b.sent) != len(bad) {
		t.Errorf("%d messages, want %d", len(b.sent), len(bad))
	}
}

func TestAcceptWithoutExternalID(t *testing.T) {
	_, now, i := start()
	first := accept(t, i, cold(""))[0]
	*now = now.Add(3 * time.Minute) // into the next ten minutes
	if again := accept(t, i, cold(""))[0]; !again.Duplicate || again.Case != first.Case {
		t.Errorf("three minutes later %+v, want duplicate of %+v", again, first)
	}
	*now = now.Add(time.Hour)
	if later := accept(t, i, cold(""))[0]; later.Duplicate {
		t.Errorf("an hour later %+v, want a new case", later)
	}
}
