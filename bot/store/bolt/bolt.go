// Package bolt is the embedded store: one file that one process holds open, for an installation with one replica and no
// database to look after. Writes of concurrent callers are grouped into one fsync.
//
// It knows nothing of incidents beyond what the port promises, decides nothing, and is not for several processes: a second
// one that opens the file is refused. The layout of the file is described beside the buckets, in layout.go.
//
// The file format is bbolt's: https://pkg.go.dev/go.etcd.io/bbolt
package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"sitrep/bot/ops"
	"sitrep/bot/store"
)

// lockWait is how long Open waits for another process to let go of the file, as one does that is just being replaced.
const lockWait = 600 * time.Millisecond

// Store is a store in one file. The zero value is of no use; see Open.
type Store struct {
	db      *bbolt.DB
	writes  *group
	changed chan struct{}
	now     func() time.Time
	leases  *leases
}

var _ store.Store = (*Store)(nil)

// Options are the settings of a store. The zero value is the right one for production.
type Options struct {
	Now func() time.Time // tells when requests were closed or answered, and when leases end; nil: time.Now
}

// Open opens the store in the file at path, and makes the file, readable by its owner alone, when it is not there; its folder must be.
// It fails within a second when another process has the file open, and when the file was written by a newer sitrep.
func Open(path string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	_, err := os.Stat(path)
	fresh := errors.Is(err, os.ErrNotExist)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:         lockWait,
		InitialMmapSize: initialMmap(),
	})
	if err != nil {
		return nil, openError(path, err)
	}
	opened, err := prepare(db, path, fresh)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Store{db: db, writes: newGroup(db), changed: make(chan struct{}, 1), now: o.Now, leases: newLeases(opened)}, nil
}

// initialMmap reserves address space: a file that outgrows what is mapped makes writers wait for every reader, a backup
// to a slow disk among them. Windows would make the file itself as large.
func initialMmap() int {
	if runtime.GOOS == "windows" || strconv.IntSize < 64 {
		return 0
	}
	return 4 << 30
}

func openError(path string, err error) error {
	e := &ops.Error{Op: "bolt.Open", Kind: ops.Internal, Msg: fmt.Sprintf("the store %s cannot be opened", path), Err: err}
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		e.Kind = ops.Unavailable
		e.Msg = fmt.Sprintf("the store %s is open in another sitrep; stop that one first, or give this one a file of its own", path)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		e.Msg = fmt.Sprintf("the file %s is not a sitrep store, or it is damaged", path)
	case errors.Is(err, os.ErrPermission):
		e.Kind = ops.Denied
		e.Msg = fmt.Sprintf("sitrep may not read and write the store %s", path)
	case errors.Is(err, os.ErrNotExist):
		e.Kind = ops.NotFound
		e.Msg = fmt.Sprintf("the folder of the store %s is not there", path)
	case full(err):
		return fail("bolt.Open", err)
	}
	return e
}

// prepare brings the file to the schema of this version, and a new file's name to the disk. It returns how often the file was opened.
func prepare(db *bbolt.DB, path string, fresh bool) (opened uint64, err error) {
	err = db.Update(func(tx *bbolt.Tx) (err error) {
		if err := upgrade(tx, path, migrations); err != nil {
			return err
		}
		opened, err = tx.Bucket(metaBucket).NextSequence()
		return err
	})
	if err != nil {
		return 0, fail("bolt.Open", err)
	}
	if !fresh || runtime.GOOS == "windows" {
		return opened, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return 0, fail("bolt.Open", err)
	}
	return opened, fail("bolt.Open", errors.Join(dir.Sync(), dir.Close()))
}

// Changed receives, without ever blocking the writer, after tasks, timers or requests were added.
func (s *Store) Changed() <-chan struct{} { return s.changed }

func (s *Store) signal() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Close waits for the calls that are under way, and lets go of the file. Calls that come after it fail. It may be called twice.
func (s *Store) Close() error {
	s.writes.close()
	return fail("bolt.Close", s.db.Close())
}

// view reads in one consistent transaction. f must not keep what it reads, nor call the store.
func (s *Store) view(ctx context.Context, op string, f func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return fail(op, s.db.View(f))
}

// write runs one step in the next group; check refuses it before anything of it is written. An error of ctx means that nothing was written.
func (s *Store) write(ctx context.Context, op string, check, write func(*bbolt.Tx) error) error {
	return fail(op, s.writes.do(ctx, &step{check: check, write: write}))
}
