package bolt

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"go.etcd.io/bbolt"

	"sitrep/bot/store"
)

// PutRecord writes a record, in the place of one that is there.
func (s *Store) PutRecord(ctx context.Context, kind, key string, value []byte) error {
	if err := badRecord(kind, key); err != nil {
		return misuse("bolt.PutRecord", err)
	}
	return s.write(ctx, "bolt.PutRecord", nil, func(tx *bbolt.Tx) error {
		return tx.Bucket(records).Put(pair(kind, key), value)
	})
}

func badRecord(kind, key string) error {
	return errors.Join(store.CheckName("record's kind", kind, true), store.CheckName("record's key", key, false))
}

// Record returns a record, or store.ErrNotFound.
func (s *Store) Record(ctx context.Context, kind, key string) ([]byte, error) {
	var out []byte
	err := s.view(ctx, "bolt.Record", func(tx *bbolt.Tx) error {
		if out = bytes.Clone(tx.Bucket(records).Get(pair(kind, key))); out == nil {
			return store.ErrNotFound
		}
		return nil
	})
	return out, err
}

// page is how many records EachRecord reads at once.
const page = 100

// EachRecord calls f for the records of a kind whose key begins with prefix, in the order of their keys, until f returns an error.
// f may call the store; what it changes may or may not be seen.
func (s *Store) EachRecord(ctx context.Context, kind, prefix string, f func(key string, value []byte) error) error {
	from := pair(kind, prefix)
	for {
		var keys, values [][]byte
		err := s.view(ctx, "bolt.EachRecord", func(tx *bbolt.Tx) error {
			c := tx.Bucket(records).Cursor()
			for k, v := c.Seek(from); k != nil && bytes.HasPrefix(k, pair(kind, prefix)) && len(keys) < page; k, v = c.Next() {
				keys, values = append(keys, bytes.Clone(k)), append(values, bytes.Clone(v))
			}
			return nil
		})
		if err != nil {
			return err
		}
		for i, k := range keys {
			if err := f(strings.TrimPrefix(string(k), kind+"\x00"), values[i]); err != nil {
				return err
			}
		}
		if len(keys) < page {
			return nil
		}
		from = append(keys[len(keys)-1], 0)
	}
}

// DeleteRecord takes a record away; one that is not there is no error.
func (s *Store) DeleteRecord(ctx context.Context, kind, key string) error {
	k := pair(kind, key)
	check := func(tx *bbolt.Tx) error {
		if tx.Bucket(records).Get(k) == nil {
			return errNothing
		}
		return nil
	}
	return s.write(ctx, "bolt.DeleteRecord", check, func(tx *bbolt.Tx) error { return tx.Bucket(records).Delete(k) })
}
