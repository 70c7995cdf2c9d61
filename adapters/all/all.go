// Package all lists every adapter that mashang comes with.
//
// It has no other purpose. Start with Registry; a new kind is one more line.
package all

import (
	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/external"
	"github.com/mashang-hub/mashang/adapters/files"
	"github.com/mashang-hub/mashang/adapters/hotline"
	"github.com/mashang-hub/mashang/adapters/kafkain"
	"github.com/mashang-hub/mashang/adapters/kuaiban"
	"github.com/mashang-hub/mashang/adapters/mail"
	"github.com/mashang-hub/mashang/adapters/netizen"
	"github.com/mashang-hub/mashang/adapters/open311"
	"github.com/mashang-hub/mashang/adapters/petition"
	"github.com/mashang-hub/mashang/adapters/poll"
	"github.com/mashang-hub/mashang/adapters/qr"
	"github.com/mashang-hub/mashang/adapters/sqlin"
	"github.com/mashang-hub/mashang/adapters/webhook"
)

// Registry returns the kinds that a channel file may name.
func Registry() adapters.Registry {
	return adapters.Registry{
		qr.Spec(),
		kuaiban.Spec(),
		hotline.Spec(),
		netizen.Spec(),
		petition.Spec(),
		open311.Spec(),
		webhook.Spec(),
		poll.Spec(),
		files.Spec(),
		kafkain.Spec(),
		sqlin.Spec(),
		mail.Spec(),
		external.Spec(),
	}
}
