package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/store"
	"sitrep/bot/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Open {
		path := filepath.Join(t.TempDir(), "sitrep.db")
		return func(t *testing.T) store.Store { return open(t, path) }
	})
}

func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newStore(t testing.TB) (*Store, string) {
	path := filepath.Join(t.TempDir(), "sitrep.db")
	return open(t, path), path
}

// declare is a commit as an alert makes it.
func declare(i int) store.Commit {
	id := incident.ID(fmt.Sprintf("s%02d-%d", i%incident.Shards, i))
	at := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	return store.Commit{
		Incident: id,
		Events: []incident.Recorded{{
			Meta: incident.Meta{At: at, Source: "prometheus", Request: fmt.Sprint("req-", i)}, Version: 1, RecordedAt: at,
			Event: incident.DeclaredEvent{Number: incident.Number(i + 1), Title: "checkout latency", Severity: incident.Sev2, Service: "checkout"},
		}},
		State: incident.State{
			ID: id, Version: 1, Number: incident.Number(i + 1), Title: "checkout latency", Severity: incident.Sev2,
			Status: incident.Investigating, Service: "checkout", Milestones: map[incident.Milestone]time.Time{incident.Declared: at},
		},
		Tasks:    []store.Task{{ID: store.TaskID(fmt.Sprintf("%s/1/room", id)), Incident: id, Lane: string(id) + "/slack", Kind: "room", Created: at}},
		Set:      []store.Timer{{Incident: id, Name: "update", Due: at.Add(20 * time.Minute)}},
		Requests: []string{fmt.Sprint("req-", i)},
	}
}

// note is a commit that follows another one.
func note(before incident.State) store.Commit {
	after := before
	after.Version++
	return store.Commit{
		Incident: before.ID, Expect: before.Version, State: after,
		Events: []incident.Recorded{{Version: after.Version, Event: incident.NoteAdded{Text: "a line of words on the timeline"}}},
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	held := filepath.Join(dir, "held.db")
	open(t, held)
	newer := filepath.Join(dir, "newer.db")
	edit(t, newer, func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put(schemaKey, []byte("7")) })
	other := filepath.Join(dir, "other.db")
	raw(t, other, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a store\n", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, path string
		kind       ops.Kind
		msg        string
	}{
		{
			"a file that another one has open", held, ops.Unavailable,
			"the store " + held + " is open in another sitrep; stop that one first, or give this one a file of its own",
		},
		{"a newer schema", newer, ops.Invalid, "the store " + newer + " has schema version 7, and this sitrep knows versions up to 2: " +
			"run the newer sitrep that wrote it, or go back to a backup"},
		{"another program's file", other, ops.Invalid, "the file " + other + " belongs to another program: it is no sitrep store"},
		{"a file of text", text, ops.Internal, "the file " + text + " is not a sitrep store, or it is damaged"},
		{"no folder", filepath.Join(dir, "no", "a.db"), ops.NotFound, "the folder of the store " + filepath.Join(dir, "no", "a.db") + " is not there"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Open(tt.path, Options{})
			if err == nil {
				_ = s.Close()
				t.Fatal("no error")
			}
			if diff := cmp.Diff(tt.msg, ops.Tell(err)); diff != "" || ops.KindOf(err) != tt.kind {
				t.Errorf("kind %v, message (-want +got):\n%s", ops.KindOf(err), diff)
			}
		})
	}
}

// raw changes a file behind the store's back.
func raw(t *testing.T, path string, f func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(f), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// edit does so with a store, which is made when it is not there.
func edit(t *testing.T, path string, f func(*bbolt.Tx) error) {
	t.Helper()
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	raw(t, path, f)
}

func TestFileIsItsOwnersAlone(t *testing.T) {
	_, path := newStore(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode %o, want 600", got)
	}
}

func TestUpgradeRunsTheStepsFromTheFilesVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sitrep.db")
	edit(t, path, func(*bbolt.Tx) error { return nil })
	var ran []int
	step := func(n int) func(*bbolt.Tx) error { return func(*bbolt.Tx) error { ran = append(ran, n); return nil } }
	steps := []func(*bbolt.Tx) error{step(1), step(2), step(3)}
	for range 2 {
		raw(t, path, func(tx *bbolt.Tx) error { return upgrade(tx, path, steps) })
	}
	if diff := cmp.Diff([]int{2, 3}, ran); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if _, err := Open(path, Options{}); ops.KindOf(err) != ops.Invalid {
		t.Errorf("an older sitrep opens the upgraded file: %v", err)
	}
}

