// Package receipt lets a department answer an alert from a phone, without an
// account: a signed link in the message opens a page with one tap to sign for
// the case (签收), and forms to report, resolve, send back and to say what was
// wrong with the alert.
//
// Opening the link changes nothing, because programs that look for viruses and
// previews open links too; only a form does. Everything is idempotent and goes
// through the same door as a plugin's updates, so that it never moves a case
// backwards. The page works without JavaScript. Start with New and Links.
package receipt

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// Life is how long a link is good for.
const Life = 14 * 24 * time.Hour

// Links signs and reads links.
type Links struct {
	base string
	key  []byte
}

// NewLinks returns links below base, such as https://hub.example, signed with a
// key derived from secret.
func NewLinks(base string, secret []byte) Links {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("mashang receipt links v1"))
	return Links{strings.TrimRight(base, "/"), mac.Sum(nil)}
}

// For returns the link for one alert, good for Life from the alert's time or
// for as long as its case has to be closed, whichever is longer.
func (l Links) For(a hub.Alert) string {
	end := a.At.Add(Life)
	if a.Due.After(end) {
		end = a.Due.Add(24 * time.Hour)
	}
	text := string(a.ID) + "~" + strconv.FormatInt(end.Unix(), 36)
	return l.base + "/d/" + base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + l.sign(text)
}

func (l Links) sign(text string) string {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:20])
}

// A Ticket (凭证) is what a link is good for.
type Ticket struct {
	Alert      hub.AlertID
	Case       hub.CaseID
	Department hub.DepartmentCode
}

// Read returns what a token is good for at now. An alert's id is the case, a
// number and the department.
func (l Links) Read(token string, now time.Time) (Ticket, error) {
	body, signature, ok := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	text := string(raw)
	if !ok || err != nil || !hmac.Equal([]byte(signature), []byte(l.sign(text))) {
		return Ticket{}, hub.Errorf(hub.CodeForbidden, "receipt.link")
	}
	id, end, _ := strings.Cut(text, "~")
	until, err := strconv.ParseInt(end, 36, 64)
	if err != nil || now.Unix() > until {
		return Ticket{}, hub.Errorf(hub.CodeForbidden, "receipt.expired")
	}
	c, rest, ok := strings.Cut(id, ".")
	_, dept, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 {
		return Ticket{}, hub.Errorf(hub.CodeForbidden, "receipt.link")
	}
	return Ticket{hub.AlertID(id), hub.CaseID(c), hub.DepartmentCode(dept)}, nil
}
