package robot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/plugins/relay/message"
)

// object is a JSON object.
type object = map[string]any

// What the vendors take, in bytes.
const (
	wecomText     = 2048
	wecomMarkdown = 4096
	dingtalkText  = 18000
	feishuText    = 16000
)

// digestBytes is how much text of a digest fits into one message.
func (r *Robot) digestBytes() int {
	switch {
	case r.vendor == WeCom && r.config.Format == "text":
		return wecomText
	case r.vendor == WeCom:
		return wecomMarkdown
	case r.vendor == DingTalk:
		return dingtalkText
	}
	return feishuText
}

// request returns address and body of a message. A digest is never a card:
// cards hold too little.
func (r *Robot) request(m message.Message, now time.Time) (string, object) {
	if k := r.config.Keyword; k != "" && !strings.Contains(m.Title, k) {
		m.Title = k + " " + m.Title
	}
	format := r.config.Format
	if format == "card" && m.Of > 1 {
		format = "markdown"
	}
	switch r.vendor {
	case WeCom:
		return r.config.URL, r.wecom(m, format)
	case DingTalk:
		return r.dingtalkURL(now), r.dingtalk(m, format)
	case Feishu:
	}
	return r.config.URL, r.feishu(m, format, now)
}

func (r *Robot) loud(m message.Message) bool { return r.config.AtAll && m.Level == message.Severe }

func (r *Robot) wecom(m message.Message, format string) object {
	switch {
	case format == "card" && m.Link != "":
		return object{"msgtype": "template_card", "template_card": wecomCard(m)}
	case format == "text":
		text := object{"content": m.Plain(wecomText)}
		if r.loud(m) {
			text["mentioned_list"] = []string{"@all"}
		}
		if len(r.config.Mobiles) > 0 {
			text["mentioned_mobile_list"] = r.config.Mobiles
		}
		return object{"msgtype": "text", "text": text}
	}
	colour := map[message.Level]string{message.Plain: "info", message.Warn: "comment", message.Severe: "warning"}[m.Level]
	text := `### <font color="` + colour + `">` + escape(m.Title) + "</font>" + facts(m, "\n> ") + paragraph(m)
	link := ""
	if m.Link != "" {
		link = "\n[签收](" + m.Link + ")"
	}
	return object{"msgtype": "markdown", "markdown": object{"content": message.Cut(text, wecomMarkdown-len(link)) + link}}
}

// wecomCard is a text_notice: at most 6 facts and 3 links, and one action.
func wecomCard(m message.Message) object {
	list := []object{}
	for _, f := range m.Facts[:min(len(m.Facts), 6)] {
		list = append(list, object{"keyname": message.Cut(f.Name, 15), "value": message.Cut(f.Value, 90)})
	}
	return object{
		"card_type":               "text_notice",
		"source":                  object{"desc": "码上", "desc_color": map[message.Level]int{message.Plain: 0, message.Warn: 1, message.Severe: 2}[m.Level]},
		"main_title":              object{"title": message.Cut(m.Title, 78), "desc": message.Local(m.At)},
		"sub_title_text":          message.Cut(m.Text, 330),
		"horizontal_content_list": list,
		"jump_list":               []object{{"type": 1, "title": "签收", "url": m.Link}},
		"card_action":             object{"type": 1, "url": m.Link},
	}
}

// dingtalkURL signs: key is the secret, milliseconds, in the address.
func (r *Robot) dingtalkURL(now time.Time) string {
	if r.config.Secret == "" {
		return r.config.URL
	}
	u, err := url.Parse(r.config.URL)
	if err != nil {
		return r.config.URL
	}
	at := strconv.FormatInt(now.UnixMilli(), 10)
	q := u.Query()
	q.Set("timestamp", at)
	q.Set("sign", DingTalkSign(string(r.config.Secret), at))
	u.RawQuery = q.Encode()
	return u.String()
}

// DingTalkSign is the signature for a timestamp in milliseconds.
func DingTalkSign(secret, timestamp string) string {
	return sign([]byte(secret), timestamp+"\n"+secret)
}

// FeishuSign is the signature for a timestamp in seconds: here key and message
// are the other way round.
func FeishuSign(secret, timestamp string) string {
	return sign([]byte(timestamp+"\n"+secret), "")
}

