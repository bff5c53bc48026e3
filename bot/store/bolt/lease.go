package bolt

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"sitrep/bot/store"
)

// leases are kept in memory: one process has the file, so that every holder ends with it.
type leases struct {
	mu    sync.Mutex
	byKey map[string]lease
	// last is the newest token. It begins above those of every earlier process, since its upper half counts how often the file was opened.
	last uint64
}

type lease struct {
	owner string
	token uint64
	until time.Time
}

func newLeases(opened uint64) *leases {
	return &leases{byKey: make(map[string]lease), last: opened << 32}
}

func (l *leases) acquire(name, owner string, now time.Time, ttl time.Duration) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	held := l.byKey[name]
	if held.owner != owner {
		if held.owner != "" && held.until.After(now) {
			return 0, store.ErrHeld
		}
		l.last++
		held = lease{owner: owner, token: l.last}
	}
	held.until = now.Add(ttl)
	l.byKey[name] = held
	return held.token, nil
}

func (l *leases) release(name, owner string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byKey[name].owner == owner {
		delete(l.byKey, name)
	}
}

// holds reports whether the lease of a fence is held with its token.
func (l *leases) holds(f *store.Fence, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	held := l.byKey[f.Name]
	return held.token == f.Token && held.until.After(now)
}

// Acquire takes or renews a lease. It takes its turn among the commits: when it returns, what an earlier holder has committed can be read.
func (s *Store) Acquire(ctx context.Context, name, owner string, ttl time.Duration) (token uint64, err error) {
	if err := badLease(name, owner); err != nil {
		return 0, misuse("bolt.Acquire", err)
	}
	var refused error
	err = s.write(ctx, "bolt.Acquire", func(*bbolt.Tx) error {
		token, refused = s.leases.acquire(name, owner, s.now(), ttl)
		return errNothing
	}, nil)
	return token, errors.Join(err, refused)
}

// Release gives a lease back. One that owner does not hold is no error.
func (s *Store) Release(ctx context.Context, name, owner string) error {
	if err := badLease(name, owner); err != nil {
		return misuse("bolt.Release", err)
	}
	return s.write(ctx, "bolt.Release", func(*bbolt.Tx) error {
		s.leases.release(name, owner)
		return errNothing
	}, nil)
}

func badLease(name, owner string) error {
	return errors.Join(store.CheckName("lease's name", name, false), store.CheckName("lease's owner", owner, false))
}
