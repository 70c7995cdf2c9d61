package poll

import (
	"context"

	"github.com/mashang-hub/mashang/adapters"
)

// Round fetches one page.
func Round(ctx context.Context, a adapters.Adapter) (bool, error) { return a.(*adapter).round(ctx) }
