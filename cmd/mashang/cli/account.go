package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/glossary"
)

func newAccount(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "account", Short: "管理账号、角色和接口令牌",
		Long: "管理账号、角色和接口令牌。除 init 外都由运行中的码上执行：\n" +
			"在演示里本机直接可用；正式环境把安全管理员的接口令牌或系统令牌放在 MASHANG_TOKEN 里。",
		Example: "  mashang account add zhang --name 张敏 --role worker --department heating\n  mashang account list\n" +
			"  mashang account token zhang --days 30\n  mashang account disable zhang",
	}
	c.AddCommand(newAccountInit(s), newAccountAdd(s), newAccountList(s), newAccountToken(s), newAccountImport(s), newAccountDelegate(s),
		s.accountAct("disable", "停用账号，会话和令牌一并失效", "已停用"), s.accountAct("enable", "恢复账号", "已恢复"),
		s.accountAct("lock", "锁定账号 24 小时", "已锁定"), s.accountAct("unlock", "解锁账号", "已解锁"),
		newAccountPassword(s), newAccountRoles(s))
	return c
}

// post sends v as JSON.
func (s *settings) post(cmd *cobra.Command, path string, v, out any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	_, err = s.call(cmd.Context(), http.MethodPost, "/api/v1/"+path, "application/json", bytes.NewReader(body), out)
	return err
}

func newAccountInit(s *settings) *cobra.Command {
	var f hubFlags
	var name string
	c := &cobra.Command{
		Use: "init [账号]", Short: "建第一个安全管理员（码上没有运行时）", Args: cobra.MaximumNArgs(1),
		Example: "  mashang account init admin --data /var/lib/mashang\n  mashang account init --postgres postgres://mashang@db/mashang",
		RunE: func(cmd *cobra.Command, args []string) error {
			id := "admin"
			if len(args) > 0 {
				id = args[0]
			}
			opts, err := f.options(false)
			if err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(s.errOut, &slog.HandlerOptions{Level: slog.LevelWarn}))
			password, token, err := app.New(opts, log).Init(cmd.Context(), id, name)
			if err != nil {
				return err
			}
			return s.print(map[string]string{"id": id, "password": password, "token": token}, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "已建安全管理员 %s，以下只显示这一次。\n  初始密码 %s（登录后必须修改）\n  接口令牌 %s（一天内有效）\n", id, password, token)
				_, _ = fmt.Fprintf(w, "接着运行 mashang serve，再在另一个终端 export MASHANG_TOKEN=令牌，用 mashang account add 建其他账号。\n")
			})
		},
	}
	f.add(c)
	c.Flags().StringVar(&name, "name", "安全管理员", "姓名")
	return c
}

func newAccountAdd(s *settings) *cobra.Command {
	var req api.AccountRequest
	var roles, places, departments []string
	var rung int
	c := &cobra.Command{
		Use: "add 账号", Short: "新建或修改账号", Args: cobra.ExactArgs(1),
		Example: "  mashang account add zhang --name 张敏 --role worker --department heating\n" +
			"  mashang account add ma --name 马建国 --role cadre --rung 1 --place 620402001003\n" +
			"  mashang account add han --name 韩代表 --role deputy --place 620402 -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			req.ID = strings.ToLower(args[0])
			req.Grants = grantsOf(roles, places, departments, hub.Rung(rung))
			var saved api.AccountSaved
			if err := s.post(cmd, "accounts", req, &saved); err != nil {
				return err
			}
			return s.print(saved, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "账号 %s 已保存。\n", saved.ID)
				if saved.Password != "" {
					_, _ = fmt.Fprintf(w, "初始密码（只显示这一次）：%s\n", saved.Password)
				}
			})
		},
	}
	c.Flags().StringVar(&req.Name, "name", "", "姓名")
	c.Flags().StringVar((*string)(&req.Person), "person", "", "人员编号，与责任岗位名册一致")
	c.Flags().StringVar(&req.Phone, "phone", "", "电话，加密保存")
	c.Flags().StringVar(&req.Mail, "mail", "", "邮箱，加密保存，用于个人通知")
	c.Flags().StringVar(&req.Password, "password", "", "密码；不填就生成一个")
	c.Flags().StringVar(&req.Subject, "subject", "", "统一身份认证里的 发行方|编号")
	c.Flags().StringSliceVar(&roles, "role", nil, "角色，可多个；见 mashang account roles")
	c.Flags().StringSliceVar(&places, "place", nil, "地点代码，可多个；不填是全市")
	c.Flags().StringSliceVar(&departments, "department", nil, "部门代码，可多个")
	c.Flags().IntVar(&rung, "rung", 0, "干部所在的责任层级，1 到 7")
	_ = c.MarkFlagRequired("name")
	_ = c.MarkFlagRequired("role")
	return c
}

