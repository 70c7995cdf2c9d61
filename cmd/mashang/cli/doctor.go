package cli

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"
)

// A finding is one thing that doctor looked at.
type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

func newDoctor(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "检查本机和运行中的码上是否正常", Args: cobra.NoArgs,
		Example: "  mashang doctor\n  mashang doctor --url http://127.0.0.1:8080 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			all := []finding{postgresFound()}
			_, errReady := s.call(cmd.Context(), http.MethodGet, "/readyz", "", nil, nil)
			f := finding{Name: "hub", OK: errReady == nil, Detail: s.url}
			if errReady != nil {
				f.Detail = errReady.Error()
			}
			all = append(all, f)
			err := s.print(map[string]any{"findings": all}, func(w io.Writer) {
				for _, f := range all {
					mark := map[bool]string{true: "✔", false: "✘"}[f.OK]
					_, _ = fmt.Fprintln(w, mark, f.Name, f.Detail)
				}
			})
			if err == nil && errReady != nil {
				return errReady
			}
			return err
		},
	}
}

func postgresFound() finding {
	f := finding{Name: "postgresql"}
	if path, err := exec.LookPath("initdb"); err == nil {
		f.OK, f.Detail = true, path
		return f
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		f.OK, f.Detail = true, found[len(found)-1]
		return f
	}
	f.Detail = "本机没有 PostgreSQL，首次启动时会下载；离线环境请先安装 postgresql"
	return f
}
