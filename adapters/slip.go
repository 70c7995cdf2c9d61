package adapters

import (
	"encoding/json"
	"fmt"

	"github.com/mashang-hub/mashang/hub"
)

// A Slip (回执) is the receipt file of a file that was handed in.
type Slip struct {
	File    string     `json:"file"`
	Error   string     `json:"error,omitempty"` // why the whole file was refused
	Results []SlipLine `json:"results"`
}

// A SlipLine is what became of one item of the file.
type SlipLine struct {
	ExternalID string        `json:"external_id"`
	Receipt    hub.ReceiptID `json:"receipt,omitempty"`
	Tracking   hub.CaseID    `json:"tracking,omitempty"`
	Duplicate  bool          `json:"duplicate,omitempty"`
	Skipped    bool          `json:"skipped,omitempty"`
	Error      string        `json:"error,omitempty"`
	// Notes say in Chinese what the sender should know of what was accepted.
	Notes []string `json:"notes,omitempty"`
}

// NewSlip returns the slip of a file; err is why it was refused as a whole.
func NewSlip(file string, err error) Slip {
	s := Slip{File: file, Results: []SlipLine{}}
	if err != nil {
		s.Error = Sentence(err)
	}
	return s
}

// Add adds what became of one item.
func (s *Slip) Add(id string, a hub.Acceptance, skipped bool) {
	line := SlipLine{ExternalID: id, Receipt: a.Receipt, Tracking: a.Case, Duplicate: a.Duplicate, Skipped: skipped, Notes: a.Notes}
	if a.Err != nil {
		line.Error = Sentence(a.Err)
	}
	s.Results = append(s.Results, line)
}

// Write hands the slip to write under the name that its reader looks for.
func (s *Slip) Write(write func(name string, data []byte) error) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode receipt: %w", err)
	}
	return write(s.File+".receipt.json", append(data, '\n'))
}
