package decode

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/mashang-hub/mashang/hub"
)

// ToUTF8 returns data as UTF-8, exactly or not at all. charset is a label such
// as "gb18030"; GBK and GB2312 are read as GB18030, which contains them. An
// empty label means UTF-8 or, when the bytes are not that, GB18030.
func ToUTF8(data []byte, charset string) ([]byte, error) {
	switch strings.ToLower(strings.TrimSpace(charset)) {
	case "":
		if utf8.Valid(data) {
			return bytes.TrimPrefix(data, []byte("\ufeff")), nil
		}
		return fromGB(data)
	case "utf-8", "utf8", "us-ascii":
		if !utf8.Valid(data) {
			return nil, hub.Errorf(hub.CodeInvalid, "charset.invalid", "UTF-8")
		}
		return bytes.TrimPrefix(data, []byte("\ufeff")), nil
	case "gb18030", "gbk", "gb2312", "cp936":
		return fromGB(data)
	}
	return nil, hub.Errorf(hub.CodeInvalid, "charset.unknown", charset)
}

// fromGB decodes and encodes again: the decoder replaces what it cannot read,
// and only the way back tells.
func fromGB(data []byte) ([]byte, error) {
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if err != nil {
		return nil, hub.Errorf(hub.CodeInvalid, "charset.invalid", "GB18030")
	}
	back, err := simplifiedchinese.GB18030.NewEncoder().Bytes(text)
	if err != nil || !bytes.Equal(back, data) {
		return nil, hub.Errorf(hub.CodeInvalid, "charset.invalid", "GB18030")
	}
	return text, nil
}

// FromUTF8 writes text in charset, exactly or not at all.
func FromUTF8(text []byte, charset string) ([]byte, error) {
	switch strings.ToLower(strings.TrimSpace(charset)) {
	case "", "utf-8", "utf8":
		return text, nil
	case "gb18030", "gbk", "gb2312", "cp936":
		out, err := simplifiedchinese.GB18030.NewEncoder().Bytes(text)
		if err != nil {
			return nil, hub.Errorf(hub.CodeInvalid, "charset.invalid", "GB18030")
		}
		return out, nil
	}
	return nil, hub.Errorf(hub.CodeInvalid, "charset.unknown", charset)
}

// ReadAll reads at most limit bytes and refuses more.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "http.body", Err: err}
	}
	if int64(len(data)) > limit {
		return nil, tooLong(limit)
	}
	return data, nil
}
