package receipt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/mask"
)

// A Kind (反馈) is what was wrong with an alert.
type Kind string

// The kinds of feedback.
const (
	FalseAlarm Kind = "false_alarm" // 误报
	NotOurs    Kind = "not_ours"    // 不归我们
	TooThin    Kind = "too_thin"    // 信息不全
)

// A Feedback (对推送的反馈) is a department's word on one alert.
type Feedback struct {
	Ticket
	Kind Kind
	Note string
	At   time.Time
}

// Parts are what the page stands on.
type Parts struct {
	Links Links
	Clock hub.Clock
	Log   *slog.Logger
	// Case reads a case; an unknown one is an Error of CodeNotFound.
	Case func(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error)
	// Update applies what the department reports. Called twice with the same
	// id it changes nothing the second time.
	Update func(ctx context.Context, u hub.Update) error
	// Feedback keeps a feedback.
	Feedback func(ctx context.Context, f Feedback) error
	// SavePhoto keeps a picture and returns its digest.
	SavePhoto func(ctx context.Context, mediaType string, data []byte) (hub.Attachment, error)
	// Departments are those that a case may be suggested for, in order.
	Departments []hub.Department
	// Place names a place.
	Place func(hub.PlaceCode) string
}

// The limits of a form.
const (
	maxText  = 2000 // characters
	maxPhoto = 8 << 20
)

//go:embed page.html
var files embed.FS

type server struct {
	Parts
	page *template.Template
}

// New returns the handler of /d/.
func New(p Parts) http.Handler {
	s := &server{Parts: p, page: template.Must(template.New("page.html").Funcs(template.FuncMap{
		"word": glossary.In, "mask": mask.Text, "time": func(t time.Time) string { return t.Local().Format("01-02 15:04") },
	}).ParseFS(files, "page.html"))}
	m := http.NewServeMux()
	m.HandleFunc("GET /d/{token}", s.show)
	m.HandleFunc("POST /d/{token}", s.act)
	guard := http.NewCrossOriginProtection()
	return secure(guard.Handler(m))
}

func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer") // the link is the key
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Robots-Tag", "noindex")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// A sheet is what the page shows.
type sheet struct {
	Said    string // what was done
	Problem string
	Case    hub.Case
	Content hub.Content
	Place   string
	Part    *hub.Assignment // nil when the case is with others now
	Due     time.Time
	Others  []hub.Department
	Text    string // typed, and refused
	Open    bool
}

func (s *server) show(w http.ResponseWriter, r *http.Request) {
	t, err := s.Links.Read(r.PathValue("token"), s.Clock.Now())
	if err != nil {
		s.write(w, err, sheet{})
		return
	}
	v, err := s.sheet(r.Context(), t)
	v.Said = map[string]string{
		"sign": "已签收。", "contact": "已记录首次联系。", "verify": "已记录核查结果。", "progress": "已记录进展。", "resolve": "已报办结。",
		"back": "已退回，分拨岗会重新派单；在别的部门接下之前，仍由本部门负责。", "feedback": "谢谢，已记下。",
	}[r.URL.Query().Get("done")]
	s.write(w, err, v)
}

func (s *server) sheet(ctx context.Context, t Ticket) (sheet, error) {
	c, sub, err := s.Case(ctx, t.Case)
	if err != nil {
		return sheet{}, err
	}
	v := sheet{Case: c, Content: mask.Content(sub.Content), Place: s.Place(c.Place), Open: c.Status.Open()}
	if i := slices.IndexFunc(c.Assignments, func(a hub.Assignment) bool { return a.Department == t.Department }); i >= 0 {
		v.Part = &c.Assignments[i]
	}
	if d, ok := c.Deadline(hub.ClockClose); ok {
		v.Due = d.Due
	}
	for _, d := range s.Departments {
		if d.Code != t.Department {
			v.Others = append(v.Others, d)
		}
	}
	return v, nil
}

// act does what a form asks, and then sends the browser to the page: pressing
// reload repeats nothing.
func (s *server) act(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxPhoto+64<<10)
	token := r.PathValue("token")
	t, err := s.Links.Read(token, s.Clock.Now())
	if err != nil {
		s.write(w, err, sheet{})
		return
	}
	if err := r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		s.write(w, hub.Errorf(hub.CodeTooLarge, "receipt.too_large"), sheet{})
		return
	}
	do := r.PostFormValue("do")
	if err := s.do(r, t, do); err != nil {
		v, readErr := s.sheet(r.Context(), t)
		v.Text = r.PostFormValue("text")
		if readErr != nil {
			err = readErr
		}
		s.write(w, err, v)
		return
	}
	http.Redirect(w, r, "/d/"+token+"?done="+do, http.StatusSeeOther)
}

