package open311

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strconv"
	"time"
)

// The documents of GeoReport v2. In XML a list has a root element; in JSON,
// by the Spark convention, it is an array.
type (
	services struct {
		XMLName xml.Name  `xml:"services" json:"-"`
		Items   []service `xml:"service"`
	}
	service struct {
		Code        string `xml:"service_code" json:"service_code"`
		Name        string `xml:"service_name" json:"service_name"`
		Description string `xml:"description" json:"description"`
		Metadata    bool   `xml:"metadata" json:"metadata"`
		Type        string `xml:"type" json:"type"`
		Keywords    string `xml:"keywords" json:"keywords"`
		Group       string `xml:"group" json:"group"`
	}
	definition struct {
		XMLName    xml.Name    `xml:"service_definition" json:"-"`
		Code       string      `xml:"service_code" json:"service_code"`
		Attributes []attribute `xml:"attributes>attribute" json:"attributes"`
	}
	attribute struct {
		Variable    bool    `xml:"variable" json:"variable"`
		Code        string  `xml:"code" json:"code"`
		Datatype    string  `xml:"datatype" json:"datatype"`
		Required    bool    `xml:"required" json:"required"`
		Hint        string  `xml:"datatype_description" json:"datatype_description"`
		Order       int     `xml:"order" json:"order"`
		Description string  `xml:"description" json:"description"`
		Values      []value `xml:"values>value,omitempty" json:"values,omitempty"`
	}
	value struct {
		Key  string `xml:"key" json:"key"`
		Name string `xml:"name" json:"name"`
	}
	requests struct {
		XMLName xml.Name  `xml:"service_requests" json:"-"`
		Items   []request `xml:"request"`
	}
	request struct {
		ID        string  `xml:"service_request_id,omitempty" json:"service_request_id,omitempty"`
		Token     string  `xml:"token,omitempty" json:"token,omitempty"`
		Status    string  `xml:"status,omitempty" json:"status,omitempty"`
		Notes     string  `xml:"status_notes,omitempty" json:"status_notes,omitempty"`
		Name      string  `xml:"service_name,omitempty" json:"service_name,omitempty"`
		Code      string  `xml:"service_code,omitempty" json:"service_code,omitempty"`
		Text      string  `xml:"description,omitempty" json:"description,omitempty"`
		Agency    string  `xml:"agency_responsible,omitempty" json:"agency_responsible,omitempty"`
		Notice    string  `xml:"service_notice,omitempty" json:"service_notice,omitempty"`
		Requested string  `xml:"requested_datetime,omitempty" json:"requested_datetime,omitempty"`
		Updated   string  `xml:"updated_datetime,omitempty" json:"updated_datetime,omitempty"`
		Expected  string  `xml:"expected_datetime,omitempty" json:"expected_datetime,omitempty"`
		Address   string  `xml:"address,omitempty" json:"address,omitempty"`
		AddressID string  `xml:"address_id,omitempty" json:"address_id,omitempty"`
		Lat       *degree `xml:"lat,omitempty" json:"lat,omitempty"`
		Long      *degree `xml:"long,omitempty" json:"long,omitempty"`
		Account   *string `xml:"account_id" json:"account_id,omitempty"`
	}
	updates struct {
		XMLName xml.Name `xml:"service_requests_updates" json:"-"`
		Items   []update `xml:"request_update"`
	}
	update struct {
		ID      string `xml:"update_id" json:"update_id"`
		Request string `xml:"service_request_id,omitempty" json:"service_request_id,omitempty"`
		Status  string `xml:"status,omitempty" json:"status,omitempty"`
		Updated string `xml:"updated_datetime,omitempty" json:"updated_datetime,omitempty"`
		Text    string `xml:"description,omitempty" json:"description,omitempty"`
		Media   string `xml:"media_url,omitempty" json:"media_url,omitempty"`
	}
	faults struct {
		XMLName xml.Name `xml:"errors" json:"-"`
		Items   []fault  `xml:"error"`
	}
	fault struct {
		Code        int    `xml:"code" json:"code"`
		Description string `xml:"description" json:"description"`
	}
	discovery struct {
		XMLName    xml.Name   `xml:"discovery" json:"-"`
		Changeset  string     `xml:"changeset" json:"changeset"`
		Contact    string     `xml:"contact" json:"contact"`
		KeyService string     `xml:"key_service" json:"key_service"`
		Endpoints  []endpoint `xml:"endpoints>endpoint" json:"endpoints"`
	}
	endpoint struct {
		Specification string   `xml:"specification" json:"specification"`
		URL           string   `xml:"url" json:"url"`
		Changeset     string   `xml:"changeset" json:"changeset"`
		Type          string   `xml:"type" json:"type"`
		Formats       []string `xml:"formats>format" json:"formats"`
	}
)

// A degree is written as a plain number.
type degree float64

// MarshalText writes d for XML.
func (d degree) MarshalText() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(d), 'f', -1, 64), nil
}

// MarshalJSON writes d as a number.
func (d degree) MarshalJSON() ([]byte, error) { return d.MarshalText() }

// MarshalJSON writes the array.
func (l services) MarshalJSON() ([]byte, error) { return array(l.Items) }

// MarshalJSON writes the array.
func (l requests) MarshalJSON() ([]byte, error) { return array(l.Items) }

// MarshalJSON writes the array.
func (l updates) MarshalJSON() ([]byte, error) { return array(l.Items) }

// MarshalJSON writes the array.
func (l faults) MarshalJSON() ([]byte, error) { return array(l.Items) }

func array[T any](items []T) ([]byte, error) {
	if items == nil {
		items = []T{}
	}
	return json.Marshal(items)
}

// w3 writes a time as the specification wants it: with its offset.
func w3(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// write answers with v in the format of the request's address.
func write(w http.ResponseWriter, format string, status int, v any) {
	var b bytes.Buffer
	media := "application/json; charset=utf-8"
	var err error
	if format == "xml" {
		media = "text/xml; charset=utf-8"
		b.WriteString(xml.Header)
		err = xml.NewEncoder(&b).Encode(v)
	} else {
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		err = e.Encode(v)
	}
	if err != nil {
		http.Error(w, "encode the answer", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Cache-Control", "no-store")
	h.Set("Access-Control-Allow-Origin", "*")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client went away
}
