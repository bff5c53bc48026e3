package bolt

import (
	"encoding/json"
	"fmt"
	"strconv"

	"go.etcd.io/bbolt"

	"sitrep/bot/ops"
)

// The buckets. ‖ joins, 0 is a zero byte, numbers are big endian, a moment is 12 bytes (key.go).
//
//	meta         "schema" → version of this layout, in decimal
//	incidents    incident ‖ 0 ‖ "c" → JSON of the counters
//	             incident ‖ 0 ‖ "e" ‖ version (8) → incident.Encode
//	             incident ‖ 0 ‖ "s" → JSON of the head, newline, JSON of the State
//	             incident ‖ 0 ‖ "t" ‖ name of a timer → moment
//	claims       claimed key → incident
//	answered     shard (2) ‖ request → moment
//	answered_at  moment ‖ shard ‖ request → nothing
//	tasks        shard (2) ‖ seq (8) → JSON
//	task_ids     task → key in tasks
//	due          moment ‖ incident ‖ 0 ‖ name → nothing
//	numbers      number (8) → incident, from when it was reserved
//	open         number (8) ‖ incident → nothing
//	rooms        platform ‖ 0 ‖ room → incident
//	inbox        shard (2) ‖ seq (8) → JSON
//	inbox_ids    request → key in inbox
//	closed       request → moment at which it was closed
//	closed_at    moment ‖ request → nothing
//	records      kind ‖ 0 ‖ key → value
//
// What is written together stands together: most of what a commit costs is the number of pages that it touches. The next seq and number are the
// sequences of the buckets tasks, inbox and numbers; that of meta counts how often the file was opened.
var (
	metaBucket     = []byte("meta")
	incidents      = []byte("incidents")
	claims         = []byte("claims")
	answeredBucket = []byte("answered")
	answeredAt     = []byte("answered_at")
	tasks          = []byte("tasks")
	taskIDs        = []byte("task_ids")
	due            = []byte("due")
	numbers        = []byte("numbers")
	openBucket     = []byte("open")
	rooms          = []byte("rooms")
	inbox          = []byte("inbox")
	inboxIDs       = []byte("inbox_ids")
	closedBucket   = []byte("closed")
	closedAt       = []byte("closed_at")
	records        = []byte("records")

	buckets = [][]byte{
		incidents, claims, answeredBucket, answeredAt, tasks, taskIDs, due, numbers, openBucket, rooms, inbox, inboxIDs,
		closedBucket, closedAt, records,
	}
	schemaKey = []byte("schema")
)

// migrations holds at index i what turns a file of schema i+1 into one of schema i+2.
var migrations = []func(*bbolt.Tx) error{queuesByShard}

// upgrade makes the layout in an empty file, and brings an older file to the newest of steps. It refuses a file that is
// newer, or not sitrep's.
func upgrade(tx *bbolt.Tx, path string, steps []func(*bbolt.Tx) error) error {
	newest := len(steps) + 1
	meta := tx.Bucket(metaBucket)
	if meta == nil {
		return create(tx, path, newest)
	}
	found, err := strconv.Atoi(string(meta.Get(schemaKey)))
	if err != nil || found < 1 {
		return foreign(path)
	}
	if found > newest {
		return &ops.Error{Op: "bolt.Open", Kind: ops.Invalid, Msg: fmt.Sprintf(
			"the store %s has schema version %d, and this sitrep knows versions up to %d: run the newer sitrep that wrote it, or go back to a backup",
			path, found, newest)}
	}
	for v := found; v < newest; v++ {
		if err := steps[v-1](tx); err != nil {
			return fmt.Errorf("from schema %d to %d: %w", v, v+1, err)
		}
	}
	if found == newest {
		return nil
	}
	return meta.Put(schemaKey, strconv.AppendInt(nil, int64(newest), 10))
}

func create(tx *bbolt.Tx, path string, version int) error {
	if name, _ := tx.Cursor().First(); name != nil {
		return foreign(path)
	}
	for _, name := range buckets {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	meta, err := tx.CreateBucket(metaBucket)
	if err != nil {
		return err
	}
	return meta.Put(schemaKey, strconv.AppendInt(nil, int64(version), 10))
}

func foreign(path string) error {
	return &ops.Error{Op: "bolt.Open", Kind: ops.Invalid, Msg: fmt.Sprintf("the file %s belongs to another program: it is no sitrep store", path)}
}

// getJSON decodes what stands under a key; where nothing does, into stays as it is.
func getJSON(tx *bbolt.Tx, bucket, key []byte, into any) error {
	data := tx.Bucket(bucket).Get(key)
	if data == nil {
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s %q: %w", bucket, key, err)
	}
	return nil
}

func putJSON(tx *bbolt.Tx, bucket, key []byte, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s %q: %w", bucket, key, err)
	}
	return tx.Bucket(bucket).Put(key, data)
}
