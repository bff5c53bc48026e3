package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

func (s *Store) recordKeys(kind string) (values, order string) {
	shard := incident.ShardOf(kind)
	return s.key(shard, "rec"), s.key(shard, "reckeys")
}

// PutRecord writes a record, in the place of one that is there.
func (s *Store) PutRecord(ctx context.Context, kind, key string, value []byte) error {
	const op = "redis.PutRecord"
	if err := badRecord(kind, key); err != nil {
		return misuse(op, err)
	}
	values, order := s.recordKeys(kind)
	_, err := s.run(ctx, op, putScript, []string{values, order}, pair(kind, key), value)
	return err
}

func badRecord(kind, key string) error {
	return errors.Join(store.CheckName("record's kind", kind, true), store.CheckName("record's key", key, false))
}

// Record returns a record, or store.ErrNotFound.
func (s *Store) Record(ctx context.Context, kind, key string) ([]byte, error) {
	values, _ := s.recordKeys(kind)
	var got *goredis.StringCmd
	err := s.read(ctx, "redis.Record", func(p goredis.Pipeliner) { got = p.HGet(ctx, values, pair(kind, key)) })
	if err == nil && got.Err() != nil {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return []byte(got.Val()), nil
}

// page is how many records EachRecord reads at once.
const page = 100

// EachRecord calls f for the records of a kind whose key begins with prefix, in the order of their keys, until f returns an error.
// f may call the store; what it changes may or may not be seen.
func (s *Store) EachRecord(ctx context.Context, kind, prefix string, f func(key string, value []byte) error) error {
	begin := pair(kind, prefix)
	from := "[" + begin
	for {
		names, values, err := s.recordPage(ctx, kind, from, "("+past(begin))
		if err != nil {
			return err
		}
		for i, name := range names {
			value, there := values[i].(string)
			if !there {
				continue // taken away meanwhile
			}
			if err := f(strings.TrimPrefix(name, kind+"\x00"), []byte(value)); err != nil {
				return err
			}
		}
		if len(names) < page {
			return nil
		}
		from = "(" + names[len(names)-1]
	}
}

func (s *Store) recordPage(ctx context.Context, kind, from, to string) (names []string, values []any, err error) {
	const op = "redis.EachRecord"
	hash, order := s.recordKeys(kind)
	var keys *goredis.StringSliceCmd
	err = s.read(ctx, op, func(p goredis.Pipeliner) {
		keys = p.ZRangeByLex(ctx, order, &goredis.ZRangeBy{Min: from, Max: to, Count: page})
	})
	if err != nil || len(keys.Val()) == 0 {
		return nil, nil, err
	}
	var got *goredis.SliceCmd
	err = s.read(ctx, op, func(p goredis.Pipeliner) { got = p.HMGet(ctx, hash, keys.Val()...) })
	if err == nil && len(got.Val()) != len(keys.Val()) {
		err = fail(ctx, op, fmt.Errorf("asked for %d records, got %d", len(keys.Val()), len(got.Val())))
	}
	return keys.Val(), got.Val(), err
}

// DeleteRecord takes a record away; one that is not there is no error.
func (s *Store) DeleteRecord(ctx context.Context, kind, key string) error {
	values, order := s.recordKeys(kind)
	_, err := s.run(ctx, "redis.DeleteRecord", deleteScript, []string{values, order}, pair(kind, key))
	return err
}
