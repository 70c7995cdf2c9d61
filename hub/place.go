package hub

import "strings"

// A PlaceLevel (层级) is a level of the place tree.
type PlaceLevel string

// The levels, highest first.
const (
	LevelCity     PlaceLevel = "city"     // 市
	LevelCounty   PlaceLevel = "county"   // 县(区)
	LevelTownship PlaceLevel = "township" // 乡镇(街道)
	LevelVillage  PlaceLevel = "village"  // 村(社区)
	LevelGrid     PlaceLevel = "grid"     // 网格
	LevelBuilding PlaceLevel = "building" // 楼栋、院落或三十户
)

// A Place (地点) is a node of the tree city, county, township, village, grid,
// building.
type Place struct {
	Code   PlaceCode  `json:"code"`
	Parent PlaceCode  `json:"parent,omitempty"`
	Level  PlaceLevel `json:"level"`
	Name   string     `json:"name"`
}

// Within reports whether p is other or lies inside it, judging by the digits
// of the division codes (GB/T 2260 and its township and village extensions).
func (p PlaceCode) Within(other PlaceCode) bool {
	o := strings.TrimSuffix(string(other), "000000")
	for len(o) == 6 && strings.HasSuffix(o, "00") {
		o = o[:len(o)-2]
	}
	return strings.HasPrefix(string(p), o)
}

// County returns the six-digit code of the county (县/区) that holds p, or ""
// if p is shorter.
func (p PlaceCode) County() PlaceCode { return p.cut(6) }

// Township returns the nine-digit code of the township (乡镇/街道) that holds p,
// or "" if p is shorter.
func (p PlaceCode) Township() PlaceCode { return p.cut(9) }

// Village returns the twelve-digit code of the village or community (村/社区)
// that holds p, or "" if p is shorter.
func (p PlaceCode) Village() PlaceCode { return p.cut(12) }

func (p PlaceCode) cut(n int) PlaceCode {
	if len(p) < n {
		return ""
	}
	return p[:n]
}
