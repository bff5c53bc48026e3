package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sitrep/bot/incident"
)

// Leases say who may do what only one may do at a time. They run on the store's own clock, so that clocks that differ do no harm.
type Leases interface {
	// Acquire takes a lease for ttl, or renews it when owner holds it; ErrHeld when another does. The token grows each time that the holder
	// changes, so that it tells a holder from every earlier one. A holder that was late, and finds that nobody came meanwhile, goes on with
	// its token. No two processes may use the same owner.
	Acquire(ctx context.Context, name, owner string, ttl time.Duration) (token uint64, err error)
	// Release gives a lease back. One that owner does not hold is no error.
	Release(ctx context.Context, name, owner string) error
}

// Fence is the lease by which a commit is made. It must live in the commit's shard.
type Fence struct {
	Name  string
	Token uint64
}

// ShardLease names the lease of a shard, which lives in that shard. Any other name lives in the shard of its hash.
func ShardLease(s incident.Shard) string { return fmt.Sprintf("shard-%d", s) }

// LeaseShard returns the shard in which a lease lives.
func LeaseShard(name string) incident.Shard {
	if tail, ok := strings.CutPrefix(name, "shard-"); ok {
		if n, err := strconv.ParseUint(tail, 10, 16); err == nil && n < incident.Shards {
			return incident.Shard(n)
		}
	}
	return incident.ShardOf(name)
}
