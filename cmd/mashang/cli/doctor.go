package cli

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/doctor"
)

func newDoctor(s *settings) *cobra.Command {
	var f hubFlags
	var offline bool
	c := &cobra.Command{
		Use: "doctor", Short: "检查本机、城市目录、数据库、Kafka 和运行中的码上，并说明怎么办", Args: cobra.NoArgs,
		Long: "逐项检查启动码上需要的一切：数据目录、磁盘空间、端口、数据库的安全设置、Kafka、\n" +
			"城市目录、规则、今明两年的节假日、渠道口令，最后问运行中的码上是否就绪。什么都不改。\n" +
			"退出码：0 都好（可能有提醒），1 有必须处理的问题，3 连不上运行中的码上。",
		Example: "  mashang doctor\n  mashang doctor --offline --config /etc/mashang/baiyin --data /var/lib/mashang\n" +
			"  mashang doctor --postgres postgres://mashang@db/mashang --kafka k1:9092 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			setup, err := setupOf(f)
			if err != nil {
				return err
			}
			all := doctor.Look(cmd.Context(), setup)
			var unreachable error
			if !offline {
				var hub doctor.Finding
				hub, unreachable = s.running(cmd)
				all = append(all, hub)
			}
			if err := s.print(map[string]any{"findings": all}, func(w io.Writer) { write(w, all) }); err != nil {
				return err
			}
			return verdict(all, unreachable)
		},
	}
	f.add(c)
	c.Flags().BoolVar(&offline, "offline", false, "还没有启动时用：不问运行中的码上")
	return c
}

func setupOf(f hubFlags) (doctor.Setup, error) {
	secure, err := security(f.security)
	if err != nil {
		return doctor.Setup{}, &exitError{exitFinding, err}
	}
	setup := doctor.Setup{
		Data: f.data, Listen: f.listen, Security: secure, Postgres: f.postgres, City: cityFS(f.config),
		Getenv: os.Getenv, Now: time.Now(),
	}
	if f.kafka != "" {
		setup.Kafka = strings.Split(f.kafka, ",")
	}
	return setup, nil
}

// running asks the hub at --url.
func (s *settings) running(cmd *cobra.Command) (doctor.Finding, error) {
	_, err := s.call(cmd.Context(), http.MethodGet, "/readyz", "", nil, nil)
	if err != nil {
		return doctor.Finding{
			Name: "hub", Level: doctor.Bad, Detail: err.Error(),
			Remedy: "启动码上（mashang demo 或 mashang serve）；还没打算启动就加 --offline",
		}, err
	}
	return doctor.Finding{Name: "hub", OK: true, Level: doctor.OK, Detail: s.url + " 已就绪"}, nil
}

func write(w io.Writer, all []doctor.Finding) {
	marks := map[doctor.Level]string{doctor.OK: "✔", doctor.Warning: "!", doctor.Bad: "✘"}
	for _, f := range all {
		_, _ = fmt.Fprintf(w, "%s %s  %s\n", marks[f.Level], f.Name, f.Detail)
		if f.Remedy != "" {
			_, _ = fmt.Fprintf(w, "    怎么办：%s\n", f.Remedy)
		}
	}
}

// verdict turns findings into the exit code.
func verdict(all []doctor.Finding, unreachable error) error {
	if unreachable != nil {
		return unreachable
	}
	n := 0
	for _, f := range all {
		if !f.OK {
			n++
		}
	}
	if n > 0 {
		return &exitError{exitFinding, fmt.Errorf("有 %d 项必须处理", n)}
	}
	return nil
}
