package redis

import (
	"context"
	"errors"
	"time"

	"sitrep/bot/store"
)

// Acquire takes or renews a lease, by the clock of the server that has it. A failover that loses the last writes may lose a lease with them;
// AckedReplicas makes that as rare as losing a commit.
func (s *Store) Acquire(ctx context.Context, name, owner string, ttl time.Duration) (uint64, error) {
	const op = "redis.Acquire"
	if err := badLease(name, owner); err != nil {
		return 0, misuse(op, err)
	}
	v, err := s.run(ctx, op, acquireScript, []string{s.leaseKey(name)}, owner, ttl.Milliseconds())
	if err != nil {
		return 0, err
	}
	token, _ := v.(int64)
	if token == 0 {
		return 0, store.ErrHeld
	}
	return uint64(token), nil
}

// Release gives a lease back. One that owner does not hold is no error.
func (s *Store) Release(ctx context.Context, name, owner string) error {
	const op = "redis.Release"
	if err := badLease(name, owner); err != nil {
		return misuse(op, err)
	}
	_, err := s.run(ctx, op, releaseScript, []string{s.leaseKey(name)}, owner)
	return err
}

func (s *Store) leaseKey(name string) string { return s.key(store.LeaseShard(name), "lease:"+name) }

func badLease(name, owner string) error {
	return errors.Join(store.CheckName("lease's name", name, false), store.CheckName("lease's owner", owner, false))
}
