package bolt

import (
	"time"

	"go.etcd.io/bbolt"
)

// memory is a set of keys that are remembered for a time: a bucket to find a key, and one to find the oldest.
type memory struct {
	keys, byTime []byte
	keep         time.Duration
}

var (
	// closed is the ids of closed requests. The port promises a day, and vendors deliver again within hours.
	closed = memory{keys: closedBucket, byTime: closedAt, keep: 48 * time.Hour}
	// answered is the requests that commits have carried out. It must outlive any time that sitrep is down between a commit and
	// the closing of its request.
	answered = memory{keys: answeredBucket, byTime: answeredAt, keep: 90 * 24 * time.Hour}
)

// pruneAtOnce is how many old keys one call forgets at most: more than it may add, so that the set does not grow for ever.
const pruneAtOnce = 16

func (m memory) has(tx *bbolt.Tx, key []byte) bool { return tx.Bucket(m.keys).Get(key) != nil }

// add remembers a key as of a moment; a key that is remembered already counts from now on.
func (m memory) add(tx *bbolt.Tx, key, at []byte) error {
	if old := tx.Bucket(m.keys).Get(key); old != nil {
		if err := tx.Bucket(m.byTime).Delete(join(old, key)); err != nil {
			return err
		}
	}
	if err := tx.Bucket(m.keys).Put(key, at); err != nil {
		return err
	}
	return tx.Bucket(m.byTime).Put(join(at, key), nil)
}

// prune forgets a few of the keys that are old enough.
func (m memory) prune(tx *bbolt.Tx, now time.Time) error {
	before := now.Add(-m.keep)
	var old [][]byte
	c := tx.Bucket(m.byTime).Cursor()
	for k, _ := c.First(); k != nil && len(old) < pruneAtOnce && timeOf(k).Before(before); k, _ = c.Next() {
		old = append(old, join(k, nil))
	}
	for _, k := range old {
		if err := tx.Bucket(m.byTime).Delete(k); err != nil {
			return err
		}
		if err := tx.Bucket(m.keys).Delete(k[momentSize:]); err != nil {
			return err
		}
	}
	return nil
}

// join copies both into a new key.
func join(a, b []byte) []byte {
	return append(append(make([]byte, 0, len(a)+len(b)), a...), b...)
}
