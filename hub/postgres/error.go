package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mashang-hub/mashang/hub"
)

// Wrap says what was being done and gives err the code that its cause has:
// unavailable for a connection or a lost race, conflict for a broken
// constraint, invalid for bytes that the server refuses.
func Wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf(format+": %w", append(args, err)...)
	var domain *hub.Error
	if errors.As(err, &domain) || errors.Is(err, context.Canceled) {
		return err
	}
	code, key := classify(err)
	if code == hub.CodeInternal {
		return err
	}
	return &hub.Error{Code: code, Key: key, Err: err}
}

func classify(err error) (hub.ErrorCode, string) {
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		return classifyState(server.Code)
	}
	var connect *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.As(err, &connect), errors.As(err, &network), pgconn.SafeToRetry(err),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, context.DeadlineExceeded),
		strings.Contains(err.Error(), "conn closed"):
		return hub.CodeUnavailable, "postgres.unavailable"
	}
	return hub.CodeInternal, ""
}

// classifyState sorts an SQLSTATE.
func classifyState(state string) (hub.ErrorCode, string) {
	if state == "25P03" || state == "55P03" { // idle in transaction, lock timeout
		return hub.CodeUnavailable, "postgres.unavailable"
	}
	if len(state) < 2 {
		return hub.CodeInternal, ""
	}
	switch state[:2] {
	case "08", "40", "53", "57", "58":
		return hub.CodeUnavailable, "postgres.unavailable"
	case "23":
		return hub.CodeConflict, "postgres.conflict"
	case "22":
		return hub.CodeInvalid, "postgres.invalid"
	}
	return hub.CodeInternal, ""
}

// NotFound is the error for an id that is not stored, or not for who asks.
func NotFound(key string, id any) error { return hub.Errorf(hub.CodeNotFound, key, id) }
