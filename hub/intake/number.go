package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

const (
	crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	bucket    = 10 * time.Minute
)

// numbers derives receipts and case numbers, so that every node gives the same
// submission the same numbers without asking anyone.
type numbers struct {
	key    []byte
	prefix string
}

func (n numbers) digest(purpose string, channel hub.ChannelCode, external string) []byte {
	h := hmac.New(sha256.New, n.key)
	h.Write([]byte(purpose + string(channel) + "\x00" + external))
	return h.Sum(nil)
}

func (n numbers) receipt(channel hub.ChannelCode, external string) hub.ReceiptID {
	sum := n.digest("", channel, external)
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum)
	return hub.ReceiptID("r_" + strings.ToLower(text[:26]))
}

// caseID spells 60 bits in Crockford's alphabet: no I, L, O or U. It is derived
// apart from the receipt, so that neither can be worked out from the other.
func (n numbers) caseID(channel hub.ChannelCode, external string) hub.CaseID {
	sum := n.digest("case\x00", channel, external)
	text := base32.NewEncoding(crockford).WithPadding(base32.NoPadding).EncodeToString(sum)
	return hub.CaseID(n.prefix + text[:12])
}

// fingerprint is the id of a submission whose channel gave none. A repeat that
// falls into the next ten minutes finds the id of the bucket before.
func (i *Intake) fingerprint(s hub.Submission) string {
	slot := s.SubmittedAt.UnixNano() / int64(bucket)
	before := heuristic(s, slot-1)
	if i.accepted.Contains(i.numbers.receipt(s.Channel, before)) {
		return before
	}
	return heuristic(s, slot)
}

func heuristic(s hub.Submission, slot int64) string {
	h := sha256.New()
	for _, part := range []string{
		string(s.Channel), s.Title, s.Text, string(s.Place), s.PlaceText,
		s.Reporter.Name, s.Reporter.Phone, s.Reporter.Account, strconv.FormatInt(slot, 10),
	} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return "h-" + hex.EncodeToString(h.Sum(nil)[:16])
}
