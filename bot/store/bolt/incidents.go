package bolt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// Load returns the State and the counters of an incident, or store.ErrNotFound.
func (s *Store) Load(ctx context.Context, id incident.ID) (incident.State, map[string]int64, error) {
	var st incident.State
	sums := make(map[string]int64)
	err := s.view(ctx, "bolt.Load", func(tx *bbolt.Tx) error {
		h, state, err := readState(tx, id)
		if err != nil {
			return err
		}
		if state == nil {
			return store.ErrNotFound
		}
		if st, err = unfold(tx, id, h, state); err != nil {
			return err
		}
		err = getJSON(tx, incidents, countsKey(id), &sums)
		return err
	})
	if err != nil {
		return incident.State{}, nil, err
	}
	return st, sums, nil
}

// unfold decodes a stored State, or folds it again when another version of the fold made it. It is written back with the next commit.
func unfold(tx *bbolt.Tx, id incident.ID, h head, state []byte) (incident.State, error) {
	var st incident.State
	if h.Fold == incident.FoldVersion {
		err := json.Unmarshal(state, &st)
		return st, err
	}
	recorded, err := readEvents(tx, id, 0, 0)
	if err != nil {
		return st, err
	}
	return incident.Fold(id, recorded), nil
}

// Events returns an incident's events after a version, oldest first; limit 0 means all.
func (s *Store) Events(ctx context.Context, id incident.ID, after incident.Version, limit int) (out []incident.Recorded, err error) {
	err = s.view(ctx, "bolt.Events", func(tx *bbolt.Tx) error {
		out, err = readEvents(tx, id, after, limit)
		return err
	})
	return out, err
}

func readEvents(tx *bbolt.Tx, id incident.ID, after incident.Version, limit int) ([]incident.Recorded, error) {
	var out []incident.Recorded
	prefix := eventsOf(id)
	c := tx.Bucket(incidents).Cursor()
	for k, v := c.Seek(eventKey(id, after+1)); k != nil && bytes.HasPrefix(k, prefix) && !enough(out, limit); k, v = c.Next() {
		e, err := incident.Decode(v)
		if err != nil {
			return nil, fmt.Errorf("incident %s: %w", id, err)
		}
		out = append(out, e)
	}
	return out, nil
}

// Reserve returns a number that was never returned before, and remembers whose it is.
func (s *Store) Reserve(ctx context.Context, id incident.ID) (n incident.Number, err error) {
	if err := store.CheckName("incident's id", string(id), true); err != nil {
		return 0, misuse("bolt.Reserve", err)
	}
	err = s.write(ctx, "bolt.Reserve", nil, func(tx *bbolt.Tx) error {
		seq, err := tx.Bucket(numbers).NextSequence()
		if err != nil {
			return err
		}
		n = incident.Number(seq)
		return tx.Bucket(numbers).Put(seqKey(seq), []byte(id))
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// Numbered returns the incident with that number, or store.ErrNotFound; so too while its incident is not committed.
func (s *Store) Numbered(ctx context.Context, n incident.Number) (incident.ID, error) {
	return s.find(ctx, "bolt.Numbered", func(tx *bbolt.Tx) incident.ID {
		id := incident.ID(tx.Bucket(numbers).Get(seqKey(uint64(n))))
		if !committed(tx, id) {
			return ""
		}
		return id
	})
}

func committed(tx *bbolt.Tx, id incident.ID) bool {
	return tx.Bucket(incidents).Get(stateKey(id)) != nil
}

// find reads one id, and turns an empty one into store.ErrNotFound.
func (s *Store) find(ctx context.Context, op string, f func(*bbolt.Tx) incident.ID) (id incident.ID, err error) {
	err = s.view(ctx, op, func(tx *bbolt.Tx) error {
		if id = f(tx); id == "" {
			return store.ErrNotFound
		}
		return nil
	})
	return id, err
}

// Open returns the ids of all open incidents, the highest number first.
func (s *Store) Open(ctx context.Context) ([]incident.ID, error) {
	var out []incident.ID
	err := s.view(ctx, "bolt.Open", func(tx *bbolt.Tx) error {
		c := tx.Bucket(openBucket).Cursor()
		for k, _ := c.Last(); k != nil; k, _ = c.Prev() {
			out = append(out, incident.ID(k[8:]))
		}
		return nil
	})
	return out, err
}

// List returns ids of incidents with a number below before (0: all), the highest number first, at most limit, which 0 leaves open.
func (s *Store) List(ctx context.Context, before incident.Number, limit int) ([]incident.ID, error) {
	var out []incident.ID
	err := s.view(ctx, "bolt.List", func(tx *bbolt.Tx) error {
		c := tx.Bucket(numbers).Cursor()
		k, v := c.Last()
		if before > 0 {
			if at, _ := c.Seek(seqKey(uint64(before))); at != nil {
				k, v = c.Prev()
			} else {
				k, v = c.Last()
			}
		}
		for ; k != nil && !enough(out, limit); k, v = c.Prev() {
			if id := incident.ID(v); committed(tx, id) {
				out = append(out, id)
			}
		}
		return nil
	})
	return out, err
}

// Claimed returns who holds a key, or an empty id.
func (s *Store) Claimed(ctx context.Context, key string) (incident.ID, error) {
	id, err := s.find(ctx, "bolt.Claimed", func(tx *bbolt.Tx) incident.ID {
		return incident.ID(tx.Bucket(claims).Get([]byte(key)))
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return id, err
}

// Room returns the incident that a room of a platform belongs to, or store.ErrNotFound.
func (s *Store) Room(ctx context.Context, platform, room string) (incident.ID, error) {
	return s.find(ctx, "bolt.Room", func(tx *bbolt.Tx) incident.ID {
		return incident.ID(tx.Bucket(rooms).Get(pair(platform, room)))
	})
}

// Answered reports whether a commit to the shard of the incident has carried out a request.
func (s *Store) Answered(ctx context.Context, id incident.ID, request string) (yes bool, err error) {
	err = s.view(ctx, "bolt.Answered", func(tx *bbolt.Tx) error {
		yes = answered.has(tx, answeredKey(id.Shard(), request))
		return nil
	})
	return yes, err
}