func TestStateOfAnotherFoldIsFoldedAgain(t *testing.T) {
	s, path := newStore(t)
	c := declare(1)
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	raw(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket(incidents).Put(stateKey(c.Incident), []byte(`{"fold":-1,"v":1}`+"\n"+`{"title":7}`))
	})
	got, _, err := open(t, path).Load(t.Context(), c.Incident)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(incident.Fold(c.Incident, c.Events), got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

func TestClosedRequestsAreForgottenAfterTwoDays(t *testing.T) {
	now := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	s, err := Open(filepath.Join(t.TempDir(), "sitrep.db"), Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	receive := func(id string, want bool) {
		t.Helper()
		if fresh, err := s.Receive(t.Context(), store.Request{ID: id}); err != nil || fresh != want {
			t.Fatalf("%s after %v: fresh %v, %v, want %v", id, now, fresh, err, want)
		}
	}
	receive("open", true)
	for i := range 20 {
		receive(fmt.Sprint("old ", i), true)
		if err := s.CloseRequests(t.Context(), fmt.Sprint("old ", i)); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(47 * time.Hour)
	receive("another", true)
	receive("old 0", false)
	now = now.Add(2 * time.Hour)
	receive("a third", true)
	receive("old 0", true)
	receive("old 15", true)
	receive("open", false)
	err = s.view(t.Context(), "test", func(tx *bbolt.Tx) error {
		if n := tx.Bucket(closedBucket).Stats().KeyN + tx.Bucket(closedAt).Stats().KeyN; n != 0 {
			t.Errorf("%d keys are still remembered", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnsweredRequestsAreForgottenInTheEnd(t *testing.T) {
	now := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	s, err := Open(filepath.Join(t.TempDir(), "sitrep.db"), Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	answer := store.Commit{Incident: "s01-a", Requests: []string{"r"}}
	for _, tt := range []struct {
		days int
		want error
	}{{0, nil}, {89, store.ErrReplayed}, {2, nil}} {
		now = now.AddDate(0, 0, tt.days)
		if _, err := s.Receive(t.Context(), store.Request{ID: fmt.Sprint(now)}); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(t.Context(), answer); !errors.Is(err, tt.want) {
			t.Errorf("%d days later: got %v, want %v", tt.days, err, tt.want)
		}
	}
}

func TestFailNamesWhatThePortNames(t *testing.T) {
	claimed := &store.ClaimedError{Key: "k"}
	for _, err := range []error{nil, store.ErrConflict, store.ErrReplayed, store.ErrNotFound, claimed, context.Canceled} {
		if got := fail("bolt.Test", err); got != err {
			t.Errorf("got %v, want %v as it is", got, err)
		}
	}
	full := fail("bolt.Test", fmt.Errorf("write: %w", &os.PathError{Op: "write", Path: "sitrep.db", Err: syscall.ENOSPC}))
	if !errors.Is(full, store.ErrFull) || ops.KindOf(full) != ops.Unavailable {
		t.Errorf("got %v, want ErrFull", full)
	}
	torn := fail("bolt.Test", errors.New("input/output error"))
	if ops.KindOf(torn) != ops.Unavailable || errors.Is(torn, store.ErrFull) {
		t.Errorf("got %v", torn)
	}
}

func TestClosedStoreSaysSo(t *testing.T) {
	s, _ := newStore(t)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	_, errRead := s.Open(t.Context())
	_, errBackup := s.Backup(t.Context(), &bytes.Buffer{})
	for _, err := range []error{s.Commit(t.Context(), declare(1)), errRead, errBackup} {
		if diff := cmp.Diff("sitrep's store is closed", ops.Tell(err)); diff != "" {
			t.Errorf("message of %v (-want +got):\n%s", err, diff)
		}
	}
}
