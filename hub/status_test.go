package hub_test

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/mashang-hub/mashang/hub"
)

// An error says the same at every door, and comes back over gRPC as it left.
func TestACodeCrossesEveryBorder(t *testing.T) {
	t.Parallel()
	for code, want := range map[hub.ErrorCode]struct {
		http int
		grpc codes.Code
	}{
		hub.CodeInvalid:      {http.StatusUnprocessableEntity, codes.InvalidArgument},
		hub.CodeUnauthorized: {http.StatusUnauthorized, codes.Unauthenticated},
		hub.CodeForbidden:    {http.StatusForbidden, codes.PermissionDenied},
		hub.CodeNotFound:     {http.StatusNotFound, codes.NotFound},
		hub.CodeConflict:     {http.StatusConflict, codes.FailedPrecondition},
		hub.CodeTooLarge:     {http.StatusRequestEntityTooLarge, codes.ResourceExhausted},
		hub.CodeUnavailable:  {http.StatusServiceUnavailable, codes.Unavailable},
		hub.CodeInternal:     {http.StatusInternalServerError, codes.Internal},
		"of another release": {http.StatusInternalServerError, codes.Internal},
		"":                   {http.StatusInternalServerError, codes.Internal},
	} {
		if got := code.HTTPStatus(); got != want.http {
			t.Errorf("%q is HTTP %d, want %d", code, got, want.http)
		}
		if got := codes.Code(code.GRPCCode()); got != want.grpc {
			t.Errorf("%q is gRPC %s, want %s", code, got, want.grpc)
		}
		back := hub.CodeOfGRPC(code.GRPCCode())
		if want.grpc != codes.Internal && back != code {
			t.Errorf("%q comes back as %q", code, back)
		}
	}
}

// What a plugin in another language may answer is understood.
func TestCodesThatWeNeverSend(t *testing.T) {
	t.Parallel()
	for from, want := range map[codes.Code]hub.ErrorCode{
		codes.Canceled: hub.CodeUnavailable, codes.DeadlineExceeded: hub.CodeUnavailable, // worth another attempt
		codes.Unknown: hub.CodeInternal, codes.DataLoss: hub.CodeInternal, codes.Unimplemented: hub.CodeInternal,
		codes.Aborted: hub.CodeInternal, codes.Code(99): hub.CodeInternal,
	} {
		if got := hub.CodeOfGRPC(uint32(from)); got != want {
			t.Errorf("%s is %q, want %q", from, got, want)
		}
	}
}
