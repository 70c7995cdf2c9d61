package grpc

import (
	"slices"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
	"github.com/mashang-hub/mashang/plugins/pluginpb"
)

// fromReceipt says r as it goes over the wire in version v. What version 1
// cannot say is left out.
func fromReceipt(r hub.Receipt, v Version) *pluginpb.Receipt {
	out := &pluginpb.Receipt{
		Alert: string(r.Alert), Reason: r.Reason, Group: r.Group, Critical: r.Critical,
	}
	if r.RetryAfter > 0 {
		out.RetryAfter = durationpb.New(r.RetryAfter)
	}
	if v < V2 {
		out.Outcome, out.Facts = string(r.Outcome), r.Facts
		return out
	}
	out.Result, out.Suggest = result(r.Outcome), string(r.Suggest)
	for _, f := range reading.FactsOf(r.Facts) {
		out.Read = append(out.Read, &pluginpb.Fact{Name: f.Key, Value: f.Value, Words: f.From})
	}
	return out
}

// toReceipt is the way back. A result that this side does not know is "": as
// good as no receipt.
func toReceipt(r *pluginpb.Receipt, v Version) hub.Receipt {
	out := hub.Receipt{
		Alert: hub.AlertID(r.GetAlert()), Reason: r.GetReason(), RetryAfter: r.GetRetryAfter().AsDuration(),
		Group: r.GetGroup(), Critical: r.GetCritical(),
	}
	if v < V2 {
		out.Outcome, out.Facts = hub.Outcome(r.GetOutcome()), r.GetFacts()
		return out
	}
	out.Outcome, out.Suggest = outcome(r.GetResult()), hub.DepartmentCode(r.GetSuggest())
	var facts reading.Facts
	for _, f := range r.GetRead() {
		facts.Add(f.GetName(), f.GetValue(), f.GetWords())
	}
	out.Facts = facts.Map()
	return out
}

// outcomes are the hub's names for the results of version 2, by their number.
var outcomes = [...]hub.Outcome{
	pluginpb.Outcome_OUTCOME_UNSPECIFIED: "",
	pluginpb.Outcome_OUTCOME_DELIVERED:   hub.Delivered,
	pluginpb.Outcome_OUTCOME_RETRY:       hub.RetryLater,
	pluginpb.Outcome_OUTCOME_REFUSED:     hub.Refused,
	pluginpb.Outcome_OUTCOME_GONE:        hub.Gone,
	pluginpb.Outcome_OUTCOME_NOT_TRIED:   hub.NotTried,
}

// result is unspecified for an outcome that version 2 has no number for.
func result(o hub.Outcome) pluginpb.Outcome {
	return pluginpb.Outcome(max(0, slices.Index(outcomes[:], o)))
}

// outcome is "" for a result that the hub does not know.
func outcome(r pluginpb.Outcome) hub.Outcome {
	if r < 0 || int(r) >= len(outcomes) {
		return ""
	}
	return outcomes[r]
}
