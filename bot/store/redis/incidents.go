package redis

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// Load returns the State and the counters of an incident, or store.ErrNotFound.
func (s *Store) Load(ctx context.Context, id incident.ID) (incident.State, map[string]int64, error) {
	const op = "redis.Load"
	var got *goredis.MapStringStringCmd
	err := s.read(ctx, op, func(p goredis.Pipeliner) { got = p.HGetAll(ctx, s.key(id.Shard(), "in:"+string(id))) })
	if err != nil {
		return incident.State{}, nil, err
	}
	fields := got.Val()
	if fields["s"] == "" {
		return incident.State{}, nil, store.ErrNotFound
	}
	counts := make(map[string]int64)
	for name, v := range fields {
		if counter, ok := strings.CutPrefix(name, "c:"); ok {
			if counts[counter], err = strconv.ParseInt(v, 10, 64); err != nil {
				return incident.State{}, nil, fail(ctx, op, fmt.Errorf("counter %s: %w", name, err))
			}
		}
	}
	st, err := s.unfold(ctx, id, fields)
	if err != nil {
		return incident.State{}, nil, fail(ctx, op, err)
	}
	return st, counts, nil
}

// unfold decodes a stored State, or folds it again when another version of the fold made it. It is written back with the next commit.
func (s *Store) unfold(ctx context.Context, id incident.ID, fields map[string]string) (st incident.State, err error) {
	if fields["f"] == strconv.Itoa(incident.FoldVersion) {
		err = json.Unmarshal([]byte(fields["s"]), &st)
		return st, err
	}
	recorded, err := s.Events(ctx, id, 0, 0)
	if err != nil {
		return st, err
	}
	return incident.Fold(id, recorded), nil
}

// Events returns an incident's events after a version, oldest first; limit 0 means all.
func (s *Store) Events(ctx context.Context, id incident.ID, after incident.Version, limit int) ([]incident.Recorded, error) {
	const op = "redis.Events"
	var got *goredis.XMessageSliceCmd
	err := s.read(ctx, op, func(p goredis.Pipeliner) {
		got = xrange(ctx, p, s.key(id.Shard(), "ev:"+string(id)), uint64(after), limit)
	})
	if err != nil {
		return nil, err
	}
	var out []incident.Recorded
	for _, m := range got.Val() {
		e, err := incident.Decode([]byte(fmt.Sprint(m.Values["e"])))
		if err != nil {
			return nil, fail(ctx, op, fmt.Errorf("incident %s: %w", id, err))
		}
		out = append(out, e)
	}
	return out, nil
}

// xrange reads a stream after a place, at most limit entries, which 0 leaves open.
func xrange(ctx context.Context, p goredis.Pipeliner, key string, after uint64, limit int) *goredis.XMessageSliceCmd {
	if limit > 0 {
		return p.XRangeN(ctx, key, streamID(after+1), "+", int64(limit))
	}
	return p.XRange(ctx, key, streamID(after+1), "+")
}

// Reserve returns a number that was never returned before, and remembers whose it is.
func (s *Store) Reserve(ctx context.Context, id incident.ID) (incident.Number, error) {
	const op = "redis.Reserve"
	if err := store.CheckName("incident's id", string(id), true); err != nil {
		return 0, misuse(op, err)
	}
	v, err := s.run(ctx, op, reserveScript, []string{s.lastNumber(), s.numbersKey()}, string(id))
	if err != nil {
		return 0, err
	}
	n, _ := v.(int64)
	return incident.Number(n), nil
}

