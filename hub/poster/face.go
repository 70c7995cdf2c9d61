package poster

import (
	_ "embed" // the font
	"slices"
	"unicode"

	"golang.org/x/image/font/sfnt"

	"github.com/mashang-hub/mashang/hub"
)

// family is what the font is called inside a PDF.
const family = "sheet"

// noto is Noto Sans SC Regular (SIL Open Font License 1.1, font/OFL.txt), cut
// down to GB 2312 and every character in the names of China's divisions down
// to the village.
//
//go:embed font/NotoSansSC-subset.ttf
var noto []byte

// A face is a font and what it can write.
type face struct {
	ttf  []byte
	font *sfnt.Font
}

func newFace(ttf []byte) (*face, error) {
	if len(ttf) == 0 {
		ttf = noto
	}
	f, err := sfnt.Parse(ttf)
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "poster.font", Err: err}
	}
	return &face{ttf, f}, nil
}

// covers refuses texts with characters that the font cannot draw and names
// them, each once.
func (f *face) covers(texts ...string) error {
	var missing []rune
	var buf sfnt.Buffer
	for _, text := range texts {
		for _, r := range text {
			i, err := f.font.GlyphIndex(&buf, r)
			if (err != nil || i == 0 || r > 0xFFFF) && !unicode.IsSpace(r) && !slices.Contains(missing, r) {
				missing = append(missing, r)
			}
		}
	}
	if len(missing) > 0 {
		return hub.Errorf(hub.CodeInvalid, "poster.glyphs", string(missing))
	}
	return nil
}

// Font returns the built-in TrueType font, for other papers in Chinese.
func Font() []byte { return noto }
