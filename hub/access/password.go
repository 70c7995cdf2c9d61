package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/mashang-hub/mashang/hub"
)

// The cost of a password: OWASP's second choice for argon2id.
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonKey    = 32
	argonSalt   = 16
)

// HashPassword returns password as argon2id in PHC form.
func HashPassword(password string) string {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, 1, argonKey)
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, argonMemory, argonTime, b.EncodeToString(salt), b.EncodeToString(key))
}

// CheckPassword reports whether password is the one behind hash. A hash that
// cannot be read takes as long as one that can, so that nobody learns which
// accounts exist.
func CheckPassword(hash, password string) bool {
	var version int
	var memory, time uint32
	var threads uint8
	salt, want := make([]byte, argonSalt), make([]byte, argonKey)
	parts := strings.Split(hash, "$")
	ok := len(parts) == 6 && parts[1] == "argon2id"
	if ok {
		_, err1 := fmt.Sscanf(parts[2], "v=%d", &version)
		_, err2 := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads)
		s, err3 := base64.RawStdEncoding.DecodeString(parts[4])
		k, err4 := base64.RawStdEncoding.DecodeString(parts[5])
		if ok = err1 == nil && err2 == nil && err3 == nil && err4 == nil && version == argon2.Version &&
			memory <= 1<<20 && time <= 16 && time > 0 && threads > 0 && len(k) >= 16; ok {
			salt, want = s, k
		}
	}
	if !ok {
		memory, time, threads = argonMemory, argonTime, 1
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1 && ok
}

// passwordLength is the fewest characters of a password, the account's name
// in it not counted.
const passwordLength = 10

// CheckNewPassword refuses what is too short, too plain or little more than
// the account's name.
func CheckNewPassword(account, password string) error {
	own := strings.ReplaceAll(strings.ToLower(password), strings.ToLower(account), "")
	kinds := map[string]bool{}
	for _, r := range password {
		switch {
		case unicode.IsUpper(r):
			kinds["upper"] = true
		case unicode.IsLower(r):
			kinds["lower"] = true
		case unicode.IsDigit(r):
			kinds["digit"] = true
		default:
			kinds["sign"] = true
		}
	}
	if utf8.RuneCountInString(own) < passwordLength || utf8.RuneCountInString(password) > 128 || len(kinds) < 3 {
		return hub.Errorf(hub.CodeInvalid, "password.weak")
	}
	return nil
}

// NewPassword returns a password for the first log-in.
func NewPassword() string { return "Ma1-" + strings.ToLower(rand.Text()[:16]) }

// NewToken returns the text of a fresh API token, the hash that is kept and
// the beginning that is shown.
func NewToken() (text string, hash [32]byte, id string) {
	text = TokenPrefix + rand.Text()
	return text, sha256.Sum256([]byte(text)), text[:len(TokenPrefix)+8]
}