func (s *server) do(r *http.Request, t Ticket, do string) error {
	text := strings.TrimSpace(r.PostFormValue("text"))
	if len([]rune(text)) > maxText {
		return hub.Errorf(hub.CodeTooLarge, "receipt.too_large")
	}
	u := hub.Update{Department: t.Department, Case: t.Case, Text: text, At: s.Clock.Now()}
	switch do {
	case "sign":
		u.Step, u.Text = hub.SignedFor, ""
	case "contact":
		u.Step = hub.ContactMade
	case "progress":
		u.Step = hub.Progressed
		if text == "" {
			return hub.Errorf(hub.CodeInvalid, "reason.required")
		}
	case "verify":
		u.Step = hub.EventType(r.PostFormValue("finding"))
		if !slices.Contains(hub.Findings(), hub.Finding(u.Step)) {
			return hub.Errorf(hub.CodeInvalid, "finding.unknown")
		}
	case "resolve":
		u.Step = hub.Resolved
		if err := hub.CheckReply(text); err != nil {
			return err
		}
	case "back":
		u.Step, u.Suggest = hub.SentBack, hub.DepartmentCode(r.PostFormValue("suggest"))
		if text == "" || u.Suggest == "" {
			return hub.Errorf(hub.CodeInvalid, "receipt.back")
		}
	case "feedback":
		return s.feedback(r, t, text)
	default:
		return hub.Errorf(hub.CodeInvalid, "command.unknown", do)
	}
	if err := s.photo(r, &u); err != nil {
		return err
	}
	// The same tap or the same words twice are one.
	sum := sha256.Sum256([]byte(string(u.Step) + "\n" + u.Text + "\n" + string(u.Suggest)))
	u.ID = "link:" + string(t.Alert) + ":" + do
	if do != "sign" {
		u.ID += ":" + hex.EncodeToString(sum[:6])
	}
	return s.Update(r.Context(), u)
}

func (s *server) feedback(r *http.Request, t Ticket, text string) error {
	f := Feedback{Ticket: t, Kind: Kind(r.PostFormValue("kind")), Note: text, At: s.Clock.Now()}
	if f.Kind != FalseAlarm && f.Kind != NotOurs && f.Kind != TooThin {
		return hub.Errorf(hub.CodeInvalid, "receipt.feedback")
	}
	return s.Feedback(r.Context(), f)
}

// photo keeps a picture that came along and names it in the text.
func (s *server) photo(r *http.Request, u *hub.Update) error {
	if r.MultipartForm == nil {
		return nil
	}
	f, h, err := r.FormFile("photo")
	if errors.Is(err, http.ErrMissingFile) || err == nil && h.Size == 0 {
		return nil
	}
	if err != nil {
		return hub.Errorf(hub.CodeInvalid, "receipt.photo")
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxPhoto+1))
	if err != nil || len(data) > maxPhoto {
		return hub.Errorf(hub.CodeTooLarge, "receipt.too_large")
	}
	media := http.DetectContentType(data)
	if media != "image/jpeg" && media != "image/png" && media != "image/webp" {
		return hub.Errorf(hub.CodeInvalid, "receipt.photo")
	}
	at, err := s.SavePhoto(r.Context(), media, data)
	if err != nil {
		return err
	}
	u.Text = strings.TrimSpace(u.Text + "（现场照片 " + at.SHA256[:16] + "）")
	return nil
}

// write renders v, with err in plain words if there is one.
func (s *server) write(w http.ResponseWriter, err error, v sheet) {
	status := http.StatusOK
	if err != nil {
		status = hub.CodeOf(err).HTTPStatus()
		v.Problem = glossary.Message("")
		if e, ok := errors.AsType[*hub.Error](err); ok && e.Code != hub.CodeInternal {
			v.Problem = glossary.Message(e.Key, e.Args...)
		} else {
			s.Log.Error("answer a receipt", "err", err)
		}
	}
	var b bytes.Buffer
	if err := s.page.Execute(&b, v); err != nil {
		s.Log.Error("render the receipt page", "err", err)
		http.Error(w, glossary.Message(""), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the reader left: nobody to tell
}
