package bolt

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

func (p *prepared) writeQueue(tx *bbolt.Tx) error {
	byID, queue := tx.Bucket(taskIDs), tx.Bucket(tasks)
	for _, id := range p.Done {
		if !bytes.HasPrefix(byID.Get([]byte(id)), shardKey(p.Shard())) {
			continue
		}
		if err := takeAway(byID, queue, []byte(id)); err != nil {
			return err
		}
	}
	for i, t := range p.Tasks {
		if byID.Get([]byte(t.ID)) != nil {
			continue
		}
		if err := enqueue(byID, queue, p.Shard(), []byte(t.ID), p.tasks[i]); err != nil {
			return err
		}
	}
	return nil
}

// enqueue puts a value at the end of a shard's queue, and its id into the index beside it.
func enqueue(byID, queue *bbolt.Bucket, s incident.Shard, id, value []byte) error {
	seq, err := queue.NextSequence()
	if err != nil {
		return err
	}
	k := queueKey(s, seq)
	if err := queue.Put(k, value); err != nil {
		return err
	}
	return byID.Put(id, k)
}

// takeAway undoes enqueue; an id that is not there is no error.
func takeAway(byID, queue *bbolt.Bucket, id []byte) error {
	k := bytes.Clone(byID.Get(id))
	if k == nil {
		return nil
	}
	if err := byID.Delete(id); err != nil {
		return err
	}
	return queue.Delete(k)
}

// part is what one shard still has to give.
type part struct {
	c      *bbolt.Cursor
	prefix []byte
	k, v   []byte
}

func (p *part) seq() uint64 { return seqOf(p.k[len(p.prefix):]) }

func (p *part) there() bool { return p.k != nil && bytes.HasPrefix(p.k, p.prefix) }

// inOrder calls f for what stands after a place in a queue, the lowest seq first over all shards, at most limit times, which 0 leaves open.
func inOrder(queue *bbolt.Bucket, after store.Cursor, limit int, f func(seq uint64, v []byte) error) error {
	var parts []*part
	for _, s := range after.Shards() {
		p := &part{c: queue.Cursor(), prefix: shardKey(s)}
		if p.k, p.v = p.c.Seek(queueKey(s, after[s]+1)); p.there() {
			parts = append(parts, p)
		}
	}
	for n := 0; len(parts) > 0 && (limit <= 0 || n < limit); n++ {
		first := slices.MinFunc(parts, func(a, b *part) int { return cmp.Compare(a.seq(), b.seq()) })
		if err := f(first.seq(), first.v); err != nil {
			return err
		}
		if first.k, first.v = first.c.Next(); !first.there() {
			parts = slices.DeleteFunc(parts, func(p *part) bool { return p == first })
		}
	}
	return nil
}

func (p *prepared) writeTimers(tx *bbolt.Tx) error {
	for _, name := range p.Clear {
		if err := clearTimer(tx, p.Incident, name); err != nil {
			return err
		}
	}
	for _, t := range p.Set {
		if err := clearTimer(tx, p.Incident, t.Name); err != nil {
			return err
		}
		at := moment(t.Due)
		if err := tx.Bucket(incidents).Put(timerKey(p.Incident, t.Name), at); err != nil {
			return err
		}
		if err := tx.Bucket(due).Put(dueKey(at, p.Incident, t.Name), nil); err != nil {
			return err
		}
	}
	return nil
}

func clearTimer(tx *bbolt.Tx, id incident.ID, name string) error {
	at := tx.Bucket(incidents).Get(timerKey(id, name))
	if at == nil {
		return nil
	}
	if err := tx.Bucket(due).Delete(dueKey(at, id, name)); err != nil {
		return err
	}
	return tx.Bucket(incidents).Delete(timerKey(id, name))
}

// in reports whether an incident is in one of the shards; nil shards are all of them.
func in(shards []incident.Shard, id incident.ID) bool {
	return shards == nil || slices.Contains(shards, id.Shard())
}

// Tasks returns tasks after a place, at most limit, which 0 leaves open. They come in the order in which they were added, over all shards.
func (s *Store) Tasks(ctx context.Context, after store.Cursor, limit int) ([]store.Task, error) {
	var out []store.Task
	err := s.view(ctx, "bolt.Tasks", func(tx *bbolt.Tx) error {
		return inOrder(tx.Bucket(tasks), after, limit, func(seq uint64, v []byte) error {
			t := store.Task{Seq: seq}
			if err := json.Unmarshal(v, &t); err != nil {
				return fmt.Errorf("task %d: %w", seq, err)
			}
			out = append(out, t)
			return ctx.Err()
		})
	})
	return out, err
}

func enough[T any](out []T, limit int) bool { return limit > 0 && len(out) >= limit }

// Due returns timers of the shards that are due at now or before, the earliest first, at most limit, which 0 leaves open.
func (s *Store) Due(ctx context.Context, shards []incident.Shard, now time.Time, limit int) ([]store.Timer, error) {
	var out []store.Timer
	err := s.view(ctx, "bolt.Due", func(tx *bbolt.Tx) error {
		c := tx.Bucket(due).Cursor()
		for k, _ := c.First(); k != nil && !enough(out, limit) && !timeOf(k).After(now); k, _ = c.Next() {
			if t := timerOf(k); in(shards, t.Incident) {
				out = append(out, t)
			}
		}
		return nil
	})
	return out, err
}

func dueKey(at []byte, id incident.ID, name string) []byte { return join(at, pair(string(id), name)) }

// timerOf undoes dueKey.
func timerOf(k []byte) store.Timer {
	id, name := unpair(k[momentSize:])
	return store.Timer{Incident: incident.ID(id), Name: name, Due: timeOf(k)}
}

// Next returns when the earliest timer of the shards is due, and false when there is none.
func (s *Store) Next(ctx context.Context, shards []incident.Shard) (at time.Time, found bool, err error) {
	err = s.view(ctx, "bolt.Next", func(tx *bbolt.Tx) error {
		c := tx.Bucket(due).Cursor()
		for k, _ := c.First(); k != nil && !found; k, _ = c.Next() {
			if t := timerOf(k); in(shards, t.Incident) {
				at, found = t.Due, true
			}
		}
		return nil
	})
	return at, found, err
}
