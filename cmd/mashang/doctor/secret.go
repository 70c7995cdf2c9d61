package doctor

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// secrets looks for the environment variables that the city's files name.
func (s Setup) secrets() []Finding {
	unset, demo, named := map[string]string{}, map[string]string{}, 0
	err := fs.WalkDir(s.City, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".yaml" {
			return err
		}
		text, err := fs.ReadFile(s.City, name)
		if err != nil {
			return err
		}
		for variable, fallback := range variables(string(text)) {
			named++
			switch {
			case s.Getenv(variable) != "" || fallback == ":-": // without it something stays off
			case fallback != "":
				demo[variable] = name
			default:
				unset[variable] = name
			}
		}
		return nil
	})
	if err != nil {
		return []Finding{bad("secrets", sentence(err), "检查城市目录能不能读")}
	}
	var all []Finding
	if len(unset) > 0 {
		all = append(all, bad("secrets", "没有设置："+list(unset), "在启动码上的环境里设置这些变量"))
	}
	if len(demo) > 0 {
		all = append(all, warning("secrets", "只有演示用的值："+list(demo), "demo 可以不管；serve 之前必须在环境里设置这些变量"))
	}
	if len(all) == 0 {
		all = append(all, good("secrets", "城市目录用到的 %d 个环境变量都已设置", named))
	}
	return all
}

// variables finds ${NAME} and ${NAME:-value for the demonstration} outside
// comments, with what stands from the colon on. ${NAME:-} may be left unset;
// ${name} is a field of a template.
func variables(text string) map[string]string {
	found := map[string]string{}
	pattern := regexp.MustCompile(`\$\{([A-Z_][A-Z0-9_]*)(:-[^}]*)?\}`)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, m := range pattern.FindAllStringSubmatch(line, -1) {
			found[m[1]] = m[2]
		}
	}
	return found
}

func list(files map[string]string) string {
	var all []string
	for _, variable := range slices.Sorted(maps.Keys(files)) {
		all = append(all, fmt.Sprintf("%s（%s）", variable, files[variable]))
	}
	return strings.Join(all, "、")
}
