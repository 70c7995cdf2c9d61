package hub

// A Grade (难度) says how a case is handled: simple ones are answered at once,
// complex ones transferred, difficult ones handled jointly.
type Grade string

// The grades.
const (
	GradeSimple    Grade = "simple"    // 简单
	GradeComplex   Grade = "complex"   // 复杂
	GradeDifficult Grade = "difficult" // 疑难
)

// A Class (分类) is what the rules say a case is about.
type Class struct {
	Category string   `json:"category,omitempty"` // first level, Chinese, such as 城乡建设
	Kind     Kind     `json:"kind,omitempty"`
	Urgency  Urgency  `json:"urgency,omitempty"`
	Topic    string   `json:"topic,omitempty"` // such as "heating"
	Grade    Grade    `json:"grade,omitempty"`
	Tags     []string `json:"tags,omitempty"`
}

// A Hit is one place in the text that made a rule match.
type Hit struct {
	Field string `json:"field"` // "title" or "text"
	Word  string `json:"word"`
	Rune  int    `json:"rune"` // 0-based position, in runes
}

// A Match (命中) is a rule that matched, whether or not it won.
type Match struct {
	Rule       RuleID         `json:"rule"`
	Stage      string         `json:"stage"` // screen, classify, route, answer, deadline, alert
	Priority   int            `json:"priority,omitempty"`
	Department DepartmentCode `json:"department,omitempty"`
	Hits       []Hit          `json:"hits,omitempty"`
}

// A Decision (判定) is what a rule set says of one submission. It is stored
// with the case, so that "why so" can be answered years later.
type Decision struct {
	RuleSet RuleSetHash      `json:"rule_set"`
	Class   Class            `json:"class"`
	Lead    DepartmentCode   `json:"lead,omitempty"` // "" goes to the sorting desk (分拨岗)
	Co      []DepartmentCode `json:"co,omitempty"`
	Rule    RuleID           `json:"rule,omitempty"` // the winner
	Matches []Match          `json:"matches,omitempty"`
	// Confidence is between 0 and 1.
	Confidence float64 `json:"confidence"`
	// Candidates are the best departments for the clerk when Lead is "".
	Candidates []DepartmentCode `json:"candidates,omitempty"`
	Clocks     []Allowance      `json:"clocks,omitempty"`
	Reject     *Rejection       `json:"reject,omitempty"`
	Answer     *Answer          `json:"answer,omitempty"`
	StartRung  Rung             `json:"start_rung,omitempty"` // 0 means the first
	// Alert are departments that are told of the case without handling it.
	Alert []DepartmentCode `json:"alert,omitempty"`
}

// held leaves what the rules say for a clerk to confirm.
func (d Decision) held() Decision {
	if d.Lead != "" {
		d.Candidates = append([]DepartmentCode{d.Lead}, d.Candidates...)
	}
	d.Lead, d.Co, d.Reject, d.Answer = "", nil, nil, nil
	return d
}

// A Rejection (驳回) says why a text is sent back and how it could be worded.
type Rejection struct {
	Reason     string `json:"reason"`
	Suggestion string `json:"suggestion,omitempty"`
}

// An Answer (当即答复) settles a simple matter at once.
type Answer struct {
	Knowledge string `json:"knowledge,omitempty"` // number of the knowledge entry
	Text      string `json:"text"`
}

// Where a decision sends a case that no department gets.
const (
	ToSorting  = "sorting"  // 分拨岗
	ToRejected = "rejected" // 驳回
	ToAnswered = "answered" // 当即答复
)

// Destination (去向) says where d sends a case: the code of a department, or
// one of ToSorting, ToRejected and ToAnswered.
func (d *Decision) Destination() string {
	switch {
	case d.Reject != nil:
		return ToRejected
	case d.Answer != nil:
		return ToAnswered
	case d.Lead != "":
		return string(d.Lead)
	}
	return ToSorting
}
