package city_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub"
)

func TestLoadBaiyin(t *testing.T) {
	c, err := city.Load(configs.Baiyin())
	if err != nil {
		t.Fatal(err)
	}
	if c.Code != "620400" || c.Name != "白银市" || c.Prefix != "BY" {
		t.Errorf("city %s %s %s", c.Code, c.Name, c.Prefix)
	}
	count := map[hub.PlaceLevel]int{}
	for _, p := range c.Places {
		count[p.Level]++
	}
	if count[hub.LevelCounty] != 5 || count[hub.LevelTownship] != 78 || count[hub.LevelVillage] != 860 {
		t.Errorf("places: %v", count)
	}
	if len(c.Ladder) != 7 || c.Ladder.Top() != 7 || c.Ladder[0].Wait != (hub.Budget{N: 30, Unit: hub.Minute}) {
		t.Errorf("ladder: %v", c.Ladder)
	}
	if len(c.Posts) != 860+78*3+5*2+1 {
		t.Errorf("%d posts", len(c.Posts))
	}
	if len(c.Departments) != 32 || string(c.Departments[0].Config) != `{"auto_sign":true}` {
		t.Errorf("%d departments, first config %s", len(c.Departments), c.Departments[0].Config)
	}
	if a := c.Allowances("petition"); a[1].Budget.String() != "60d" || a[1].Source == "" {
		t.Errorf("petition: %v", a)
	}
	if a := c.Allowances("unheard"); len(a) == 0 || a[0].Kind != hub.ClockSign {
		t.Errorf("default: %v", a)
	}
	steps := map[string]bool{}
	for _, d := range c.Demo {
		for _, s := range d.Life {
			steps[s.Name()] = true
		}
	}
	if len(c.Demo) < 240 || len(steps) < 18 {
		t.Errorf("%d invented cases with %d kinds of step", len(c.Demo), len(steps))
	}
	if !c.Calendar.Published(2026) {
		t.Error("2026 is not published")
	}
}

// One mistake in one file is named with its file.
func TestLoadRefuses(t *testing.T) {
	for _, v := range []struct{ file, old, new, want string }{
		{"mashang.yaml", "prefix:", "prefixes:", "mashang.yaml"},
		{"mashang.yaml", "budget: 60d", "budget: 60x", "budget.invalid"},
		{"mashang.yaml", "  default:", "  usual:", "policy.default is missing"},
		{"ladder.yaml", "rung: 3,", "rung: 9,", "rung 3 is missing"},
		{"ladder.yaml", "wait: 4h", "weight: 4h", "ladder.yaml"},
		{"departments/departments.yaml", "code: housing", "code: heating", "heating is listed twice"},
		{"places/places.tsv", "\n620402001\t620402\t", "\n620402001\t620499\t", "parent 620499"},
		{"places/places.tsv", "parent\tlevel", "level\tparent", "header"},
		{"people.csv", "county_head,6,620402", "county_head,6,620499", "not a place of level county"},
		{"people.csv", "county_head,6,620402", "county_head,six,620402", "people.csv:4: rung"},
		{"demo/cases.jsonl", `"sign"`, `"sing"`, "no step sing"},
		{"demo/cases.jsonl", `"after": [`, `"after": [1, `, "after needs one"},
		{"demo/cases.jsonl", `"hours_ago"`, `"hours"`, "unknown field"},
		{"departments/departments.yaml", "- code: gas\n", "- code: gas\n  notices: {groups: [{match: [colour=red], by: [place]}]}\n", "notices of gas"},
		{"departments/departments.yaml", "- code: gas\n", "- code: gas\n  notices: {groups: [{match: [event=assigned]}]}\n", "notice.group"},
		{"departments/departments.yaml", "- code: gas\n", "- code: gas\n  notices: {inhibits: [{source: [tag=x], target: [tag=y], for: soon}]}\n", "soon"},
		{"mashang.yaml", `digest: "08:30"`, `digest: "8"`, "daily.time"},
		{"mashang.yaml", "share: []", `share: [{name: x, dir: here, at: "02:00", format: csv}]`, "share with x"},
		{"mashang.yaml", "alarms: government", "alarms: nobody", "alarms"},
		{"mashang.yaml", "allow: []", "allow: [10.0.0.0/99]", "egress.allow"},
		{"calendar/2026.json", `"year": 2026`, `"year": 2025`, "another year"},
	} {
		bad := copyOf(t, configs.Baiyin())
		data := string(bad[v.file].Data)
		if !strings.Contains(data, v.old) {
			t.Fatalf("%s does not contain %q", v.file, v.old)
		}
		bad[v.file] = &fstest.MapFile{Data: []byte(strings.Replace(data, v.old, v.new, 1))}
		if _, err := city.Load(bad); err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s with %q: error %v, want %q", v.file, v.new, err, v.want)
		}
	}
}

func copyOf(t *testing.T, fsys fs.FS) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		out[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNoticesOfADepartment(t *testing.T) {
	own := copyOf(t, configs.Baiyin())
	const file = "departments/departments.yaml"
	policy := `- code: gas
  notices:
    groups:
      - {match: [event=assigned], by: [place], wait: 30s, interval: 5m}
    inhibits:
      - {source: [tag=停暖], target: [topic=heating], equal: [place], for: 6h}
`
	own[file] = &fstest.MapFile{Data: []byte(strings.Replace(string(own[file].Data), "- code: gas\n", policy, 1))}
	c, err := city.Load(own)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range c.Departments {
		if want := map[bool]int{true: 1}[d.Code == "gas"]; len(d.Notices.Groups) != want || len(d.Notices.Inhibits) != want {
			t.Errorf("%s: %+v", d.Code, d.Notices)
		}
	}
	if c.Digest == nil || c.Digest.Hour != 8 || c.Alarms != "government" || len(c.Shares) != 0 {
		t.Errorf("%+v, %s, %v", c.Digest, c.Alarms, c.Shares)
	}
}
