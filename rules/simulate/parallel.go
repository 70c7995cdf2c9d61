package simulate

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// grain is how many cases a worker takes at a time.
const grain = 64

// workers is how many cases are judged at the same time.
func workers() int { return runtime.GOMAXPROCS(0) }

// parallel calls do(w, i) once for each i below n, where w is the worker.
func parallel(n int, do func(w, i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for w := range workers() {
		all.Go(func() {
			for {
				from := int(next.Add(grain)) - grain
				if from >= n {
					return
				}
				for i := from; i < min(n, from+grain); i++ {
					do(w, i)
				}
			}
		})
	}
	all.Wait()
}