// grantsOf gives every role at every place and in every department.
func grantsOf(roles, places, departments []string, rung hub.Rung) []access.Grant {
	if len(places) == 0 {
		places = []string{""}
	}
	if len(departments) == 0 {
		departments = []string{""}
	}
	var out []access.Grant
	for _, r := range roles {
		for _, p := range places {
			for _, d := range departments {
				g := access.Grant{Role: access.Role(r), Place: hub.PlaceCode(p), Department: hub.DepartmentCode(d)}
				if g.Role == access.Cadre {
					g.Rung = rung
				}
				out = append(out, g)
			}
		}
	}
	return out
}

func newAccountList(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "列出账号", Args: cobra.NoArgs, Example: "  mashang account list\n  mashang account list -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(s, cmd, "/api/v1/accounts", func(w io.Writer, list api.AccountList) { writeAccounts(w, list.Accounts) })
		},
	}
}

func writeAccounts(w io.Writer, list []access.Account) {
	if len(list) == 0 {
		_, _ = fmt.Fprintln(w, "还没有账号。用 mashang account add 建第一个。")
		return
	}
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	for _, a := range list {
		var grants []string
		for _, g := range a.Grants {
			text := glossary.In("role", string(g.Role))
			if g.Department != "" {
				text += "@" + glossary.In("department", string(g.Department))
			}
			if g.Place != "" {
				text += "@" + string(g.Place)
			}
			if g.From != "" {
				text += "（受 " + g.From + " 委托至 " + g.Until.In(hub.China()).Format("2006-01-02") + "）"
			}
			grants = append(grants, text)
		}
		state := "正常"
		switch {
		case !a.DisabledAt.IsZero():
			state = "停用"
		case a.LockedUntil.After(time.Now()):
			state = "锁定"
		}
		_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", a.ID, a.Name, state, strings.Join(grants, "，"))
	}
	_ = tw.Flush()
}

func newAccountToken(s *settings) *cobra.Command {
	var req api.TokenRequest
	var revoke string
	var limits []string
	c := &cobra.Command{
		Use: "token 账号", Short: "给账号发一个接口令牌，或用 --revoke 作废一个", Args: cobra.MaximumNArgs(1),
		Example: "  mashang account token zhang --days 30 --name 对账程序\n  mashang account token zhang --limit cases.read\n" +
			"  mashang account token --revoke mst_ABCDEFGH",
		RunE: func(cmd *cobra.Command, args []string) error {
			if revoke != "" {
				var done api.Done
				if err := s.post(cmd, "tokens/"+url.PathEscape(revoke)+"/revoke", nil, &done); err != nil {
					return err
				}
				return s.print(done, func(w io.Writer) { _, _ = fmt.Fprintln(w, "令牌已作废。") })
			}
			if len(args) == 0 {
				return &exitError{exitUsage, fmt.Errorf("请写明账号，或用 --revoke 写明要作废的令牌")}
			}
			for _, l := range limits {
				req.Limits = append(req.Limits, access.Right(l))
			}
			var t api.TokenCreated
			if err := s.post(cmd, "accounts/"+url.PathEscape(args[0])+"/tokens", req, &t); err != nil {
				return err
			}
			return s.print(t, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "%s\n令牌全文只显示这一次，有效到 %s。用法：Authorization: Bearer 令牌\n", t.Token, t.Expires.In(hub.China()).Format("2006-01-02"))
			})
		},
	}
	c.Flags().StringVar(&req.Name, "name", "", "用途")
	c.Flags().IntVar(&req.Days, "days", 90, "有效多少天，最多 366")
	c.Flags().StringSliceVar(&limits, "limit", nil, "只给这些权限，如 cases.read；不填是账号的全部权限")
	c.Flags().StringVar(&revoke, "revoke", "", "作废这个令牌（写开头显示的部分）")
	return c
}

