package hub

import (
	"bytes"
	stdjson "encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"
)

// What is read at once is what the library reads, for whatever a channel may
// have handed in; all but attachments and characters written as two halves is
// read at once.
func TestASubmissionReadAtOnceIsTheLibrarys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawn[Submission]().Draw(t, "submission")
		text, err := stdjson.Marshal(s) // as intake does
		if err != nil {
			t.Fatal(err)
		}
		var got, want Submission
		if !got.ReadJSON(text) {
			if len(s.Attachments) == 0 && !bytes.Contains(text, []byte(`\ud`)) {
				t.Fatalf("left to the library: %s", text)
			}
			return
		}
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatalf("read %s, which the library refuses: %v", text, err)
		}
		alike(t, got, want)
	})
}

// The same of a case, which every change reads; all but one that asks for more
// time is read at once.
func TestACaseReadAtOnceIsTheLibrarys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawn[Case]().Draw(t, "case")
		text, err := c.AppendJSON(nil)
		if err != nil {
			t.Skip("it has no JSON")
		}
		var got, want Case
		err = stdjson.Unmarshal(text, &want)
		if !got.ReadJSON(text) {
			if c.Asked == nil && err == nil {
				t.Fatalf("left to the library: %s", text)
			}
			return
		}
		if err != nil {
			t.Fatalf("read %s, which the library refuses: %v", text, err)
		}
		sameCase(t, got, want)
	})
}

// sameCase compares cases by what is written of them: times that are equal may
// differ in memory.
func sameCase(t interface{ Errorf(string, ...any) }, got, want Case) {
	a, _ := stdjson.Marshal(got)
	b, _ := stdjson.Marshal(want)
	if !bytes.Equal(a, b) {
		t.Errorf("got  %s\nwant %s", a, b)
	}
}

func TestAnyOtherFormOfACaseIsLeftToTheLibrary(t *testing.T) {
	for _, text := range []string{
		``, `null`, `{"id":"a"`, `{"version":1,"id":"a"}`, `{"version":01}`, `{"version":-0}`, `{"version":+1}`, `{"version":1.5}`,
		`{"version":"1"}`, `{"version":}`, `{"version":9223372036854775808}`, `{"tried":[]}`, `{"tried":["a",]}`, `{"tried":[,"a"]}`,
		`{"tried":["a"}`, `{"tried":"a"}`, `{"deadlines":[{}`, `{"deadlines":[{"kind":"close","budget":"1x"}]}`, `{"asked":{"reason":"a"}}`,
		`{"supervised":false}`, `{"class":{"tags":["a"],"grade":"b"}}`, `{"epoch":1,"new":1}`,
	} {
		var c Case
		if c.ReadJSON([]byte(text)) {
			t.Errorf("read %q as %+v", text, c)
		}
	}
}

