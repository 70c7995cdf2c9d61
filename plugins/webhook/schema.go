package webhook

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// Events lists what departments are told of.
func Events() []hub.EventType {
	return []hub.EventType{
		hub.Assigned, hub.Reopened, hub.Merged, hub.Warned, hub.Overran, hub.Reminded, hub.Supervised, hub.Instructed,
		hub.InfoGiven, hub.Resumed, hub.ExtensionApproved, hub.ExtensionRefused, hub.Suspended, hub.PartDone, hub.Tasked,
		hub.ReplyRefused,
	}
}

type object = map[string]any

// Schema returns the JSON Schema (2020-12) of the event that tells of e.
func Schema(e hub.EventType) object {
	return object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "/schemas/" + EventType(e) + ".json",
		"title": glossary.In("event", string(e)), "type": "object",
		"description": "CloudEvents 1.0 JSON；webhook-id 与 id 相同，重发不变，按它去重。",
		"required":    []string{"specversion", "id", "type", "source", "subject", "time", "datacontenttype", "partitionkey", "data"},
		"properties": object{
			"specversion": object{"const": "1.0"}, "id": text("推送编号"), "type": object{"const": EventType(e)},
			"source": text("来源"), "subject": text("事项编号"), "time": instant("事件时间"),
			"datacontenttype": object{"const": "application/json"}, "dataschema": text("本文件"),
			"partitionkey": text("事项编号：同一事项按序送达"), "data": dataSchema(e),
		},
	}
}

func text(description string) object { return object{"type": "string", "description": description} }

func instant(description string) object {
	return object{"type": "string", "format": "date-time", "description": description}
}

func dataSchema(e hub.EventType) object {
	words := object{"type": "object", "additionalProperties": object{"type": "string"}}
	return object{
		"type": "object", "required": []string{"id", "department", "role", "event", "seq", "at", "case", "class"},
		"properties": object{
			"id": text("推送编号"), "department": text("部门代码"),
			"role":  object{"enum": []hub.Role{hub.RoleLead, hub.RoleCo, hub.RoleTold}, "description": "牵头、协办或知会"},
			"event": object{"const": e}, "seq": object{"type": "integer", "minimum": 1, "description": "事项内的序号"},
			"at": instant("事件时间"), "case": text("事项编号"), "place": text("地点代码"),
			"class": object{"type": "object", "description": "分类", "properties": object{
				"category": text("类别"), "kind": text("类型"), "urgency": object{"enum": []string{"", "normal", "urgent", "critical"}},
				"topic": text("专题"), "grade": text("难易"), "tags": object{"type": []string{"array", "null"}, "items": object{"type": "string"}},
			}},
			"due": instant("办结时限"), "text": text("要求、批示或催办的话"), "content": contentSchema(words),
			"facts": words, "group": text("归到哪一组"), "critical": object{"type": "boolean", "description": "请求直达第三级"},
		},
	}
}

func contentSchema(words object) object {
	return object{"type": "object", "description": "群众原话；只在派单时有", "properties": object{
		"title": text("标题"), "text": text("内容"), "place_text": text("所说的地点"), "extra": words,
		"reporter": object{"type": "object", "description": "反映人：个人信息，按规定使用", "properties": object{
			"name": text("姓名"), "phone": text("电话"), "id_number": text("证件号"), "account": text("账号"),
			"anonymous": object{"type": "boolean"},
		}},
		"attachments": object{"type": []string{"array", "null"}, "items": object{"type": "object", "properties": object{
			"sha256": text("摘要"), "name": text("文件名"), "media_type": text("类型"), "size": object{"type": "integer"},
		}}},
	}}
}

// Sample returns an event as a receiver may get it.
func Sample(e hub.EventType) Event {
	at := time.Date(2026, 11, 22, 18, 5, 0, 0, hub.China())
	a := hub.Alert{
		ID: "BY7K3M9QXT2F4H.2.heating", Department: "heating", Role: hub.RoleLead, Event: e, Seq: 2, At: at,
		Case: "BY7K3M9QXT2F4H", Place: "620402001001", Due: at.Add(24 * time.Hour), Text: "请按期办理",
		Class: hub.Class{Category: "城乡建设", Kind: hub.KindComplaint, Urgency: hub.UrgencyUrgent, Topic: "heating"},
	}
	if e == hub.Assigned {
		a.Content = hub.Content{Title: "暖气不热", Text: "家里只有 14 度，老人受不了。", PlaceText: "人民路小区 3 号楼 2 单元"}
	}
	return Envelope(Item{Alert: a, Reading: hub.Receipt{Facts: map[string]string{"temperature": "14"}}})
}

// Schemas serves the schemas below /schemas/, a list of them and, with
// ?sample, an event that satisfies one.
func Schemas() http.Handler {
	byName := map[string]hub.EventType{}
	list := []string{}
	for _, e := range Events() {
		byName[EventType(e)+".json"] = e
		list = append(list, "/schemas/"+EventType(e)+".json")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/schemas/")
		e, ok := byName[name]
		var body any = object{"schemas": list}
		switch {
		case name != "" && !ok:
			http.NotFound(w, r)
			return
		case ok && r.URL.Query().Has("sample"):
			body = Sample(e)
		case ok:
			body = Schema(e)
		}
		w.Header().Set("Content-Type", "application/schema+json; charset=utf-8")
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		_ = enc.Encode(body) // the reader left
	})
}
