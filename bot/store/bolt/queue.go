package bolt

import (
	"bytes"
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
	byID, bySeq := tx.Bucket(taskIDs), tx.Bucket(tasks)
	for _, id := range p.Done {
		if err := takeAway(byID, bySeq, []byte(id)); err != nil {
			return err
		}
	}
	for i, t := range p.Tasks {
		if byID.Get([]byte(t.ID)) != nil {
			continue
		}
		if err := enqueue(byID, bySeq, []byte(t.ID), p.tasks[i]); err != nil {
			return err
		}
	}
	return nil
}

// enqueue puts a value at the end of a bucket ordered by seq, and its id into the index beside it.
func enqueue(byID, bySeq *bbolt.Bucket, id, value []byte) error {
	seq, err := bySeq.NextSequence()
	if err != nil {
		return err
	}
	if err := bySeq.Put(seqKey(seq), value); err != nil {
		return err
	}
	return byID.Put(id, seqKey(seq))
}

// takeAway undoes enqueue; an id that is not there is no error.
func takeAway(byID, bySeq *bbolt.Bucket, id []byte) error {
	seq := bytes.Clone(byID.Get(id))
	if seq == nil {
		return nil
	}
	if err := byID.Delete(id); err != nil {
		return err
	}
	return bySeq.Delete(seq)
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

// in reports whether an incident is in one of the shards; no shards means all of them.
func in(shards []incident.Shard, id incident.ID) bool {
	return len(shards) == 0 || slices.Contains(shards, id.Shard())
}

// Tasks returns tasks of the shards with Seq above after, in order, at most limit, which 0 leaves open.
func (s *Store) Tasks(ctx context.Context, shards []incident.Shard, after uint64, limit int) ([]store.Task, error) {
	var out []store.Task
	err := s.view(ctx, "bolt.Tasks", func(tx *bbolt.Tx) error {
		c := tx.Bucket(tasks).Cursor()
		for k, v := c.Seek(seqKey(after + 1)); k != nil && !enough(out, limit); k, v = c.Next() {
			t := store.Task{Seq: seqOf(k)}
			if err := json.Unmarshal(v, &t); err != nil {
				return fmt.Errorf("task %d: %w", t.Seq, err)
			}
			if in(shards, t.Incident) {
				out = append(out, t)
			}
		}
		return ctx.Err()
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
