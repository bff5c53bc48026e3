package bolt

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// queuesByShard puts the shard before the seq in the keys of tasks and of requests, which until schema 1 had only the seq.
func queuesByShard(tx *bbolt.Tx) error {
	err := rekey(tx.Bucket(tasks), tx.Bucket(taskIDs), func(v []byte) (id string, s incident.Shard, err error) {
		var t store.Task
		err = json.Unmarshal(v, &t)
		return string(t.ID), t.Incident.Shard(), err
	})
	if err != nil {
		return err
	}
	return rekey(tx.Bucket(inbox), tx.Bucket(inboxIDs), func(v []byte) (id string, s incident.Shard, err error) {
		var r store.Request
		err = json.Unmarshal(v, &r)
		return r.ID, r.Shard(), err
	})
}

// rekey gives each value of a queue its new key, and writes it into the index.
func rekey(queue, byID *bbolt.Bucket, read func([]byte) (string, incident.Shard, error)) error {
	var keys, values [][]byte
	c := queue.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		keys, values = append(keys, bytes.Clone(k)), append(values, bytes.Clone(v))
	}
	for i, old := range keys {
		id, shard, err := read(values[i])
		if err != nil {
			return fmt.Errorf("%q: %w", old, err)
		}
		if err := queue.Delete(old); err != nil {
			return err
		}
		now := queueKey(shard, seqOf(old))
		if err := queue.Put(now, values[i]); err != nil {
			return err
		}
		if err := byID.Put([]byte(id), now); err != nil {
			return err
		}
	}
	return nil
}
