package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"sitrep/bot/store"
	"sitrep/bot/store/bolt"
)

// broken are leases that cannot be reached once a channel is closed.
type broken struct {
	store.Leases
	gone chan struct{}
}

func (b broken) Acquire(ctx context.Context, name, owner string, ttl time.Duration) (uint64, error) {
	select {
	case <-b.gone:
		return 0, errors.New("connection refused")
	default:
		return b.Leases.Acquire(ctx, name, owner, ttl)
	}
}

func TestOneAtATimeWorksOnASharedStore(t *testing.T) {
	st, err := bolt.Open(filepath.Join(t.TempDir(), "sitrep.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	const ttl = 300 * time.Millisecond
	gone := make(chan struct{})
	first := sole{broken{st, gone}, "first", ttl}
	second := sole{st, "second", ttl}
	works, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- first.run(t.Context(), func(ctx context.Context) error {
			close(works)
			<-ctx.Done()
			return nil
		})
	}()
	<-works
	nothing := func(context.Context) error { t.Error("both work"); return nil }
	if err := second.run(t.Context(), nothing); err == nil || !strings.Contains(err.Error(), "another sitrep works on this store") {
		t.Errorf("while the first one lives: got %v", err)
	}
	close(gone)
	if err := <-ended; !errors.Is(err, errTaken) {
		t.Errorf("the first one, which lost its lease: got %v", err)
	}
	done := false
	if err := second.run(t.Context(), func(context.Context) error { done = true; return nil }); err != nil || !done {
		t.Errorf("after the first one: got %v", err)
	}
	if _, err := st.Acquire(t.Context(), installationLease, "third", ttl); err != nil {
		t.Errorf("the second one has not given the lease back: %v", err)
	}
}

func TestTheHolderStopsWhenAnotherHasTakenOver(t *testing.T) {
	st, err := bolt.Open(filepath.Join(t.TempDir(), "sitrep.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	err = sole{st, "first", 200 * time.Millisecond}.run(t.Context(), func(ctx context.Context) error {
		if err := st.Release(ctx, installationLease, "first"); err != nil {
			t.Error(err)
		}
		if _, err := st.Acquire(ctx, installationLease, "second", time.Hour); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
		return nil
	})
	if !errors.Is(err, errTaken) {
		t.Errorf("got %v", err)
	}
}

func TestDoctorTellsOfRedis(t *testing.T) {
	m := miniredis.RunT(t)
	said, err := sitrepSays(t, "doctor", "-c", configFile(t, minimal+"store: {redis: {url: 'redis://"+m.Addr()+"'}}\n"))
	if !errors.Is(err, errTold) || !strings.Contains(said, "store (Redis)\n") || !strings.Contains(said, "maxmemory-policy") {
		t.Errorf("got %v:\n%s", err, said)
	}
	said, _ = sitrepSays(t, "doctor", "-c", configFile(t, minimal+"store: {redis: {url: 'redis://:hunter2@127.0.0.1:1'}}\n"))
	if !strings.Contains(said, "WRONG a connection to Redis") || strings.Contains(said, "hunter2") {
		t.Errorf("got\n%s", said)
	}
}

func TestARedisThatCannotBeIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"store: {redis: {url: 'hunter2'}}\n":                                    "store.redis.url is no address",
		"store: {redis: {url: 'redis://h', acked_replicas: -1}}\n":              "store.redis.acked_replicas",
		"instance: 'a{b}'\nstore: {redis: {url: 'redis://h'}}\n":                "instance: no braces",
		"store: {redis: {url: 'redis+sentinel://h:1'}, path: 'somewhere.db'}\n": "store.redis.url is no address",
	} {
		_, err := sitrepSays(t, "check", "-c", configFile(t, minimal+text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want %s…", text, err, want)
		}
	}
}
