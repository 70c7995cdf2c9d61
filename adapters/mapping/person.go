package mapping

import (
	"regexp"
	"strings"

	"golang.org/x/text/width"
)

// Phone tidies a phone number: 全角 to 半角, no blanks, hyphens only where a
// land line has its area code, no +86 before a mobile number. What is no phone
// number comes back as it was, for people to read.
func Phone(s string) string {
	raw := strings.TrimSpace(s)
	text := strings.NewReplacer(" ", "", "\t", "", "\u00a0", "", "\u3000", "", "(", "", ")", "-", "—", "-", "–", "-").Replace(width.Narrow.String(raw))
	digits := strings.ReplaceAll(text, "-", "")
	for _, prefix := range []string{"+86", "0086", "86"} {
		if rest, ok := strings.CutPrefix(digits, prefix); ok && (mobile.MatchString(rest) || landline.MatchString(rest)) {
			digits, text = rest, strings.TrimPrefix(strings.TrimPrefix(text, prefix), "-")
			break
		}
	}
	switch {
	case mobile.MatchString(digits):
		return digits
	case landline.MatchString(digits):
		return text
	case short.MatchString(digits):
		return digits
	}
	return raw
}

var (
	mobile   = regexp.MustCompile(`^1[3-9]\d{9}$`)
	landline = regexp.MustCompile(`^0\d{9,11}(?:[转#]?\d{1,6})?$`)
	short    = regexp.MustCompile(`^\d{5,8}$`)
	identity = regexp.MustCompile(`^\d{17}[\dX]$`)
)

// IDNumber tidies an identity number; what is none comes back as it was.
func IDNumber(s string) string {
	raw := strings.TrimSpace(s)
	text := strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\u3000", "").Replace(width.Narrow.String(raw)))
	if ValidID(text) || regexp.MustCompile(`^\d{15}$`).MatchString(text) {
		return text
	}
	return raw
}

// ValidID reports whether s is an identity number of 18 places with a right
// check digit (GB 11643).
func ValidID(s string) bool {
	if !identity.MatchString(s) {
		return false
	}
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * w
	}
	return s[17] == "10X98765432"[sum%11]
}
