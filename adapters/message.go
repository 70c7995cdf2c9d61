package adapters

import (
	"errors"
	"fmt"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
)

func titles() map[hub.ErrorCode]string {
	return map[hub.ErrorCode]string{
		hub.CodeInvalid:      "提交的内容有误",
		hub.CodeUnauthorized: "身份未通过验证",
		hub.CodeForbidden:    "没有权限",
		hub.CodeNotFound:     "没有找到",
		hub.CodeConflict:     "当前状态不能这样办",
		hub.CodeTooLarge:     "内容超出上限",
		hub.CodeUnavailable:  "系统暂时收不了件",
		hub.CodeInternal:     "系统出错",
	}
}

func sentences() map[string]string {
	return map[string]string{
		"submission.empty":          "没有写内容。请写明发生了什么、在哪里。",
		"submission.too_long":       "文字太长，最多 %v 字节。请删减，或分几次提交。",
		"submission.raw_too_long":   "单件原文太大，最多 %v 字节。",
		"submission.id_too_long":    "外部编号太长，最多 %v 字节。",
		"submission.field_too_long": "字段 %v 太长，最多 %v。",
		"submission.not_utf8":       "字段 %v 有不能识别的字符。",
		"submission.nul":            "字段 %v 含有空字符(NUL)，请去掉后重发。",
		"submission.channel":        "没有写明渠道。",
		"submission.time":           "时间 %v 看不懂，请按渠道配置中的格式书写。",
		"submission.place":          "没有这个地点编码:%v。",
		"submission.field":          "字段 %v 的值 %v 不在允许的范围内。",
		"intake.unavailable":        "系统暂时收不了件，内容没有丢，请稍后用同一编号重发;急事请拨 12345。",
		"batch.too_long":            "一批最多 %v 件，请分批提交。",
		"batch.line":                "第 %v 行有误:%v",
		"http.method":               "这里只接收 POST 请求。",
		"http.body_too_long":        "请求太大，最多 %v 字节。",
		"http.body":                 "请求没有收全，请重发。",
		"json.invalid":              "JSON 格式有误:%v",
		"xml.invalid":               "XML 格式有误:%v",
		"xml.doctype":               "XML 不得带 DOCTYPE 或实体定义。",
		"csv.invalid":               "CSV 格式有误:%v",
		"xlsx.invalid":              "XLSX 文件打不开。",
		"table.empty":               "表格没有表头。",
		"table.column":              "表格缺少列:%v。",
		"media.unknown":             "不支持这种格式:%v。",
		"charset.unknown":           "不支持这种字符集:%v，请用 UTF-8 或 GB18030。",
		"charset.invalid":           "内容不是正确的 %v 编码。",
		"auth.missing":              "缺少身份凭证。",
		"auth.wrong":                "身份凭证不对。",
		"auth.expired":              "签名时间与本机相差超过 5 分钟，请校准时钟后重发。",
		"attachment.unavailable":    "照片暂时存不了，请稍后再试。",
		"attachment.kind":           "只收 JPG、PNG、WebP 格式的照片。",
		"attachment.too_many":       "照片最多 %v 张。",
		"attachment.too_large":      "每张照片最大 %v MB。",
		"map.field":                 "字段 %v 按映射取不到值:%v",
		"map.no_id":                 "来件没有编号:映射 external_id: %v 得到的是空。",
		"decode.path":               "内容里没有 %v 这个位置，请核对渠道的 decode 设置。",
		"decode.depth":              "内容嵌套太深，最多 %v 层。",
		"decode.files":              "文件太多，最多 %v 个。",
		"form.invalid":              "表单格式有误:%v",
		"zip.invalid":               "ZIP 文件打不开。",
		"zip.nested":                "ZIP 里不能再套 ZIP:%v",
		"mail.invalid":              "邮件格式有误:%v",
		"auth.certificate":          "需要客户端证书。",
		"auth.no_key":               "这个渠道还没有设置密钥，请先运行 mashang channel rotate。",
		"auth.unavailable":          "暂时无法核对身份，请稍后重发。",
		"auth.replayed":             "同一个消息编号换了内容，没有收下。",
		"gate.busy":                 "这个渠道正忙，内容没有丢，请稍后用同一编号重发。",
		"gate.rate":                 "发得太快，内容没有丢，请稍后用同一编号重发。",
		"gate.slow":                 "请求发得太慢，连接已断开，请重发。",
		"gate.encoding":             "不能解压 %v，请用 gzip 或不压缩。",
		"gate.refused":              "没有收下（%v）。",
		"reply.invalid":             "答复表达式有误。",
		"external.down":             "渠道的适配程序没有运行，正在重新启动，请稍后重发。",
		"callback.failed":           "来源系统暂时收不到办理状态:%v",
		"callback.refused":          "来源系统不收办理状态:%v",
		"external.refused":          "%v",
		"qr.too_long":               "文字太长，最多 %v 字。请删减，或分几次提交。",
	}
}

// Sentence says in Chinese what is wrong. What happened inside stays inside.
func Sentence(err error) string {
	e, ok := errors.AsType[*hub.Error](err)
	if ok && e.Code != hub.CodeInternal {
		if s, found := sentences()[e.Key]; found {
			return fill(s, e.Args)
		}
		if glossary.Known(e.Key) {
			return glossary.Message(e.Key, e.Args...)
		}
		if title, found := titles()[e.Code]; found {
			return title + "。"
		}
	}
	return "系统出错，已记录。请稍后用同一编号重发;急事请拨 12345。"
}

func fill(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	told := make([]any, len(args))
	for i, a := range args {
		told[i] = a
		if err, ok := a.(error); ok {
			told[i] = Sentence(err)
		}
	}
	return fmt.Sprintf(format, told...)
}
