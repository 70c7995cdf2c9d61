package adapters

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// Skew is how far a signer's clock may be from ours.
const Skew = 5 * time.Minute

// CheckBearer refuses a request that does not carry token.
func CheckBearer(r *http.Request, token string) error {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return hub.Errorf(hub.CodeUnauthorized, "auth.missing")
	}
	if subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
		return hub.Errorf(hub.CodeUnauthorized, "auth.wrong")
	}
	return nil
}

// SignHMAC adds X-Timestamp and X-Signature: hexadecimal HMAC-SHA256 over
// timestamp, a full stop and the body.
func SignHMAC(r *http.Request, secret string, body []byte, now time.Time) {
	stamp := strconv.FormatInt(now.Unix(), 10)
	r.Header.Set("X-Timestamp", stamp)
	r.Header.Set("X-Signature", hex.EncodeToString(signature(secret, stamp, body)))
}

// CheckHMAC refuses a request that SignHMAC did not sign within Skew.
func CheckHMAC(r *http.Request, secret string, body []byte, now time.Time) error {
	stamp := r.Header.Get("X-Timestamp")
	given, err := hex.DecodeString(r.Header.Get("X-Signature"))
	if stamp == "" || len(given) == 0 {
		return hub.Errorf(hub.CodeUnauthorized, "auth.missing")
	}
	if err != nil || !hmac.Equal(given, signature(secret, stamp, body)) {
		return hub.Errorf(hub.CodeUnauthorized, "auth.wrong")
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > Skew {
		return hub.Errorf(hub.CodeUnauthorized, "auth.expired")
	}
	return nil
}

func signature(secret, stamp string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(stamp + "."))
	h.Write(body)
	return h.Sum(nil)
}
