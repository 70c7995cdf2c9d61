package poster

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// A Number is the serial number of a code, from 1.
type Number int64

// The parts of a token: number, version, signature, all in Crockford's
// alphabet, which has no I, L, O or U to be misread from a wall.
const (
	alphabet    = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	numberRunes = 5 // 33 million codes
	macRunes    = 8 // 40 bits: guessing one takes 10^12 requests
	tokenRunes  = numberRunes + 1 + macRunes
	// MaxNumber and MaxVersion are the largest that a token can carry.
	MaxNumber  Number = 1<<(5*numberRunes) - 1
	MaxVersion        = 31
)

// A Signer makes and checks the tokens that stand in a code's address. A token
// cannot be made up without the key, and one of a code that was renewed names
// the old version.
type Signer struct{ key []byte }

// NewSigner derives the signing key from secret.
func NewSigner(secret []byte) Signer {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("mashang qr code token v1"))
	return Signer{h.Sum(nil)}
}

// Token returns the token of a code: 14 letters and digits.
func (s Signer) Token(n Number, version int) string {
	body := spell(int64(n), numberRunes) + spell(int64(version), 1)
	return body + s.mac(body)
}

// Parse takes a token apart. It forgives lower case, dashes and the letters
// I, L and O for the digits they look like. A token that this signer did not
// make is CodeNotFound.
func (s Signer) Parse(token string) (Number, int, error) {
	t := tidy(token)
	if len(t) != tokenRunes || !hmac.Equal([]byte(t[numberRunes+1:]), []byte(s.mac(t[:numberRunes+1]))) {
		return 0, 0, hub.Errorf(hub.CodeNotFound, "qr_code.not_found", Group(t))
	}
	return Number(read(t[:numberRunes])), int(read(t[numberRunes : numberRunes+1])), nil
}

// Group writes a token as people read it out: 00042-1-7K3M-9QXT.
func Group(token string) string {
	if len(token) != tokenRunes {
		return token
	}
	return token[:5] + "-" + token[5:6] + "-" + token[6:10] + "-" + token[10:]
}

func (s Signer) mac(body string) string {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(body))
	return base32.NewEncoding(alphabet).WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil))[:macRunes]
}

func spell(n int64, width int) string {
	b := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		b[i] = alphabet[n&31]
		n >>= 5
	}
	return string(b)
}

func read(s string) int64 {
	var n int64
	for i := range len(s) {
		n = n<<5 | int64(strings.IndexByte(alphabet, s[i]))
	}
	return n
}

var lookalike = strings.NewReplacer("I", "1", "L", "1", "O", "0", "-", "", " ", "")

func tidy(token string) string { return lookalike.Replace(strings.ToUpper(token)) }
