package all_test

import (
	"os"
	"testing"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/all"
)

func TestEveryChannelOfTheDemoCityOpens(t *testing.T) {
	channels, err := adapters.LoadChannels(os.DirFS("../../configs/baiyin/channels"))
	if err != nil {
		t.Fatal(err)
	}
	if len(channels) < 5 {
		t.Fatalf("%d channels, want 5", len(channels))
	}
	nothing := func(string) string { return "" }
	for _, c := range channels {
		if _, err := all.Registry().New(c, &adaptertest.Intake{}, adapters.Deps{Demo: true, Getenv: nothing}); err != nil {
			t.Errorf("demo: %v", err)
		}
		_, err := all.Registry().New(c, &adaptertest.Intake{}, adapters.Deps{Getenv: nothing})
		if (err == nil) != (c.Kind == "qr") {
			t.Errorf("%s without its secret, not a demo: error %v", c.Code, err)
		}
	}
}
