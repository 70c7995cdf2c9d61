package cli

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// productVersion is the version of the product; CHANGELOG.md tells what is in it.
const productVersion = "0.1.0"

func newVersion(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "显示版本", Args: cobra.NoArgs,
		Example: "  mashang version\n  mashang version -o json",
		RunE: func(*cobra.Command, []string) error {
			v := map[string]string{"version": productVersion}
			if info, ok := debug.ReadBuildInfo(); ok {
				v["go"] = info.GoVersion
				for _, kv := range info.Settings {
					if kv.Key == "vcs.revision" || kv.Key == "vcs.time" {
						v[kv.Key[len("vcs."):]] = kv.Value
					}
				}
			}
			return s.print(v, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "mashang %s %s %s\n", v["version"], v["go"], v["revision"])
			})
		},
	}
}
