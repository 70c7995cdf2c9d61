package postgres

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/seal"
)

// The fields of a stored content's extra that hold what is sealed, the id of
// its key and a pseudonym of the telephone, by which one citizen's cases are
// found; the channel's own fields are inside.
const (
	sealedField = "_sealed"
	keyField    = "_key"
	whoField    = "_who"
	// accountField is a pseudonym of the user's id inside the channel, by which
	// they find their own cases.
	accountField = "_account"
	// personField is a pseudonym of the identity number, by which earlier
	// petitions of one person are found.
	personField = "_person"
)

// SealWith makes the store encrypt who the citizen is, the channel's own
// fields and the bytes that arrived. Call it before anything is stored;
// without it all is kept as it is, as benchmarks of the store do.
func (db *DB) SealWith(keys *seal.Keyring) { db.keys = keys }

// Keys returns the keys that seal; nil when nothing is sealed.
func (db *DB) Keys() *seal.Keyring { return db.keys }

// HiddenBy returns the id of the key with which content is sealed, "" if it is
// not, and whether it holds anything that ought to be.
func HiddenBy(content hub.Content) (key string, personal bool) {
	return content.Extra[keyField], content.Reporter != (hub.Reporter{}) || len(content.Extra) > 0
}

// personal is what is sealed of a content: the words as they were said only
// where the stored ones are masked.
type personal struct {
	Reporter  hub.Reporter      `json:"reporter"`
	Extra     map[string]string `json:"extra,omitempty"`
	Title     string            `json:"title,omitempty"`
	Text      string            `json:"text,omitempty"`
	PlaceText string            `json:"place_text,omitempty"`
}

// restore puts back one text that was masked.
func restore(into *string, was string) {
	if was != "" {
		*into = was
	}
}

// masked moves a text that holds personal data to where it is sealed.
func masked(text *string, content hub.Content, sealed *string) {
	if m := mask.Said(*text, content); m != *text {
		*sealed, *text = *text, m
	}
}

// Accounts returns the names by which the cases of a channel's user are found,
// one for each key that may have sealed them; none for no user, or when nothing
// is sealed and so nobody has one.
func (db *DB) Accounts(account string) []string {
	if db.keys == nil || account == "" {
		return nil
	}
	return db.keys.Pseudonyms(accountValue(account))
}

// Persons is Accounts for the cases of somebody with this identity number.
func (db *DB) Persons(idNumber string) []string {
	if db.keys == nil {
		return nil
	}
	return db.keys.Pseudonyms(personValue(idNumber))
}

// accountValue is what the pseudonym of a channel's user is made of.
func accountValue(account string) string {
	if account == "" {
		return ""
	}
	return "account/" + account
}

// personValue is what the pseudonym of an identity number is made of.
func personValue(idNumber string) string {
	if len(idNumber) < 15 {
		return ""
	}
	return "person/" + strings.ToUpper(idNumber)
}

// Hide returns content with what is personal sealed for place, a name that is
// different for each thing stored: what is sealed for one place opens in no other.
func (db *DB) Hide(place string, content hub.Content) (hub.Content, error) {
	if db.keys == nil {
		return content, nil
	}
	p := personal{Reporter: content.Reporter, Extra: content.Extra}
	masked(&content.Title, content, &p.Title)
	masked(&content.Text, content, &p.Text)
	masked(&content.PlaceText, content, &p.PlaceText)
	if p.Reporter == (hub.Reporter{}) && len(p.Extra) == 0 && p.Title+p.Text+p.PlaceText == "" {
		return content, nil
	}
	plain, err := json.Marshal(p)
	if err != nil {
		return content, fmt.Errorf("encode reporter: %w", err)
	}
	who, account := db.keys.Pseudonym(content.Reporter.Phone), db.keys.Pseudonym(accountValue(content.Reporter.Account))
	person, service := db.keys.Pseudonym(personValue(content.Reporter.IDNumber)), content.Extra[hub.ExtraService]
	content.Reporter = hub.Reporter{Anonymous: content.Reporter.Anonymous}
	content.Extra = map[string]string{
		sealedField: base64.StdEncoding.EncodeToString(db.keys.Seal(place, plain)), keyField: db.keys.Current(),
	}
	if who != "" {
		content.Extra[whoField] = who
	}
	if account != "" {
		content.Extra[accountField] = account
	}
	if person != "" {
		content.Extra[personField] = person
	}
	if service != "" {
		content.Extra[hub.ExtraService] = service
	}
	return content, nil
}

// HiddenAccount returns the pseudonym of the channel's user in a content that
// was hidden, nil when there is none.
func HiddenAccount(content hub.Content) *string { return hiddenField(content, accountField) }

// HiddenPerson is HiddenAccount for the pseudonym of the identity number.
func HiddenPerson(content hub.Content) *string { return hiddenField(content, personField) }

func hiddenField(content hub.Content, name string) *string {
	text, ok := content.Extra[name]
	if !ok {
		return nil
	}
	return &text
}

// Show opens what Hide sealed for place.
func (db *DB) Show(place string, content *hub.Content) error {
	text := content.Extra[sealedField]
	if db.keys == nil || text == "" {
		return nil
	}
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("decode %s: %w", place, err)
	}
	plain, err := db.keys.Open(place, sealed)
	if err != nil {
		return fmt.Errorf("open %s: %w", place, err)
	}
	var p personal
	if err := json.Unmarshal(plain, &p); err != nil {
		return fmt.Errorf("decode %s: %w", place, err)
	}
	content.Reporter, content.Extra = p.Reporter, p.Extra
	restore(&content.Title, p.Title)
	restore(&content.Text, p.Text)
	restore(&content.PlaceText, p.PlaceText)
	return nil
}
