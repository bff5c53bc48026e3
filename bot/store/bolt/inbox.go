package bolt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"sitrep/bot/store"
)

// Receive stores a request, and reports whether its ID is new. An ID is remembered for two days after its entry was closed.
func (s *Store) Receive(ctx context.Context, r store.Request) (fresh bool, err error) {
	if err := store.CheckName("request's id", r.ID, false); err != nil {
		return false, misuse("bolt.Receive", err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		return false, misuse("bolt.Receive", err)
	}
	id, now := []byte(r.ID), s.now()
	check := func(tx *bbolt.Tx) error {
		if fresh = tx.Bucket(inboxIDs).Get(id) == nil && !closed.has(tx, id); !fresh {
			return errNothing
		}
		return nil
	}
	err = s.write(ctx, "bolt.Receive", check, func(tx *bbolt.Tx) error {
		return errors.Join(
			enqueue(tx.Bucket(inboxIDs), tx.Bucket(inbox), r.Shard(), id, data),
			closed.prune(tx, now),
			answered.prune(tx, now),
		)
	})
	if err != nil {
		return false, err
	}
	if fresh {
		s.signal()
	}
	return fresh, nil
}

// Requests returns the open entries after a place, at most limit, which 0 leaves open. They come in the order in which they were received, over
// all shards.
func (s *Store) Requests(ctx context.Context, after store.Cursor, limit int) ([]store.Request, error) {
	var out []store.Request
	err := s.view(ctx, "bolt.Requests", func(tx *bbolt.Tx) error {
		return inOrder(tx.Bucket(inbox), after, limit, func(seq uint64, v []byte) error {
			r := store.Request{Seq: seq}
			if err := json.Unmarshal(v, &r); err != nil {
				return fmt.Errorf("request %d: %w", seq, err)
			}
			out = append(out, r)
			return nil
		})
	})
	return out, err
}

// CloseRequests takes entries away. One that is not open is no error.
func (s *Store) CloseRequests(ctx context.Context, ids ...string) error {
	at := moment(s.now())
	var open [][]byte
	check := func(tx *bbolt.Tx) error {
		open = open[:0]
		for _, id := range ids {
			if tx.Bucket(inboxIDs).Get([]byte(id)) != nil {
				open = append(open, []byte(id))
			}
		}
		if len(open) == 0 {
			return errNothing
		}
		return nil
	}
	return s.write(ctx, "bolt.CloseRequests", check, func(tx *bbolt.Tx) error {
		for _, id := range open {
			if err := takeAway(tx.Bucket(inboxIDs), tx.Bucket(inbox), id); err != nil {
				return err
			}
			if err := closed.add(tx, id, at); err != nil {
				return err
			}
		}
		return nil
	})
}