func FuzzReadCase(f *testing.F) {
	f.Add([]byte(`{"id":"a","version":2,"class":{"tags":["x"]},"assignments":[{"department":"b"}],"deadlines":[{"kind":"close","budget":"2h","start":"2026-11-23T09:00:00Z","pauses":[{}],"epoch":-3}],"tried":["c","d"],"orders":[{"id":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var got, want Case
		if !got.ReadJSON(text) {
			return
		}
		if err := stdjson.Unmarshal(text, &want); err != nil {
			t.Fatalf("read %q, which the library refuses: %v", text, err)
		}
		sameCase(t, got, want)
	})
}

func alike(t interface{ Errorf(string, ...any) }, got, want Submission) {
	if !got.SubmittedAt.Equal(want.SubmittedAt) || !got.ReceivedAt.Equal(want.ReceivedAt) {
		t.Errorf("at %v and %v, want %v and %v", got.SubmittedAt, got.ReceivedAt, want.SubmittedAt, want.ReceivedAt)
	}
	got.SubmittedAt, got.ReceivedAt = want.SubmittedAt, want.ReceivedAt
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAnyOtherFormIsLeftToTheLibrary(t *testing.T) {
	for _, text := range []string{
		``, `{`, `{}x`, `null`, `{"title":"a"`, `{"title":"a" }`, ` {"title":"a"}`, `{"text":"b","title":"a"}`,
		`{"title":"a","title":"b"}`, `{"title":1}`, `{"title":null}`, `{"title":"a\q"}`, `{"title":"a\`, `{"title":"\u12"}`,
		`{"title":"\ud83d\ude00"}`, `{"title":"\u_123"}`, "{\"title\":\"a\nb\"}", "{\"title\":\"a\xff\"}", `{"title":"a","new":1}`,
		`{"heuristic":false}`, `{"submitted_at":"yesterday"}`, `{"raw":"a"}`, `{"raw":"YQ==YQ=="}`,
		`{"title":"a","text":"b","extra":{"k":"v","k":"w"}}`, `{"extra":{"k":1}}`, `{"extra":{,"k":"v"}}`, `{"attachments":[]}`,
	} {
		var s Submission
		if s.ReadJSON([]byte(text)) {
			t.Errorf("read %q as %+v", text, s)
		}
	}
}

func TestEscapesAreReadAtOnce(t *testing.T) {
	var s Submission
	text := `{"title":"一\n二\"\\\/\b\f\r\t\u003c\u4e09","text":"","extra":{"k":"\u0041","":""}}`
	if !s.ReadJSON([]byte(text)) || s.Title != "一\n二\"\\/\b\f\r\t<三" || s.Extra["k"] != "A" || len(s.Extra) != 2 {
		t.Errorf("%+v", s)
	}
}

func FuzzReadSubmission(f *testing.F) {
	f.Add([]byte(`{"title":"暖气","text":"不热\n","reporter":{"phone":"1","anonymous":true},"extra":{"a":"b"},"submitted_at":"2026-11-23T09:00:00+08:00","raw":"YQ=="}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var got, want Submission
		if !got.ReadJSON(text) {
			return
		}
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatalf("read %q, which the library refuses: %v", text, err)
		}
		alike(t, got, want)
	})
}

func BenchmarkReadSubmission(b *testing.B) {
	s := Submission{Content: Content{Title: "反映暖气问题", Reporter: Reporter{Name: "张三", Phone: "19900000000"}}, Receipt: "r_1", Case: "BY1"}
	for range 30 {
		s.Text += "东东事反映情况请处理，"
	}
	s.Raw = []byte(s.Text)
	text, err := stdjson.Marshal(s)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("at once", func(b *testing.B) {
		for b.Loop() {
			var got Submission
			if !got.ReadJSON(text) {
				b.Fatal("left to the library")
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		for b.Loop() {
			var got Submission
			if err := json.Unmarshal(text, &got); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkReadCase(b *testing.B) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	c := Case{
		ID: "BY20261123000001", Version: 3, Status: StatusAssigned, Channel: "qr", ExternalID: "x1", Receipt: "r_1", Place: "620402001001",
		Class:       Class{Category: "城乡建设", Kind: "complaint", Urgency: "normal", Topic: "heating"},
		Assignments: []Assignment{{Department: "heating", Role: RoleLead, AssignedAt: at}},
		Deadlines:   []Deadline{{Kind: ClockClose, Budget: Budget{N: 5, Unit: WorkingDay}, Start: at, Due: at, WarnAt: at, Epoch: 1}},
		Round:       1, OpenedAt: at, Epoch: 1,
	}
	text, err := c.AppendJSON(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("at once", func(b *testing.B) {
		for b.Loop() {
			var got Case
			if !got.ReadJSON(text) {
				b.Fatal("left to the library")
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		for b.Loop() {
			var got Case
			if err := stdjson.Unmarshal(text, &got); err != nil {
				b.Fatal(err)
			}
		}
	})
}
