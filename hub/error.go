package hub

import (
	"errors"
	"fmt"
)

// An ErrorCode (错误码) sorts errors by what the caller can do about them.
type ErrorCode string

// The codes, each with the answer that it means to a caller.
const (
	CodeInvalid      ErrorCode = "invalid"      // the input is wrong: correct it
	CodeUnauthorized ErrorCode = "unauthorized" // who are you: sign or log in
	CodeForbidden    ErrorCode = "forbidden"    // known, but not allowed
	CodeNotFound     ErrorCode = "not_found"    // there is no such thing
	CodeConflict     ErrorCode = "conflict"     // not possible in this state
	CodeTooLarge     ErrorCode = "too_large"    // over a limit: send less
	CodeUnavailable  ErrorCode = "unavailable"  // try again later, nothing is lost
	CodeInternal     ErrorCode = "internal"     // our fault; the text stays inside
)

// An Error (错误) carries a code for machines, a message key with arguments for
// people (package glossary has the Chinese sentence) and a cause for operators.
type Error struct {
	Code ErrorCode
	Key  string // stable reason, such as "case.not_signed"
	Args []any  // fills the message of Key
	Err  error  // cause; never shown to a citizen
}

// Errorf returns an Error without a cause.
func Errorf(code ErrorCode, key string, args ...any) *Error {
	return &Error{Code: code, Key: key, Args: args}
}

// Error describes e for operators.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Key
	if len(e.Args) > 0 {
		s += fmt.Sprint(" ", e.Args)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first Error in err's chain: "" for nil,
// CodeInternal for an error that has none.
func CodeOf(err error) ErrorCode {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
