package bench

import (
	"os"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/all"
	"github.com/mashang-hub/mashang/plugins/sdk"
)

// TestMain makes the test binary a department's process when the hub of a
// benchmark starts it as "plugin KIND".
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "plugin" {
		dept, _ := all.Department(os.Args[2], hub.ClockFunc(time.Now), sdk.NewLogger(os.Stderr))
		sdk.Serve(dept)
		return
	}
	os.Exit(m.Run())
}

// A steady trickle arrives whole, also beside a receiver that takes and never
// answers, and the stages tell where its time went.
func TestWebhooksSayWhereTheTimeGoes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts databases and brokers")
	}
	res, err := Webhooks(t.Context(), WebhooksConfig{Alerts: 200, Binary: os.Args[0], Progress: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	if res.Lost != 0 || res.OutOfOrder != 0 || res.P50 <= 0 || res.P50Beside <= 0 {
		t.Errorf("%+v", res)
	}
	for _, name := range stageNames() {
		if res.Stages[name] <= 0 {
			t.Errorf("stage %s took nothing: %v", name, res.Stages)
		}
	}
}

// A process takes what it is handed, answers each alert, and after a kill soon
// serves again. The rates are for the machine that measures them.
func TestAPluginAnswersEachAlertAndComesBack(t *testing.T) {
	res, err := Plugins(t.Context(), PluginsConfig{Binary: os.Args[0], Each: 50 * time.Millisecond, Callers: 2, Progress: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	if res.Lost != 0 || res.Kills != pluginKills || res.PerS <= 0 || res.OneCaller <= 0 || res.SinglePerS <= 0 || res.Ratio <= 0 || res.AgainMS <= 0 {
		t.Errorf("%+v", res)
	}
}
