package cli

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/cmd/mashang/memory"
	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
)

// hubFlags are the flags of demo and serve.
type hubFlags struct {
	data, listen, kafka, postgres, config, public string

	security kafka.Security
	tls      app.TLS
}

func (f *hubFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.data, "data", defaultData(), "数据目录")
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "网页和接口的监听地址")
	c.Flags().StringVar(&f.kafka, "kafka", "", "Kafka 地址，逗号分隔；不填则用内置的")
	addSecurity(c, &f.security)
	c.Flags().StringVar(&f.postgres, "postgres", os.Getenv("MASHANG_POSTGRES"), "PostgreSQL 连接串；不填则自己启动一个")
	c.Flags().StringVar(&f.public, "public-url", os.Getenv("MASHANG_PUBLIC_URL"), "浏览器访问本系统的地址，如 https://ms.example.gov.cn；https 时会话只走 TLS")
	c.Flags().StringVar(&f.config, "config", "", "城市目录；不填则用内置的白银市")
	c.Flags().StringVar(&f.tls.Listen, "tls-listen", "", "另开一个 TLS 地址，如 0.0.0.0:8443；渠道用客户端证书（auth.type: mtls）时需要")
	c.Flags().StringVar(&f.tls.Cert, "tls-cert", "", "TLS 证书（PEM）；换了文件自动生效")
	c.Flags().StringVar(&f.tls.Key, "tls-key", "", "TLS 私钥（PEM）")
	c.Flags().StringVar(&f.tls.ClientCA, "tls-client-ca", "", "客户端证书的签发机构（PEM）")
}

func defaultData() string {
	if dir, err := os.UserHomeDir(); err == nil && dir != "" && dir != "/" {
		return filepath.Join(dir, ".mashang")
	}
	return filepath.Join(os.TempDir(), "mashang-data")
}

func (f *hubFlags) options(demo bool) (app.Options, error) {
	binary, err := thisProgram()
	if err != nil {
		return app.Options{}, err
	}
	o := app.Options{
		Data: f.data, Listen: f.listen, City: cityFS(f.config), CityDir: f.config, Postgres: f.postgres,
		Demo: demo, Binary: binary, Token: os.Getenv("MASHANG_TOKEN"), Public: f.public,
	}
	if o.TLS = f.tls; o.TLS.Check() != nil {
		return o, &exitError{exitUsage, o.TLS.Check()}
	}
	if f.kafka != "" {
		o.Kafka = strings.Split(f.kafka, ",")
	}
	if o.KafkaSecurity, err = security(f.security); err != nil {
		return o, &exitError{exitUsage, err}
	}
	return o, nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// addSecurity adds the flags that say how to connect to Kafka.
func addSecurity(c *cobra.Command, s *kafka.Security) {
	c.Flags().BoolVar(&s.TLS, "kafka-tls", false, "与 Kafka 加密连接，信任本机的证书机构")
	c.Flags().StringVar(&s.CA, "kafka-ca", "", "Kafka 证书机构的 PEM 文件")
	c.Flags().StringVar(&s.Cert, "kafka-cert", "", "本机证书的 PEM 文件（Kafka 要求双向认证时）")
	c.Flags().StringVar(&s.Key, "kafka-key", "", "本机私钥的 PEM 文件")
	c.Flags().StringVar(&s.User, "kafka-user", "", "Kafka 用户；口令放在环境变量 MASHANG_KAFKA_PASSWORD")
	c.Flags().StringVar(&s.Mechanism, "kafka-sasl", "", "登录方式：scram-sha-512（默认）、scram-sha-256、plain")
}

// security completes s with the password, which is not for the process list.
func security(s kafka.Security) (kafka.Security, error) {
	if s.User != "" {
		s.Password = kafka.Secret(os.Getenv("MASHANG_KAFKA_PASSWORD"))
	}
	return s, s.Validate()
}

func cityFS(dir string) fs.FS {
	if dir == "" {
		return configs.Baiyin()
	}
	return os.DirFS(dir)
}

func newDemo(s *settings) *cobra.Command {
	var f hubFlags
	c := &cobra.Command{
		Use: "demo", Short: "运行演示城市：自带消息总线、数据库和二百多件演示事项", Args: cobra.NoArgs,
		Example: "  mashang demo\n  mashang demo --data /var/lib/mashang --listen 127.0.0.1:8080 -o json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return s.runHub(cmd, f, true) },
	}
	f.add(c)
	return c
}

func newServe(s *settings) *cobra.Command {
	var f hubFlags
	c := &cobra.Command{
		Use: "serve", Short: "运行码上", Args: cobra.NoArgs,
		Example: "  mashang serve --config /etc/mashang/baiyin --data /var/lib/mashang\n" +
			"  mashang serve --kafka k1:9092,k2:9092 --postgres postgres://mashang@db/mashang\n" +
			"  MASHANG_KAFKA_PASSWORD=… mashang serve --kafka k1:9093 --kafka-ca ca.pem --kafka-user mashang",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if os.Getenv("MASHANG_TOKEN") == "" && f.postgres == "" && !exists(filepath.Join(f.data, "postgres")) {
				return &exitError{exitUsage, fmt.Errorf("还没有管理员：请先运行 mashang account init --data %s，或在环境变量 MASHANG_TOKEN 中设置系统令牌", f.data)}
			}
			return s.runHub(cmd, f, false)
		},
	}
	f.add(c)
	return c
}

func (s *settings) runHub(cmd *cobra.Command, f hubFlags, demo bool) error {
	opts, err := f.options(demo)
	if err != nil {
		return err
	}
	memory.Tune()
	log := slog.New(slog.NewTextHandler(s.errOut, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if !s.json() {
		_, _ = fmt.Fprintln(s.out, "正在启动码上，数据目录", opts.Data)
	}
	return app.New(opts, log).Run(cmd.Context(), func(r app.Ready) {
		if s.json() {
			_ = json.NewEncoder(s.out).Encode(r)
			return
		}
		_, _ = fmt.Fprintf(s.out, "码上已就绪\n  控制台    %s/\n  事项      %s/cases\n  市民扫码  %s/q/demo\n  Kafka     %s\n",
			r.URL, r.URL, r.URL, r.Kafka)
		if demo {
			_, _ = fmt.Fprintf(s.out, "演示账号（只在演示里有，密码都是 %s）\n  operator 分拨员、worker 供热经办人、head 供热负责人、cadre 社区干部、supervisor 督查室、leader 领导、deputy 人大代表、security 安全管理员\n  登录页    %s/login；本机不登录也能用全部功能\n",
				app.DemoPassword, r.URL)
		}
		_, _ = fmt.Fprintln(s.out, "按 Ctrl+C 停止。")
	})
}
