package qr

import (
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// photos keeps the photos of a form. What a photo is, its bytes say, not its
// sender.
func (a *adapter) photos(r *http.Request) ([]hub.Attachment, error) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	files := slices.DeleteFunc(slices.Clone(r.MultipartForm.File["photo"]), func(f *multipart.FileHeader) bool {
		return f.Size == 0
	})
	if len(files) > a.config.MaxPhotos {
		return nil, hub.Errorf(hub.CodeTooLarge, "attachment.too_many", a.config.MaxPhotos)
	}
	var kept []hub.Attachment
	for _, f := range files {
		photo, err := a.photo(r, f)
		if err != nil {
			return nil, err
		}
		kept = append(kept, photo)
	}
	return kept, nil
}

func (a *adapter) photo(r *http.Request, h *multipart.FileHeader) (hub.Attachment, error) {
	limit := int64(a.config.MaxPhotoMB) << 20
	if h.Size > limit {
		return hub.Attachment{}, hub.Errorf(hub.CodeTooLarge, "attachment.too_large", a.config.MaxPhotoMB)
	}
	f, err := h.Open()
	if err != nil {
		return hub.Attachment{}, fmt.Errorf("open photo: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	data, err := adapters.ReadAll(f, limit)
	if err != nil {
		return hub.Attachment{}, err
	}
	media := http.DetectContentType(data)
	if !slices.Contains([]string{"image/jpeg", "image/png", "image/webp"}, media) {
		return hub.Attachment{}, hub.Errorf(hub.CodeInvalid, "attachment.kind")
	}
	photo, err := a.deps.SaveAttachment(r.Context(), media, data)
	if err != nil {
		return hub.Attachment{}, fmt.Errorf("save photo: %w", err)
	}
	return photo, nil
}
