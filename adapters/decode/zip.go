package decode

import (
	"archive/zip"
	"bytes"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
)

// archive reads every data file of a zip; its other files go with each
// document, so that a table can name its photos. Archives inside are refused,
// and so is one that grows beyond the limits, before it does.
func (r reader) archive(in Input) ([]Document, error) {
	z, err := zip.NewReader(bytes.NewReader(in.Body), int64(len(in.Body)))
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "zip.invalid", Err: err}
	}
	if len(z.File) > r.limits.Files {
		return nil, hub.Errorf(hub.CodeTooLarge, "decode.files", r.limits.Files)
	}
	var docs []Document
	var files []File
	left := r.limits.Expanded
	for _, entry := range z.File {
		name, err := entryName(entry)
		if err != nil {
			return nil, err
		}
		if entry.FileInfo().IsDir() || hidden(name) {
			continue
		}
		data, err := expand(entry, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(data))
		inner, err := r.inside(Input{Body: data, Name: name})
		if err != nil {
			return nil, err
		}
		if inner == nil {
			files = append(files, File{Name: Clean(name), Data: data})
		}
		docs = append(docs, inner...)
	}
	for i := range docs {
		docs[i].Files = slices.Concat(docs[i].Files, files)
	}
	return docs, nil
}

// inside reads one data file of an archive; nil for a file of another kind.
func (r reader) inside(in Input) ([]Document, error) {
	r.Format = ""
	switch formatOf(strings.ToLower(in.Name[strings.LastIndexByte(in.Name, '.')+1:])) {
	case Zip:
		return nil, hub.Errorf(hub.CodeInvalid, "zip.nested", Clean(in.Name))
	case JSON, Lines, XML, CSV, XLSX:
		docs, err := r.read(in)
		if docs == nil {
			docs = []Document{}
		}
		return docs, err
	case SOAP, Form, Multipart, Mail:
	}
	return nil, nil
}

// expand never trusts the size that the archive claims.
func expand(entry *zip.File, left int64) ([]byte, error) {
	f, err := entry.Open()
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "zip.invalid", Err: err}
	}
	defer func() { _ = f.Close() }() // read only
	data, err := ReadAll(f, left)
	if hub.CodeOf(err) == hub.CodeInvalid {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "zip.invalid", Err: err}
	}
	return data, err
}

// entryName reads a name that is not marked as UTF-8 as GB18030, as Chinese
// archivers write it.
func entryName(entry *zip.File) (string, error) {
	if !entry.NonUTF8 && utf8.ValidString(entry.Name) {
		return entry.Name, nil
	}
	name, err := ToUTF8([]byte(entry.Name), "")
	return string(name), err
}

func hidden(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "~$") || strings.HasPrefix(name, "__MACOSX/")
}
