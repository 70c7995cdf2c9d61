// Package webhook is the channel that is pushed to over HTTP: JSON, XML, SOAP
// 1.1 and 1.2, forms and multipart, in UTF-8 or GB18030. Its file alone says
// how to check, read and map what comes.
//
// It fetches nothing by itself. Start with Spec.
package webhook

import "github.com/mashang-hub/mashang/adapters"

// Spec describes the kind.
func Spec() adapters.Spec {
	return adapters.Spec{
		Kind: "webhook", New: New, Wired: true, Doc: "来源系统用 HTTP 推送：JSON、XML、SOAP、表单",
		Options: func() any { c := Default(); return &c },
	}
}

// New makes the adapter of c.
func New(c adapters.Config, in adapters.Intake, d adapters.Deps) (adapters.Adapter, error) {
	config := Default()
	if err := c.Options.Decode(&config); err != nil {
		return nil, err
	}
	if err := config.Validate(); err != nil {
		return nil, err
	}
	return adapters.Wire(c, in, d)
}
