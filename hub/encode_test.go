package hub

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestTheHandWrittenTypesAreComplete fails when a type has a field that
// encode.go does not write. Nothing is lost then, encoding/json writes it; but
// the hot path is slow until the field is added to encode.go and to shapes.
func TestTheHandWrittenTypesAreComplete(t *testing.T) {
	for typ, want := range shapes() {
		if got := shapeOf(typ); got != want {
			t.Errorf("%s has the fields\n%s\nbut hub/encode.go writes\n%s", typ, got, want)
		}
	}
}

func moment() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "zero") {
			return time.Time{}
		}
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		return at.In(rapid.SampledFrom([]*time.Location{time.UTC, time.FixedZone("", 8*3600)}).Draw(t, "zone"))
	})
}

// drawn makes values of a type with all that is in them.
func drawn[T any]() *rapid.Generator[T] {
	budget := rapid.Custom(func(t *rapid.T) Budget {
		return Budget{N: rapid.IntRange(0, 90).Draw(t, "n"), Unit: rapid.SampledFrom([]Unit{"", Hour, WorkingDay}).Draw(t, "unit")}
	})
	text := rapid.OneOf(rapid.Just(""), rapid.StringMatching("[a-z.]{1,8}"), rapid.String(),
		rapid.SampledFrom([]string{"暖气不热", "<b>&", "\u2028", "\u2029x", "a\xffb", "\xe2\x80", "\x7f", "\t\x00", `"\\`}))
	float := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 1), rapid.Float64())
	return rapid.MakeCustom[T](rapid.MakeConfig{
		Types: map[reflect.Type]*rapid.Generator[any]{
			reflect.TypeFor[time.Time](): moment().AsAny(), reflect.TypeFor[Budget](): budget.AsAny(),
		},
		Kinds: map[reflect.Kind]*rapid.Generator[any]{
			reflect.String: text.AsAny(), reflect.Float64: float.AsAny(),
		},
	})
}

func TestHandWrittenJSONIsThatOfTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		same(t, drawn[Case]().Draw(t, "case"), Case.AppendJSON)
		same(t, drawn[Alert]().Draw(t, "alert"), Alert.AppendJSON)
		same(t, drawn[Content]().Draw(t, "content"), Content.AppendJSON)
		same(t, drawn[Event]().Draw(t, "event"), func(e Event, dst []byte) ([]byte, error) {
			text, err := e.Encode()
			return e.AppendJSON(dst, text), err
		})
	})
}

// An event's text lies in what AppendText returns and nowhere else, however
// little room there was for it.
func TestAnEventsTextStaysWhereItWasAppended(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawn[Event]().Draw(t, "event")
		want, err := e.Encode()
		if err != nil {
			t.Skip("it has no JSON")
		}
		room := make([]byte, 0, rapid.IntRange(0, 300).Draw(t, "room"))
		all, got, err := e.AppendText(room)
		if err != nil {
			t.Fatal(err)
		}
		if cap(all) != cap(room) { // it moved: the room is somebody else's again
			clear(room[:cap(room)])
		}
		if string(got.By) != string(want.By) || string(got.Data) != string(want.Data) {
			t.Fatalf("got  %s %s\nwant %s %s", got.By, got.Data, want.By, want.Data)
		}
	})
}

func same[T any](t *rapid.T, v T, write func(T, []byte) ([]byte, error)) {
	want, errWant := json.Marshal(v)
	got, err := write(v, nil)
	if (err != nil) != (errWant != nil) {
		t.Fatalf("%+v: %v, want %v", v, err, errWant)
	}
	if err == nil && string(got) != string(want) {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}
