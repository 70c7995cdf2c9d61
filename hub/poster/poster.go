// Package poster issues the QR codes (民情码) that hang on offices, buildings
// and village notice boards, and draws them as sheets for the printer.
//
// It knows nothing of the page behind a code (package qr of the adapters) nor
// of who may issue one. Start with [Signer] for what a code says and [Print]
// for what it looks like.
package poster

import (
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Kind (码的类型) says what a code stands for. Baiyin has one for each office,
// one for each building of a compound and one for every 30 households.
type Kind string

// The kinds.
const (
	KindOffice     Kind = "office"     // 单位、窗口
	KindBuilding   Kind = "building"   // 楼栋
	KindHouseholds Kind = "households" // 三十户
)

// Known reports whether k is one of the kinds.
func (k Kind) Known() bool { return k == KindOffice || k == KindBuilding || k == KindHouseholds }

// A Unit (点位) is where a code is to hang: a place of the tree and what is
// there, such as "朝阳小区3号楼". Place and Label together name it.
type Unit struct {
	Place hub.PlaceCode `json:"place"`
	Kind  Kind          `json:"kind"`
	Label string        `json:"label"`
}

// A Code (民情码) is one issued code. Number stays for the life of the unit;
// each renewal (换码) raises Version, and only the last version is valid.
type Code struct {
	Unit
	Number    Number    `json:"number"`
	Version   int       `json:"version"`
	IssuedAt  time.Time `json:"issued_at"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
	Reason    string    `json:"reason,omitempty"` // why it was revoked or renewed
}

// Live reports whether scanning c still opens the form.
func (c Code) Live() bool { return c.RevokedAt.IsZero() }

// A Filter narrows a list of codes; zero fields do not narrow.
type Filter struct {
	Place hub.PlaceCode // the codes in it
	Kind  Kind
	Live  bool   // without the revoked ones
	After Number // only later ones, for paging
	Limit int    // 0 means 1000, at most 10,000
}

// A Misuse (疑似冒用) is a code that was used from several places: it was
// probably photographed and passed on, or hung up where it does not belong.
type Misuse struct {
	Code
	Places []hub.PlaceCode `json:"places"`
	Times  int             `json:"times"`
	LastAt time.Time       `json:"last_at"`
}
