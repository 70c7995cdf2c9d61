package hub

// A CaseID is a case number (事项编号): what a citizen quotes on the phone, such
// as "BY7K3M9QXT2F4H". It is derived from channel and external id, so that the
// same submission always gets the same number, whichever node answers.
type CaseID string

// A ReceiptID names one submission for machines. Like CaseID it is derived
// from channel and external id.
type ReceiptID string

// A ChannelCode names a channel (渠道), such as "qr" or "hotline".
type ChannelCode string

// A DepartmentCode names a department (部门), such as "heating".
type DepartmentCode string

// A PlaceCode is a division code (区划代码) of 6, 9 or 12 digits, or one of
// those followed by "-" and a building or household group.
type PlaceCode string

// A PersonID names a person (人员) who holds a post or works in a department.
type PersonID string

// A RuleID is the number (编号) of a rule, as its author wrote it.
type RuleID string

// A RuleSetHash is the content address of a rule set (规则集): hexadecimal
// SHA-256 of its canonical form.
type RuleSetHash string

// An AlertID is the idempotency key of one alert to one department; it is the
// same for every attempt.
type AlertID string
