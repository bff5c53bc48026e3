package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"sitrep/bot/ops"
	"sitrep/bot/store"
)

// schema is the version of the layout that this code reads and writes.
const schema = 1

// Options are the settings of a store. The URL alone is needed.
type Options struct {
	// URL is redis://user:password@host:6379/0, rediss:// with TLS; redis+sentinel://host:26379,host:26379/name/0 for a server that Sentinels
	// watch over; redis+cluster://host:6379,host:6379 for a cluster. It holds a secret, and no error tells it.
	URL string
	// Instance is what every key begins with, so that several installations share a server; empty means "sitrep".
	Instance string
	// AckedReplicas is how many replicas must have a write before it counts as done.
	AckedReplicas int
	// Timeout is how long a call may take at the server; zero means 3 s. A context may say less.
	Timeout time.Duration
	// Poll is how often Changed looks for what no message has told; zero means 2 s.
	Poll time.Duration
}

// Check refuses what can be no store, without connecting.
func (o Options) Check() error {
	if strings.ContainsAny(o.Instance, "{}") {
		return &ops.Error{Op: "redis.Open", Kind: ops.Invalid, Msg: "instance: no braces, please: they have a meaning in Redis's keys"}
	}
	_, err := parse(o.URL)
	return err
}

// Store is a store on Redis. The zero value is of no use; see Open.
type Store struct {
	client   goredis.UniversalClient
	single   *goredis.Client        // nil with a cluster
	cluster  *goredis.ClusterClient // nil without
	prefix   string
	replicas int
	ack      time.Duration // how long a write waits for them
	poll     time.Duration
	changed  chan struct{}

	mu       sync.Mutex
	closed   bool
	stop     context.CancelFunc // of the watch, once there is one
	watching sync.WaitGroup
}

var _ store.Store = (*Store)(nil)

// Open connects to Redis, and makes the layout when there is none. It fails when the server cannot be reached within ctx and the timeout, and when
// the store was written by a newer sitrep. Later it reconnects by itself.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := connected(o)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.client.Close())
	}
	return s, nil
}

// connected makes a store with its client, which sends nothing yet.
func connected(o Options) (*Store, error) {
	if o.Instance == "" {
		o.Instance = "sitrep"
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = 3 * time.Second
	}
	if o.Poll == 0 {
		o.Poll = 2 * time.Second
	}
	s := &Store{prefix: o.Instance, replicas: o.AckedReplicas, ack: o.Timeout / 3, poll: o.Poll, changed: make(chan struct{}, 1)}
	return s, s.connect(o)
}

// prepare looks at the schema's version, and writes it when there is none.
func (s *Store) prepare(ctx context.Context) error {
	if err := s.client.SetNX(ctx, s.schemaKey(), schema, 0).Err(); err != nil {
		return unreachable(ctx, err)
	}
	text, err := s.client.Get(ctx, s.schemaKey()).Result()
	if err != nil {
		return fail(ctx, "redis.Open", err)
	}
	found, err := strconv.Atoi(text)
	switch {
	case err != nil || found < 1:
		return &ops.Error{Op: "redis.Open", Kind: ops.Invalid, Msg: fmt.Sprintf("the keys that begin with %s: belong to another program; choose another instance", s.prefix)}
	case found > schema:
		return &ops.Error{Op: "redis.Open", Kind: ops.Invalid, Msg: fmt.Sprintf(
			"the store in Redis has schema version %d, and this sitrep knows versions up to %d: run the newer sitrep that wrote it", found, schema)}
	}
	return nil
}

// Close ends the watch for changes and all connections. Calls that come after it fail. It may be called twice.
func (s *Store) Close() error {
	s.mu.Lock()
	already := s.closed
	s.closed = true
	if s.stop != nil {
		s.stop()
	}
	s.mu.Unlock()
	s.watching.Wait()
	if already {
		return nil
	}
	return fail(context.Background(), "redis.Close", s.client.Close())
}

// Changed receives, without ever blocking the writer, after tasks, timers or requests were added, by this replica or another one. The first call
// starts the watch, which Close ends. It receives now and then without cause, too, so that nothing waits for a message that was lost.
func (s *Store) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop == nil && !s.closed {
		ctx, stop := context.WithCancel(context.Background())
		s.stop = stop
		s.watching.Go(func() { s.watch(ctx) })
	}
	return s.changed
}

func (s *Store) watch(ctx context.Context) {
	sub := s.client.Subscribe(ctx, s.channel())
	defer func() { _ = sub.Close() }()
	told := sub.Channel() // connects again by itself
	look := time.NewTicker(s.poll)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-told:
		case <-look.C:
		}
		s.signal()
	}
}

func (s *Store) signal() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}