func sign(key []byte, text string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (r *Robot) dingtalk(m message.Message, format string) object {
	at := object{"atMobiles": r.config.Mobiles, "atUserIds": []string{}, "isAtAll": r.loud(m)}
	if r.config.Mobiles == nil {
		at["atMobiles"] = []string{}
	}
	text := "#### " + escape(m.Title) + facts(m, "\n- ") + paragraph(m)
	switch {
	case format == "text":
		return object{"msgtype": "text", "text": object{"content": m.Plain(dingtalkText)}, "at": at}
	case format == "card" && m.Link != "":
		return object{"msgtype": "actionCard", "actionCard": object{
			"title": m.Title, "text": message.Cut(text, dingtalkText), "btnOrientation": "1",
			"btns": []object{{"title": "签收", "actionURL": m.Link}, {"title": "退回或反馈", "actionURL": m.Link + "#back"}},
		}}
	}
	for _, n := range r.config.Mobiles {
		text += " @" + n // the number must also stand in the text
	}
	link := ""
	if m.Link != "" {
		link = "\n\n[签收](" + m.Link + ")"
	}
	text = message.Cut(text, dingtalkText-len(link)) + link
	return object{"msgtype": "markdown", "markdown": object{"title": escape(m.Title), "text": text}, "at": at}
}

func (r *Robot) feishu(m message.Message, format string, now time.Time) object {
	var body object
	switch format {
	case "text":
		text := escape(m.Plain(feishuText * 3 / 4))
		if r.loud(m) {
			text = `<at user_id="all">所有人</at> ` + text
		}
		body = object{"msg_type": "text", "content": object{"text": text}}
	case "markdown":
		lines := [][]object{}
		for line := range strings.SplitSeq(strings.TrimPrefix(m.Plain(feishuText), m.Title+"\n"), "\n") {
			lines = append(lines, []object{{"tag": "text", "text": line}})
		}
		if m.Link != "" {
			lines = append(lines, []object{{"tag": "a", "text": "签收", "href": m.Link}})
		}
		if r.loud(m) {
			lines = append(lines, []object{{"tag": "at", "user_id": "all"}})
		}
		body = object{"msg_type": "post", "content": object{"post": object{"zh_cn": object{"title": m.Title, "content": lines}}}}
	default:
		body = object{"msg_type": "interactive", "card": feishuCard(m)}
	}
	if r.config.Secret != "" {
		at := strconv.FormatInt(now.Unix(), 10)
		body["timestamp"], body["sign"] = at, FeishuSign(string(r.config.Secret), at)
	}
	return body
}

func feishuCard(m message.Message) object {
	elements := []object{{"tag": "div", "text": object{
		"tag": "lark_md", "content": message.Cut(strings.TrimPrefix(facts(m, "\n")+paragraph(m), "\n"), feishuText),
	}}}
	if m.Link != "" {
		elements = append(elements, object{"tag": "hr"}, object{"tag": "action", "actions": []object{
			{"tag": "button", "type": "primary", "text": object{"tag": "plain_text", "content": "签收"}, "url": m.Link},
			{"tag": "button", "type": "default", "text": object{"tag": "plain_text", "content": "退回或反馈"}, "url": m.Link + "#back"},
		}})
	}
	elements = append(elements, object{"tag": "note", "elements": []object{
		{"tag": "plain_text", "content": "码上 " + message.Local(m.At)},
	}})
	colour := map[message.Level]string{message.Plain: "blue", message.Warn: "orange", message.Severe: "red"}[m.Level]
	return object{
		"config":   object{"wide_screen_mode": true},
		"header":   object{"template": colour, "title": object{"tag": "plain_text", "content": message.Cut(m.Title, 200)}},
		"elements": elements,
	}
}

// facts writes each fact after before.
func facts(m message.Message, before string) string {
	var b strings.Builder
	for _, f := range m.Facts {
		b.WriteString(before + "**" + f.Name + "** " + escape(f.Value))
	}
	return b.String()
}

func paragraph(m message.Message) string {
	if m.Text == "" {
		return ""
	}
	return "\n\n" + escape(m.Text)
}

// escape takes the meaning out of a citizen's words: no link, image, mention or
// tag of theirs reaches the group.
func escape(s string) string {
	return strings.NewReplacer("<", "＜", ">", "＞", "[", "［", "]", "］", "*", "＊", "`", "｀", "#", "＃", "@", "＠", "\r", "").Replace(s)
}
