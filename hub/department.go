package hub

// A Department (部门) takes cases and answers for them.
type Department struct {
	Code DepartmentCode `json:"code"`
	Name string         `json:"name"`
	// Plugin is the kind of process that talks to the department: "heating",
	// "housing", "labor" or "relay".
	Plugin string `json:"plugin"`
}

// A Channel (渠道) is a way in for submissions.
type Channel struct {
	Code ChannelCode `json:"code"`
	Name string      `json:"name"`
	Kind string      `json:"kind"` // the adapter: "qr", "kuaiban", "hotline", "netizen", "petition"
}
