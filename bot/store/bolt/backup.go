package bolt

import (
	"context"
	"io"

	"go.etcd.io/bbolt"
)

// Backup writes a copy of the store as it stands at this moment to w, and returns its size. Reading and writing go on meanwhile. The
// copy is a store of its own: Open reads it. An error of w or of ctx comes back as it is; what was written is then of no use.
func (s *Store) Backup(ctx context.Context, w io.Writer) (int64, error) {
	var n int64
	out := &destination{ctx: ctx, w: w}
	err := s.view(ctx, "bolt.Backup", func(tx *bbolt.Tx) (err error) {
		n, err = tx.WriteTo(out)
		return err
	})
	if out.err != nil {
		return n, out.err
	}
	return n, err
}

// destination is a Writer that fails once its context is done, and keeps its error, so that a full disk there is not taken for one here.
type destination struct {
	ctx context.Context
	w   io.Writer
	err error
}

func (d *destination) Write(p []byte) (n int, err error) {
	if d.err = d.ctx.Err(); d.err != nil {
		return 0, d.err
	}
	n, d.err = d.w.Write(p)
	return n, d.err
}
