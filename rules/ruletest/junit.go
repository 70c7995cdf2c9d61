package ruletest

import (
	"encoding/xml"
	"fmt"
	"io"
)

// JUnit writes r as JUnit XML, a suite for each file.
func (r Report) JUnit(w io.Writer) error {
	type failure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	type testcase struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		File    string   `xml:"file,attr"`
		Line    int      `xml:"line,attr"`
		Failure *failure `xml:"failure,omitempty"`
	}
	type suite struct {
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Cases    []testcase `xml:"testcase"`
	}
	var suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Suites   []*suite `xml:"testsuite"`
	}
	suites.Tests, suites.Failures = len(r.Results), r.Failed
	byFile := map[string]*suite{}
	for _, x := range r.Results {
		s := byFile[x.File]
		if s == nil {
			s = &suite{Name: x.File}
			byFile[x.File] = s
			suites.Suites = append(suites.Suites, s)
		}
		c := testcase{Name: x.Name, Class: x.File, File: x.File, Line: x.Line}
		if !x.Passed {
			s.Failures++
			c.Failure = &failure{"要：" + x.Want + "；得：" + x.Got, fmt.Sprintf("%s:%d %s", x.File, x.Line, x.Clause)}
		}
		s.Tests++
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write junit: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(suites); err != nil {
		return fmt.Errorf("write junit: %w", err)
	}
	return nil
}
