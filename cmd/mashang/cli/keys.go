package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/seal"
)

func newKeys(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "keys", Short: "个人信息的加密密钥：换新密钥、重新加密",
		Long: "密钥在数据目录的 keys 文件里（或 MASHANG_KEYS_FILE、MASHANG_KEYS），第一行加密，各行都能解密。\n" +
			"换密钥三步：keys add 加新密钥，重启码上，keys reseal 重新加密；确认无误后再删旧的那一行。密钥丢了，数据就读不出来。\n" +
			"重新加密之前，新旧密钥下的事项仍按同一个人查得到；只有考核里的重复诉求要等重新加密后才算得全。",
		Example: "  mashang keys add --data /var/lib/mashang\n  mashang keys reseal",
	}
	c.AddCommand(newKeysAdd(s), newKeysReseal(s))
	return c
}

func newKeysAdd(s *settings) *cobra.Command {
	var data, id string
	c := &cobra.Command{
		Use: "add", Short: "在密钥文件最前面加一把新密钥", Args: cobra.NoArgs,
		Example: "  mashang keys add --data /var/lib/mashang --id k2026b",
		RunE: func(*cobra.Command, []string) error {
			if id == "" {
				id = "k" + time.Now().Format("20060102")
			}
			name := os.Getenv("MASHANG_KEYS_FILE")
			if name == "" {
				name = filepath.Join(data, "keys")
			}
			old, err := os.ReadFile(name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("read the keys: %w", err)
			}
			text := seal.NewLine(id) + string(old)
			if _, err := seal.Parse(text); err != nil {
				return err
			}
			// Written beside and renamed: half a key file would lose data.
			if err := os.WriteFile(name+".new", []byte(text), 0o600); err != nil {
				return fmt.Errorf("write the keys: %w", err)
			}
			if err := os.Rename(name+".new", name); err != nil {
				return fmt.Errorf("write the keys: %w", err)
			}
			return s.print(map[string]string{"id": id, "file": name}, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "新密钥 %s 已加在 %s 最前面。重启码上后运行 mashang keys reseal。\n", id, name)
			})
		},
	}
	c.Flags().StringVar(&data, "data", defaultData(), "数据目录")
	c.Flags().StringVar(&id, "id", "", "新密钥的编号；不填用今天的日期")
	return c
}

func newKeysReseal(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "reseal", Short: "用当前密钥重新加密个人信息", Args: cobra.NoArgs, Example: "  mashang keys reseal -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var n api.Counted
			if err := s.post(cmd, "system/reseal", nil, &n); err != nil {
				return err
			}
			return s.print(n, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "重新加密了 %d 件。\n", n.Changed)
				if len(n.Unused) > 0 {
					_, _ = fmt.Fprintf(w, "密钥 %s 已不再加密任何内容，可以从各节点的密钥文件里删去。\n", strings.Join(n.Unused, "、"))
				}
			})
		},
	}
}
