package redis

import (
	"context"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// Each calls f for every number, claim, answered and closed request, and kind of records, until f returns an error. It reads one shard after the
// other; f may call the store.
func (s *Store) Each(ctx context.Context, f func(store.Entry) error) error {
	if err := s.eachNumber(ctx, f); err != nil {
		return err
	}
	for _, shard := range store.Shards(nil) {
		if err := s.eachOf(ctx, shard, f); err != nil {
			return err
		}
		if err := s.eachKind(ctx, shard, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) eachNumber(ctx context.Context, f func(store.Entry) error) error {
	const op = "redis.Each"
	var got *goredis.MapStringStringCmd
	if err := s.read(ctx, op, func(p goredis.Pipeliner) { got = p.HGetAll(ctx, s.numbersKey()) }); err != nil {
		return err
	}
	for n, id := range got.Val() {
		number, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return fail(ctx, op, err)
		}
		if err := f(store.Entry{Kind: store.NumberEntry, Number: incident.Number(number), Incident: incident.ID(id)}); err != nil {
			return err
		}
	}
	return nil
}

// eachOf tells what one shard remembers.
func (s *Store) eachOf(ctx context.Context, shard incident.Shard, f func(store.Entry) error) error {
	var claims *goredis.MapStringStringCmd
	var answered, closed *goredis.StringSliceCmd
	err := s.read(ctx, "redis.Each", func(p goredis.Pipeliner) {
		claims = p.HGetAll(ctx, s.key(shard, "claims"))
		answered = p.ZRange(ctx, s.key(shard, "answered"), 0, -1)
		closed = p.ZRange(ctx, s.key(shard, "closed"), 0, -1)
	})
	if err != nil {
		return err
	}
	for key, id := range claims.Val() {
		if err := f(store.Entry{Kind: store.ClaimEntry, Key: key, Incident: incident.ID(id)}); err != nil {
			return err
		}
	}
	for _, request := range answered.Val() {
		if err := f(store.Entry{Kind: store.AnsweredEntry, Key: request, Shard: shard}); err != nil {
			return err
		}
	}
	for _, request := range closed.Val() {
		if err := f(store.Entry{Kind: store.ClosedEntry, Key: request}); err != nil {
			return err
		}
	}
	return nil
}

// eachKind goes from one kind of records to the next without reading what is between them.
func (s *Store) eachKind(ctx context.Context, shard incident.Shard, f func(store.Entry) error) error {
	for from := "-"; ; {
		var got *goredis.StringSliceCmd
		err := s.read(ctx, "redis.Each", func(p goredis.Pipeliner) {
			got = p.ZRangeByLex(ctx, s.key(shard, "reckeys"), &goredis.ZRangeBy{Min: from, Max: "+", Count: 1})
		})
		if err != nil || len(got.Val()) == 0 {
			return err
		}
		kind, _, _ := strings.Cut(got.Val()[0], "\x00")
		if err := f(store.Entry{Kind: store.KindEntry, Key: kind}); err != nil {
			return err
		}
		from = "[" + kind + "\x01"
	}
}
