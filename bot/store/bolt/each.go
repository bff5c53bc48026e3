package bolt

import (
	"bytes"
	"context"
	"encoding/binary"

	"go.etcd.io/bbolt"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// listings are the buckets that Each lists, and what an entry of each is.
var listings = []struct {
	bucket []byte
	entry  func(k, v []byte) store.Entry
}{
	{numbers, func(k, v []byte) store.Entry {
		return store.Entry{Kind: store.NumberEntry, Number: incident.Number(seqOf(k)), Incident: incident.ID(v)}
	}},
	{claims, func(k, v []byte) store.Entry {
		return store.Entry{Kind: store.ClaimEntry, Key: string(k), Incident: incident.ID(v)}
	}},
	{answeredBucket, func(k, _ []byte) store.Entry {
		return store.Entry{Kind: store.AnsweredEntry, Shard: incident.Shard(binary.BigEndian.Uint16(k)), Key: string(k[2:])}
	}},
	{closedBucket, func(k, _ []byte) store.Entry { return store.Entry{Kind: store.ClosedEntry, Key: string(k)} }},
}

// Each calls f for every claim, answered and closed request, number and kind of records, until f returns an error. f may call the store.
func (s *Store) Each(ctx context.Context, f func(store.Entry) error) error {
	for _, l := range listings {
		if err := s.eachOf(ctx, l.bucket, l.entry, f); err != nil {
			return err
		}
	}
	return s.eachKind(ctx, f)
}

// eachOf reads a bucket in pages, so that f is not called within a transaction.
func (s *Store) eachOf(ctx context.Context, bucket []byte, entry func(k, v []byte) store.Entry, f func(store.Entry) error) error {
	for from := []byte{}; from != nil; {
		var found []store.Entry
		err := s.view(ctx, "bolt.Each", func(tx *bbolt.Tx) error {
			c := tx.Bucket(bucket).Cursor()
			k, v := c.Seek(from)
			for ; k != nil && len(found) < page; k, v = c.Next() {
				found = append(found, entry(k, v))
			}
			from = bytes.Clone(k)
			return nil
		})
		if err != nil {
			return err
		}
		for _, e := range found {
			if err := f(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// eachKind goes from one kind of records to the next without reading what is between them.
func (s *Store) eachKind(ctx context.Context, f func(store.Entry) error) error {
	for from := []byte{}; ; {
		var kind string
		err := s.view(ctx, "bolt.Each", func(tx *bbolt.Tx) error {
			k, _ := tx.Bucket(records).Cursor().Seek(from)
			kind, _ = unpair(k)
			return nil
		})
		if err != nil || kind == "" {
			return err
		}
		if err := f(store.Entry{Kind: store.KindEntry, Key: kind}); err != nil {
			return err
		}
		from = append([]byte(kind), 1)
	}
}
