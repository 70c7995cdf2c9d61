package hub

// A border says what a code is called where an error leaves the hub: the
// status of HTTP and the code of gRPC. Every door asks this one table.
type border struct {
	code ErrorCode
	http int
	grpc uint32
}

// borders has a row for each code; what is in none is our fault.
func borders() []border {
	return []border{
		{CodeInvalid, 422, 3},
		{CodeUnauthorized, 401, 16},
		{CodeForbidden, 403, 7},
		{CodeNotFound, 404, 5},
		{CodeConflict, 409, 9},
		{CodeTooLarge, 413, 8},
		{CodeUnavailable, 503, 14},
		{CodeInternal, 500, 13},
	}
}

// HTTPStatus is the status of HTTP that says c; 500 for an unknown code.
func (c ErrorCode) HTTPStatus() int { return c.border().http }

// GRPCCode is the number of gRPC's code that says c; INTERNAL for an unknown
// one.
func (c ErrorCode) GRPCCode() uint32 { return c.border().grpc }

func (c ErrorCode) border() border {
	all := borders()
	for _, b := range all {
		if b.code == c {
			return b
		}
	}
	return all[len(all)-1]
}

// CodeOfGRPC is the way back from a code of gRPC. A call that was cut off or ran
// out of time may be tried again; every other code that we never send is
// somebody's fault inside.
func CodeOfGRPC(n uint32) ErrorCode {
	const cancelled, deadlineExceeded = 1, 4
	if n == cancelled || n == deadlineExceeded {
		return CodeUnavailable
	}
	for _, b := range borders() {
		if b.grpc == n {
			return b.code
		}
	}
	return CodeInternal
}
