package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// Protect asks for token, as the password of any user name, before it lets
// anybody see the console; what citizens need stays open. An empty token
// leaves everything open, which is for demonstrations only.
func Protect(next http.Handler, token string) http.Handler {
	if token == "" {
		return next
	}
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		got := sha256.Sum256([]byte(password))
		if !public(r.URL.Path) && subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="mashang", charset="UTF-8"`)
			http.Error(w, glossary.In("code", string(hub.CodeUnauthorized)), http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// public reports whether citizens may open path.
func public(path string) bool {
	return path == "/t" || path == "/big" || strings.HasPrefix(path, "/t/") || strings.HasPrefix(path, "/assets/")
}
