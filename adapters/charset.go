package adapters

import (
	"io"
	"mime"
	"strings"

	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/hub"
)

// ToUTF8 returns data as UTF-8, exactly or not at all; see package decode.
func ToUTF8(data []byte, charset string) ([]byte, error) { return decode.ToUTF8(data, charset) }

// A Format is how submissions are written.
type Format string

// The formats.
const (
	FormatJSON  Format = "json"
	FormatLines Format = "jsonl"
	FormatCSV   Format = "csv"
	FormatXLSX  Format = "xlsx"
	FormatXML   Format = "xml"
)

// FormatOf tells the format and charset from a media type or, when that is
// empty, from the ending of a file name.
func FormatOf(name, mediaType string) (Format, string, error) {
	media, params, err := mime.ParseMediaType(mediaType)
	if mediaType == "" || err != nil || (media == "application/octet-stream" && name != "") {
		media = name[strings.LastIndexByte(name, '.')+1:]
	}
	media = strings.ToLower(media)
	for _, f := range []struct {
		ending string
		format Format
	}{
		{"ndjson", FormatLines},
		{"jsonl", FormatLines},
		{"jsonlines", FormatLines},
		{"json", FormatJSON},
		{"csv", FormatCSV},
		{"sheet", FormatXLSX},
		{"xlsx", FormatXLSX},
		{"xml", FormatXML},
	} {
		if strings.HasSuffix(media, f.ending) {
			return f.format, params["charset"], nil
		}
	}
	return "", "", hub.Errorf(hub.CodeInvalid, "media.unknown", media)
}

// ReadAll reads at most limit bytes and refuses more.
func ReadAll(r io.Reader, limit int64) ([]byte, error) { return decode.ReadAll(r, limit) }
