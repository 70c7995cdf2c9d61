package relay

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/relay/mail"
	"github.com/mashang-hub/mashang/plugins/relay/robot"
	"github.com/mashang-hub/mashang/plugins/relay/sms"
	"github.com/mashang-hub/mashang/plugins/relay/store"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// A Kind (方式) is a way to reach a department.
type Kind string

// The kinds. The rest of a configuration is the kind's own Config.
const (
	Webhook  Kind = "webhook"  // 签名回调, the default
	WeCom    Kind = "wecom"    // 企业微信群机器人
	DingTalk Kind = "dingtalk" // 钉钉群机器人
	Feishu   Kind = "feishu"   // 飞书群机器人
	Email    Kind = "email"    // 电子邮件
	SMS      Kind = "sms"      // 短信
	Kafka    Kind = "kafka"    // 主题
	Table    Kind = "table"    // 数据库表
	Folder   Kind = "folder"   // 文件交换
)

// StateVariable is the environment variable that names the folder in which a
// department's process may keep what must outlive it.
const StateVariable = "MASHANG_STATE"

// A sender passes alerts on by one way. It answers each with a receipt, in
// order, and may be called concurrently and again with the same alerts.
type sender interface {
	Send(ctx context.Context, alerts []hub.Alert) []hub.Receipt
	Close() error
}

// kindOf takes the kind out of a configuration and returns the rest.
func kindOf(raw json.RawMessage) (Kind, json.RawMessage, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return Webhook, nil, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return "", nil, &hub.Error{Code: hub.CodeInvalid, Key: "plugin.config", Err: err}
	}
	kind := Webhook
	if v, ok := fields["kind"]; ok {
		if err := json.Unmarshal(v, &kind); err != nil {
			return "", nil, &hub.Error{Code: hub.CodeInvalid, Key: "plugin.config", Err: err}
		}
		delete(fields, "kind")
	}
	rest, err := json.Marshal(fields)
	return kind, rest, err
}

// open returns the sender of a kind other than Webhook.
func open(kind Kind, raw json.RawMessage, clock hub.Clock) (sender, error) {
	switch kind {
	case WeCom, DingTalk, Feishu:
		return build(raw, robot.Default(), func(c robot.Config) (sender, error) {
			c.State = cmp.Or(c.State, os.Getenv(StateVariable))
			return sure(robot.New(robot.Vendor(kind), c, clock))
		})
	case Email:
		return build(raw, mail.Default(), func(c mail.Config) (sender, error) { return sure(mail.New(c)) })
	case SMS:
		return build(raw, sms.Default(), func(c sms.Config) (sender, error) { return sure(sms.New(c)) })
	case Kafka:
		return build(raw, store.TopicConfig{}, func(c store.TopicConfig) (sender, error) { return sure(store.NewTopic(c)) })
	case Table:
		return build(raw, store.TableConfig{}, func(c store.TableConfig) (sender, error) { return sure(store.NewTable(c)) })
	case Folder:
		return build(raw, store.FolderConfig{}, func(c store.FolderConfig) (sender, error) { return sure(store.NewFolder(c)) })
	case Webhook:
	}
	return nil, hub.Errorf(hub.CodeInvalid, "relay.kind", string(kind))
}

// build reads a configuration over its defaults.
func build[C any](raw json.RawMessage, c C, make func(C) (sender, error)) (sender, error) {
	if err := webhook.Decode(raw, &c); err != nil {
		return nil, err
	}
	return make(c)
}

// sure keeps a nil pointer from becoming a sender that is not nil.
func sure[S sender](s S, err error) (sender, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
