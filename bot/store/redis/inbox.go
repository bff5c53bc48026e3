package redis

import (
	"context"
	"encoding/json"
	"time"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

const (
	// keepClosed is how long ids of closed requests are remembered. The port promises a day, and vendors deliver again within hours.
	keepClosed = 48 * time.Hour
	// keepAnswered is so long for requests that commits have carried out. It must outlive any time that sitrep is down between a commit and the
	// closing of its request.
	keepAnswered = 90 * 24 * time.Hour
	// pruneAtOnce is how many of them one call forgets at most: more than it may add.
	pruneAtOnce = 16
)

// Receive stores a request, and reports whether its ID is new. An ID is remembered for two days after its entry was closed.
func (s *Store) Receive(ctx context.Context, r store.Request) (fresh bool, err error) {
	const op = "redis.Receive"
	if err := store.CheckName("request's id", r.ID, false); err != nil {
		return false, misuse(op, err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		return false, misuse(op, err)
	}
	var keys []string
	for _, name := range []string{"sh", "inbox", "inboxids", "closed", "answered"} {
		keys = append(keys, s.key(r.Shard(), name))
	}
	v, err := s.run(ctx, op, receiveScript, keys,
		r.ID, data, s.channel(), keepClosed.Milliseconds(), keepAnswered.Milliseconds(), pruneAtOnce)
	if err != nil {
		return false, err
	}
	if fresh = v == int64(1); fresh {
		s.signal()
	}
	return fresh, nil
}

// Requests returns the open entries after a place, at most limit, which 0 leaves open. Those of different shards come about in the order in which
// they were received.
func (s *Store) Requests(ctx context.Context, after store.Cursor, limit int) ([]store.Request, error) {
	const op = "redis.Requests"
	return readQueue(ctx, s, reading[store.Request]{
		op: op, stream: "inbox", field: "r", at: func(r store.Request) time.Time { return r.At },
		decode: func(seq uint64, data string) (r store.Request, err error) {
			err = json.Unmarshal([]byte(data), &r)
			r.Seq = seq
			return r, err
		},
	}, after, limit)
}

// CloseRequests takes entries away. One that is not open is no error. When it fails, some of them may have been taken away.
func (s *Store) CloseRequests(ctx context.Context, ids ...string) error {
	byShard := make(map[incident.Shard][]any)
	for _, id := range ids {
		shard := incident.ShardOf(id)
		byShard[shard] = append(byShard[shard], id)
	}
	for shard, ids := range byShard {
		keys := []string{s.key(shard, "inbox"), s.key(shard, "inboxids"), s.key(shard, "closed")}
		if _, err := s.run(ctx, "redis.CloseRequests", closeScript, keys, ids...); err != nil {
			return err
		}
	}
	return ctx.Err()
}
