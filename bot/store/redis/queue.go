package redis

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// Tasks returns tasks after a place, at most limit, which 0 leaves open. Those of different shards come about in the order in which they were made.
func (s *Store) Tasks(ctx context.Context, after store.Cursor, limit int) ([]store.Task, error) {
	const op = "redis.Tasks"
	return readQueue(ctx, s, reading[store.Task]{
		op: op, stream: "tasks", field: "t", at: func(t store.Task) time.Time { return t.Created },
		decode: func(seq uint64, data string) (t store.Task, err error) {
			err = json.Unmarshal([]byte(data), &t)
			t.Seq = seq
			return t, err
		},
	}, after, limit)
}

// reading says how the entries of a shard's stream are read.
type reading[T any] struct {
	op, stream, field string
	decode            func(seq uint64, data string) (T, error)
	at                func(T) time.Time
}

// readQueue reads a stream of each shard, in rounds of some entries each until there are enough, so that a long queue is not read whole to get
// at its first few.
func readQueue[T any](ctx context.Context, s *Store, r reading[T], after store.Cursor, limit int) ([]T, error) {
	shards := after.Shards()
	if len(shards) == 0 {
		return nil, ctx.Err()
	}
	each := 0
	if limit > 0 {
		each = max(1, 2*limit/len(shards))
	}
	parts := make(map[incident.Shard][]T, len(shards))
	places := make(map[incident.Shard]uint64, len(shards))
	for _, shard := range shards {
		places[shard] = after[shard]
	}
	total := 0
	for left := shards; len(left) > 0 && (limit <= 0 || total < limit); {
		var more []incident.Shard
		got := make([]*goredis.XMessageSliceCmd, len(left))
		err := s.read(ctx, r.op, func(p goredis.Pipeliner) {
			for i, shard := range left {
				got[i] = xrange(ctx, p, s.key(shard, r.stream), places[shard], each)
			}
		})
		if err != nil {
			return nil, err
		}
		for i, shard := range left {
			messages := got[i].Val()
			for _, m := range messages {
				v, err := r.decode(seqOf(m.ID), fmt.Sprint(m.Values[r.field]))
				if err != nil {
					return nil, fail(ctx, r.op, fmt.Errorf("shard %d, %s: %w", shard, m.ID, err))
				}
				parts[shard] = append(parts[shard], v)
				places[shard] = seqOf(m.ID)
			}
			total += len(messages)
			if each > 0 && len(messages) == each {
				more = append(more, shard)
			}
		}
		left = more
	}
	return merge(parts, shards, r.at, limit), nil
}

// merge puts the shards' entries together by time, and leaves those of a shard in their order.
func merge[T any](parts map[incident.Shard][]T, shards []incident.Shard, at func(T) time.Time, limit int) []T {
	var out []T
	left := slices.DeleteFunc(slices.Clone(shards), func(s incident.Shard) bool { return len(parts[s]) == 0 })
	for len(left) > 0 && (limit <= 0 || len(out) < limit) {
		first := slices.MinFunc(left, func(a, b incident.Shard) int { return at(parts[a][0]).Compare(at(parts[b][0])) })
		out = append(out, parts[first][0])
		if parts[first] = parts[first][1:]; len(parts[first]) == 0 {
			left = slices.DeleteFunc(left, func(s incident.Shard) bool { return s == first })
		}
	}
	return out
}

// Due returns timers of the shards that are due at now or before, the earliest first, at most limit, which 0 leaves open.
func (s *Store) Due(ctx context.Context, shards []incident.Shard, now time.Time, limit int) ([]store.Timer, error) {
	return s.timers(ctx, "redis.Due", shards, "("+past(moment(now)), limit)
}

// timers reads what is due before a place in the order of their bytes.
func (s *Store) timers(ctx context.Context, op string, shards []incident.Shard, before string, limit int) ([]store.Timer, error) {
	by := &goredis.ZRangeBy{Min: "-", Max: before, Count: -1}
	if limit > 0 {
		by.Count = int64(limit)
	}
	var parts []*goredis.StringSliceCmd
	err := s.read(ctx, op, func(p goredis.Pipeliner) {
		for _, shard := range store.Shards(shards) {
			parts = append(parts, p.ZRangeByLex(ctx, s.key(shard, "due"), by))
		}
	})
	if err != nil {
		return nil, err
	}
	var members []string
	for _, part := range parts {
		members = append(members, part.Val()...)
	}
	slices.SortFunc(members, cmp.Compare[string])
	if limit > 0 && len(members) > limit {
		members = members[:limit]
	}
	var out []store.Timer
	for _, m := range members {
		id, name, _ := strings.Cut(m[momentSize:], "\x00")
		out = append(out, store.Timer{Incident: incident.ID(id), Name: name, Due: timeOf(m)})
	}
	return out, nil
}

// Next returns when the earliest timer of the shards is due, and false when there is none.
func (s *Store) Next(ctx context.Context, shards []incident.Shard) (time.Time, bool, error) {
	first, err := s.timers(ctx, "redis.Next", shards, "+", 1)
	if err != nil || len(first) == 0 {
		return time.Time{}, false, err
	}
	return first[0].Due, true, nil
}
