package bolt

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// waiting is what the queues of a store hold.
func waiting(t *testing.T, s *Store) (out []any) {
	t.Helper()
	requests, err := s.Requests(t.Context(), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	tasks, err := s.Tasks(t.Context(), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return append(out, requests, tasks)
}

// asSchema1 takes the shards out of a queue's keys.
func asSchema1(tx *bbolt.Tx, queue, byID []byte) error {
	ids := map[string]string{}
	_ = tx.Bucket(byID).ForEach(func(id, k []byte) error { ids[string(k)] = string(id); return nil })
	for k, id := range ids {
		v := bytes.Clone(tx.Bucket(queue).Get([]byte(k)))
		old := []byte(k)[2:]
		_ = tx.Bucket(queue).Delete([]byte(k))
		if err := tx.Bucket(queue).Put(old, v); err != nil {
			return err
		}
		if err := tx.Bucket(byID).Put([]byte(id), old); err != nil {
			return err
		}
	}
	return nil
}

func TestQueuesOfTheFirstSchemaAreTakenOver(t *testing.T) {
	s, path := newStore(t)
	for i := range 300 {
		id := incident.ID(fmt.Sprintf("s%02d-x", i%incident.Shards))
		task := store.Task{ID: store.TaskID(fmt.Sprint("t", i)), Incident: id}
		if err := s.Commit(t.Context(), store.Commit{Incident: id, Tasks: []store.Task{task}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Receive(t.Context(), store.Request{ID: fmt.Sprint("r", i)}); err != nil {
			t.Fatal(err)
		}
	}
	want := waiting(t, s)
	_ = s.Close()
	raw(t, path, func(tx *bbolt.Tx) error {
		if err := asSchema1(tx, tasks, taskIDs); err != nil {
			return err
		}
		if err := asSchema1(tx, inbox, inboxIDs); err != nil {
			return err
		}
		return tx.Bucket(metaBucket).Put(schemaKey, []byte("1"))
	})
	s = open(t, path)
	if diff := cmp.Diff(want, waiting(t, s)); diff != "" {
		t.Errorf("queues (-want +got):\n%s", diff)
	}
	if err := s.CloseRequests(t.Context(), "r7"); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Requests(t.Context(), nil, 0); len(got) != 299 {
		t.Errorf("%d requests are open after one was closed, want 299", len(got))
	}
}
