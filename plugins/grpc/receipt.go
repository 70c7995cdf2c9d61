package grpc

import (
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

func result(o hub.Outcome) pluginpb.Outcome {
	switch o {
	case hub.Delivered:
		return pluginpb.Outcome_OUTCOME_DELIVERED
	case hub.RetryLater:
		return pluginpb.Outcome_OUTCOME_RETRY
	case hub.Refused:
		return pluginpb.Outcome_OUTCOME_REFUSED
	case hub.Gone:
		return pluginpb.Outcome_OUTCOME_GONE
	case hub.NotTried:
		return pluginpb.Outcome_OUTCOME_NOT_TRIED
	}
	return pluginpb.Outcome_OUTCOME_UNSPECIFIED
}

func outcome(r pluginpb.Outcome) hub.Outcome {
	switch r {
	case pluginpb.Outcome_OUTCOME_DELIVERED:
		return hub.Delivered
	case pluginpb.Outcome_OUTCOME_RETRY:
		return hub.RetryLater
	case pluginpb.Outcome_OUTCOME_REFUSED:
		return hub.Refused
	case pluginpb.Outcome_OUTCOME_GONE:
		return hub.Gone
	case pluginpb.Outcome_OUTCOME_NOT_TRIED:
		return hub.NotTried
	case pluginpb.Outcome_OUTCOME_UNSPECIFIED:
	}
	return ""
}
