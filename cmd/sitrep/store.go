package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sitrep/bot/ops"
	"sitrep/bot/store"
	"sitrep/bot/store/bolt"
	"sitrep/bot/store/redis"
	"sitrep/integrations"
)

// StoreConfig says where the record is kept.
type StoreConfig struct {
	Path  string      `yaml:"path" doc:"File of the embedded store."`
	Redis RedisConfig `yaml:"redis" doc:"A Redis instead of the file, version 7 or newer."`
}

// RedisConfig connects to Redis.
type RedisConfig struct {
	URL           integrations.Secret `yaml:"url" doc:"redis://user:password@host:6379/0, rediss:// with TLS, redis+sentinel://host,host/name, or redis+cluster://host,host."`
	AckedReplicas int                 `yaml:"acked_replicas" doc:"How many replicas must have a write before it is acknowledged."`
}

// inRedis reports whether the record is kept in Redis.
func (c Config) inRedis() bool { return c.Store.Redis.URL.Reveal() != "" }

func (c Config) redis() redis.Options {
	return redis.Options{URL: c.Store.Redis.URL.Reveal(), Instance: c.Instance, AckedReplicas: c.Store.Redis.AckedReplicas}
}

// checkStore refuses what can be no store.
func checkStore(cfg Config) error {
	if !cfg.inRedis() {
		return nil
	}
	if cfg.Store.Redis.AckedReplicas < 0 {
		return errors.New("store.redis.acked_replicas: there cannot be fewer replicas than none")
	}
	if err := cfg.redis().Check(); err != nil {
		return errors.New(ops.Tell(err))
	}
	return nil
}

const openWithin = 15 * time.Second

// openStore opens the configured store.
func openStore(ctx context.Context, cfg Config) (store.Store, error) {
	if !cfg.inRedis() {
		return asStore(bolt.Open(cfg.Store.Path, bolt.Options{}))
	}
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	return asStore(redis.Open(ctx, cfg.redis()))
}

// asStore keeps the nil pointer of a store that was not opened from becoming a store.
func asStore[S store.Store](s S, err error) (store.Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// redisHealth is Redis as doctor looks at it.
type redisHealth struct{ redis.Options }

func (r redisHealth) Check(ctx context.Context) []ops.Finding { return redis.Check(ctx, r.Options) }

const (
	installationLease = "installation"
	leaseTTL          = 15 * time.Second
)

var errTaken = errors.New("another sitrep has taken over the store, or Redis could not be reached for too long; this one has stopped so that nothing is done twice")

// sole lets one process at a time work on a store that several can open.
type sole struct {
	leases store.Leases
	owner  string
	ttl    time.Duration
}

// run calls f while this process holds the installation. It waits for one that was killed to be forgotten, and refuses when another one lives. f's
// context ends when the lease is lost; run returns once f has.
func (s sole) run(ctx context.Context, f func(context.Context) error) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	work, stop := context.WithCancelCause(ctx)
	renewing, enough := context.WithCancel(context.WithoutCancel(ctx))
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		if s.renew(renewing) != nil {
			stop(errTaken)
		}
	}()
	err := f(work)
	enough()
	<-renewed
	if errors.Is(context.Cause(work), errTaken) {
		return errTaken
	}
	stop(nil)
	release, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ttl)
	defer cancel()
	return errors.Join(err, s.leases.Release(release, installationLease, s.owner))
}

// take waits for as long as a lease outlives its holder.
func (s sole) take(ctx context.Context) error {
	deadline := time.Now().Add(s.ttl + s.ttl/5)
	for {
		_, err := s.leases.Acquire(ctx, installationLease, s.owner, s.ttl)
		if !errors.Is(err, store.ErrHeld) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("another sitrep works on this store, and several at a time are not supported yet: stop that one, or give this one another instance: %w", err)
		}
		if err := sleep(ctx, s.ttl/20); err != nil {
			return err
		}
	}
}

// renew holds the lease until ctx ends, and returns an error once it is lost or cannot be relied on any more.
func (s sole) renew(ctx context.Context) error {
	for until := time.Now().Add(s.ttl); sleep(ctx, s.ttl/5) == nil; {
		asked := time.Now()
		_, err := s.leases.Acquire(ctx, installationLease, s.owner, s.ttl)
		switch {
		case err == nil:
			until = asked.Add(s.ttl)
		case ctx.Err() == nil && (errors.Is(err, store.ErrHeld) || time.Now().After(until.Add(-s.ttl/5))):
			return err
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