// Numbered returns the incident with that number, or store.ErrNotFound; so too while its incident is not committed.
func (s *Store) Numbered(ctx context.Context, n incident.Number) (incident.ID, error) {
	const op = "redis.Numbered"
	var got *goredis.StringCmd
	err := s.read(ctx, op, func(p goredis.Pipeliner) { got = p.HGet(ctx, s.numbersKey(), strconv.FormatInt(int64(n), 10)) })
	if err != nil {
		return "", err
	}
	id := incident.ID(got.Val())
	if id == "" {
		return "", store.ErrNotFound
	}
	var there *goredis.BoolCmd
	err = s.read(ctx, op, func(p goredis.Pipeliner) { there = p.HExists(ctx, s.key(id.Shard(), "in:"+string(id)), "s") })
	if err == nil && !there.Val() {
		err = store.ErrNotFound
	}
	if err != nil {
		return "", err
	}
	return id, nil
}

// Open returns the ids of all open incidents, the highest number first.
func (s *Store) Open(ctx context.Context) ([]incident.ID, error) {
	return s.byNumber(ctx, "redis.Open", "open", 0, 0)
}

// List returns ids of incidents with a number below before (0: all), the highest number first, at most limit, which 0 leaves open.
func (s *Store) List(ctx context.Context, before incident.Number, limit int) ([]incident.ID, error) {
	return s.byNumber(ctx, "redis.List", "list", before, limit)
}

// byNumber puts together what an index of each shard has.
func (s *Store) byNumber(ctx context.Context, op, index string, before incident.Number, limit int) ([]incident.ID, error) {
	by := &goredis.ZRangeBy{Min: "-inf", Max: "+inf", Count: -1}
	if before > 0 {
		by.Max = fmt.Sprintf("(%d", before)
	}
	if limit > 0 {
		by.Count = int64(limit)
	}
	var parts []*goredis.ZSliceCmd
	err := s.read(ctx, op, func(p goredis.Pipeliner) {
		for _, shard := range store.Shards(nil) {
			parts = append(parts, p.ZRevRangeByScoreWithScores(ctx, s.key(shard, index), by))
		}
	})
	if err != nil {
		return nil, err
	}
	var all []goredis.Z
	for _, part := range parts {
		all = append(all, part.Val()...)
	}
	slices.SortFunc(all, func(a, b goredis.Z) int { return cmp.Compare(b.Score, a.Score) })
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	var out []incident.ID
	for _, z := range all {
		out = append(out, incident.ID(fmt.Sprint(z.Member)))
	}
	return out, nil
}

// Claimed returns who holds a key, or an empty id.
func (s *Store) Claimed(ctx context.Context, key string) (incident.ID, error) {
	var got *goredis.StringCmd
	err := s.read(ctx, "redis.Claimed", func(p goredis.Pipeliner) { got = p.HGet(ctx, s.key(incident.ShardOf(key), "claims"), key) })
	if err != nil {
		return "", err
	}
	return incident.ID(got.Val()), nil
}

// Room returns the incident that a room of a platform belongs to, or store.ErrNotFound. Of two that have had it, it is the one that got it last.
func (s *Store) Room(ctx context.Context, platform, room string) (incident.ID, error) {
	var parts []*goredis.StringCmd
	err := s.read(ctx, "redis.Room", func(p goredis.Pipeliner) {
		for _, shard := range store.Shards(nil) {
			parts = append(parts, p.HGet(ctx, s.key(shard, "rooms"), pair(platform, room)))
		}
	})
	if err != nil {
		return "", err
	}
	var last string
	for _, part := range parts {
		last = max(last, part.Val()) // each begins with the moment
	}
	_, id, found := strings.Cut(last, " ")
	if !found {
		return "", store.ErrNotFound
	}
	return incident.ID(id), nil
}

// Answered reports whether a commit to the shard of the incident has carried out a request.
func (s *Store) Answered(ctx context.Context, id incident.ID, request string) (bool, error) {
	var got *goredis.FloatCmd
	err := s.read(ctx, "redis.Answered", func(p goredis.Pipeliner) { got = p.ZScore(ctx, s.key(id.Shard(), "answered"), request) })
	if err != nil {
		return false, err
	}
	return got.Err() == nil, nil
}