func newAccountImport(s *settings) *cobra.Command {
	var passwords bool
	c := &cobra.Command{
		Use: "import 文件.csv", Short: "从人员名册导入账号", Args: cobra.ExactArgs(1),
		Long: "第一行是列名：account,name,role,place,department,rung,phone,mail,subject。\n" +
			"责任岗位名册 people.csv 也能直接用：人员编号作账号，七级责任链上的人都是干部。",
		Example: "  mashang account import 人员.csv --passwords\n  mashang account import configs/baiyin/people.csv -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[0])
			if err != nil {
				return &exitError{exitUsage, err}
			}
			path := "/api/v1/accounts/import"
			if passwords {
				path += "?passwords=true"
			}
			var got api.Imported
			if _, err := s.call(cmd.Context(), http.MethodPost, path, "text/csv; charset=utf-8", bytes.NewReader(data), &got); err != nil {
				return err
			}
			return s.print(got, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "导入 %d 个账号。\n", got.Accounts)
				for _, p := range got.Passwords {
					_, _ = fmt.Fprintf(w, "%s\t%s\n", p.ID, p.Password)
				}
			})
		},
	}
	c.Flags().BoolVar(&passwords, "passwords", false, "给新账号生成初始密码（最多 500 个）")
	return c
}

func newAccountDelegate(s *settings) *cobra.Command {
	var req api.DelegationRequest
	var roles []string
	var until string
	c := &cobra.Command{
		Use: "delegate 委托人 受托人", Short: "把角色临时委托给别人，到期自动收回", Args: cobra.ExactArgs(2),
		Example: "  mashang account delegate guo zhang --until 2026-12-05 --reason 年休假",
		RunE: func(cmd *cobra.Command, args []string) error {
			day, err := time.ParseInLocation("2006-01-02", until, hub.China())
			if err != nil {
				return &exitError{exitUsage, fmt.Errorf("--until 写成 2026-12-05 的样子: %w", err)}
			}
			req.To, req.Until = args[1], day.AddDate(0, 0, 1)
			for _, r := range roles {
				req.Roles = append(req.Roles, access.Role(r))
			}
			var done api.Done
			if err := s.post(cmd, "accounts/"+url.PathEscape(args[0])+"/delegations", req, &done); err != nil {
				return err
			}
			return s.print(done, func(w io.Writer) { _, _ = fmt.Fprintf(w, "已委托给 %s，%s 结束。\n", args[1], until) })
		},
	}
	c.Flags().StringVar(&until, "until", "", "最后一天，如 2026-12-05")
	c.Flags().StringVar(&req.Reason, "reason", "", "原因")
	c.Flags().StringSliceVar(&roles, "role", nil, "只委托这些角色；不填是全部")
	_ = c.MarkFlagRequired("until")
	_ = c.MarkFlagRequired("reason")
	return c
}

// accountAct is a command that does one thing to one account.
func (s *settings) accountAct(verb, short, said string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " 账号", Short: short, Args: cobra.ExactArgs(1), Example: "  mashang account " + verb + " zhang",
		RunE: func(cmd *cobra.Command, args []string) error {
			var done api.Done
			if err := s.post(cmd, "accounts/"+url.PathEscape(args[0])+"/"+verb, nil, &done); err != nil {
				return err
			}
			return s.print(done, func(w io.Writer) { _, _ = fmt.Fprintf(w, "账号 %s %s。\n", args[0], said) })
		},
	}
}

func newAccountPassword(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "password 账号", Short: "重设密码", Args: cobra.ExactArgs(1), Example: "  mashang account password zhang",
		RunE: func(cmd *cobra.Command, args []string) error {
			var saved api.AccountSaved
			if err := s.post(cmd, "accounts/"+url.PathEscape(args[0])+"/password", nil, &saved); err != nil {
				return err
			}
			return s.print(saved, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "%s 的新密码（只显示这一次，登录后必须修改）：%s\n", saved.ID, saved.Password)
			})
		},
	}
}

func newAccountRoles(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "roles", Short: "列出角色和各自的权限", Args: cobra.NoArgs, Example: "  mashang account roles -o json",
		RunE: func(*cobra.Command, []string) error {
			all := map[access.Role][]access.Right{}
			for _, r := range access.Roles() {
				all[r] = access.RightsOf(r, 7)
			}
			return s.print(all, func(w io.Writer) {
				tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
				for _, r := range access.Roles() {
					_, _ = fmt.Fprintf(tw, "%s\t%s\t%v\n", r, glossary.In("role", string(r)), all[r])
				}
				_ = tw.Flush()
			})
		},
	}
}
