package storetest

import (
	"errors"
	"fmt"
	"time"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

var leases = []behaviour{
	{"a lease is held by one", leaseHeld},
	{"renewing keeps the token, another holder gets a higher one", leaseTokens},
	{"a lease that is not renewed passes on, and its holder is fenced off", leaseExpires},
	{"a holder that was late goes on when nobody came meanwhile", leaseLate},
	{"tokens rise when the store is opened again", leaseReopened},
	{"of racing holders exactly one wins", leaseRace},
	{"a commit with the lease goes through, one with another token does not", leaseFences},
	{"the lease of another shard fences nothing", leaseElsewhere},
	{"leases without a name or an owner are refused", leaseNameless},
}

func (f *fixture) acquire(name, owner string, ttl time.Duration) uint64 {
	f.Helper()
	token, err := f.Acquire(f.Context(), name, owner, ttl)
	f.must(err)
	return token
}

func (f *fixture) held(name, owner string) {
	f.Helper()
	if token, err := f.Acquire(f.Context(), name, owner, time.Hour); !errors.Is(err, store.ErrHeld) {
		f.Fatalf("%s for %s: got %d, %v, want ErrHeld", name, owner, token, err)
	}
}

func leaseHeld(f *fixture) {
	f.acquire("installation", "a", time.Hour)
	f.held("installation", "b")
	f.acquire("another", "b", time.Hour)
	f.held("another", "a")
	f.must(f.Release(f.Context(), "installation", "b"))
	f.must(f.Release(f.Context(), "nobody's", "b"))
	f.held("installation", "b")
	f.must(f.Release(f.Context(), "installation", "a"))
	f.acquire("installation", "b", time.Hour)
	f.held("installation", "a")
}

func leaseTokens(f *fixture) {
	first := f.acquire("l", "a", time.Hour)
	f.same("token after renewing", first, f.acquire("l", "a", time.Hour))
	last := first
	for _, owner := range []string{"b", "a", "a", "b"} {
		f.must(f.Release(f.Context(), "l", "a"))
		f.must(f.Release(f.Context(), "l", "b"))
		token := f.acquire("l", owner, time.Hour)
		if token <= last {
			f.Fatalf("token %d after %d", token, last)
		}
		last = token
	}
	if first == 0 {
		f.Error("a token is 0, which is that of nobody")
	}
}

// passesOn waits until owner gets a lease, and returns the token.
func (f *fixture) passesOn(name, owner string) uint64 {
	f.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		token, err := f.Acquire(f.Context(), name, owner, time.Hour)
		if err == nil {
			return token
		}
		if !errors.Is(err, store.ErrHeld) {
			f.Fatal(err)
		}
	}
	f.Fatalf("%s never passed on to %s", name, owner)
	return 0
}

func leaseExpires(f *fixture) {
	lease := store.ShardLease(one.Shard())
	old := f.acquire(lease, "a", 30*time.Millisecond)
	token := f.passesOn(lease, "b")
	if token <= old {
		f.Errorf("token %d after %d", token, old)
	}
	f.held(lease, "a")
	f.fenced(lease, old)
	f.commit(store.Commit{Incident: one, Counts: map[string]int64{"n": 1}, Fence: &store.Fence{Name: lease, Token: token}})
}

// fenced fails unless a commit with the token is refused.
func (f *fixture) fenced(lease string, token uint64) {
	f.Helper()
	c := store.Commit{Incident: one, Counts: map[string]int64{"n": 1}, Fence: &store.Fence{Name: lease, Token: token}}
	if err := f.Commit(f.Context(), c); !errors.Is(err, store.ErrFenced) {
		f.Fatalf("token %d: got %v, want ErrFenced", token, err)
	}
}

func leaseLate(f *fixture) {
	lease := store.ShardLease(one.Shard())
	token := f.acquire(lease, "a", time.Millisecond)
	c := store.Commit{Incident: one, Counts: map[string]int64{"n": 1}, Fence: &store.Fence{Name: lease, Token: token}}
	for deadline := time.Now().Add(20 * time.Second); f.Commit(f.Context(), c) == nil; {
		if time.Now().After(deadline) {
			f.Fatal("the lease never ended")
		}
	}
	f.fenced(lease, token)
	f.same("token of the late holder", token, f.acquire(lease, "a", time.Hour))
	f.commit(c)
}

func leaseReopened(f *fixture) {
	before := f.acquire("l", "a", time.Hour)
	f.must(f.Release(f.Context(), "l", "a"))
	f.reopen()
	if after := f.acquire("l", "b", time.Hour); after <= before {
		f.Errorf("token %d after %d", after, before)
	}
}

func leaseRace(f *fixture) {
	errs := together(16, func(i int) error {
		_, err := f.Acquire(f.Context(), "l", fmt.Sprint("owner ", i), time.Hour)
		return err
	})
	f.onlyOne(errs, func(err error) bool { return errors.Is(err, store.ErrHeld) })
}

func leaseFences(f *fixture) {
	lease := store.ShardLease(one.Shard())
	f.fenced(lease, 0)
	f.fenced(lease, 1)
	token := f.acquire(lease, "a", time.Hour)
	c := declared(one, 1)
	c.Fence = &store.Fence{Name: lease, Token: token}
	f.commit(c)
	f.fenced(lease, token+1)
	f.fenced(lease, 0)
	f.must(f.Release(f.Context(), lease, "a"))
	f.fenced(lease, token)
	_, counts, err := f.Load(f.Context(), one)
	f.must(err)
	f.same("counters", map[string]int64{}, counts)
}

func leaseElsewhere(f *fixture) {
	lease := store.ShardLease(two.Shard())
	c := declared(one, 1)
	c.Fence = &store.Fence{Name: lease, Token: f.acquire(lease, "a", time.Hour)}
	if err := f.Commit(f.Context(), c); err == nil || errors.Is(err, store.ErrFenced) {
		f.Errorf("got %v, want an error of its own", err)
	}
	for s := range incident.Shard(incident.Shards) {
		f.same("shard of its lease", s, store.LeaseShard(store.ShardLease(s)))
	}
}

func leaseNameless(f *fixture) {
	for _, names := range [][2]string{{"", "a"}, {"l", ""}} {
		if _, err := f.Acquire(f.Context(), names[0], names[1], time.Hour); err == nil {
			f.Errorf("%q: no error", names)
		}
	}
}
