package grpc

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/pluginpb"
)

// toStatus says err in gRPC's codes; its message is "key: cause".
func toStatus(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return status.FromContextError(err).Err()
	}
	msg := err.Error()
	if e, ok := errors.AsType[*hub.Error](err); ok {
		msg = e.Key
		if e.Err != nil {
			msg += ": " + e.Err.Error()
		}
	}
	return status.Error(codes.Code(hub.CodeOf(err).GRPCCode()), msg)
}

// fromStatus is the way back: always a hub.Error.
func fromStatus(err error) error {
	if err == nil {
		return nil
	}
	st, ok := status.FromError(err)
	if !ok {
		return &hub.Error{Code: hub.CodeInternal, Key: "plugin.call", Err: err}
	}
	key, _, _ := strings.Cut(st.Message(), ": ")
	if strings.ContainsAny(key, " =") || !strings.Contains(key, ".") {
		key = "plugin.call"
	}
	return &hub.Error{Code: hub.CodeOfGRPC(uint32(st.Code())), Key: key, Err: err}
}

func toAck(id string, err error) *pluginpb.Ack {
	ack := &pluginpb.Ack{Id: id, Code: string(hub.CodeOf(err))}
	if e, ok := errors.AsType[*hub.Error](err); ok {
		ack.Reason = e.Key
	}
	return ack
}

func fromAck(a *pluginpb.Ack) error {
	if a.GetCode() == "" {
		return nil
	}
	return hub.Errorf(hub.ErrorCode(a.GetCode()), a.GetReason())
}
