package cli

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/all"
	"github.com/mashang-hub/mashang/plugins/sdk"
)

func newPlugin(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "plugin KIND", Short: "以部门插件的身份运行（由码上自己启动）", Args: cobra.ExactArgs(1),
		Example: "  mashang plugin heating", ValidArgs: all.Kinds(), Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			log := slog.New(slog.NewJSONHandler(s.errOut, &slog.HandlerOptions{Level: slog.LevelWarn}))
			dept, ok := all.Department(args[0], hub.ClockFunc(time.Now), log)
			if !ok {
				return &exitError{exitUsage, fmt.Errorf("没有插件 %q，只有 %s", args[0], strings.Join(all.Kinds(), "、"))}
			}
			sdk.Serve(dept)
			return nil
		},
	}
}
