package bolt

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"

	"sitrep/bot/ops"
	"sitrep/bot/store"
)

// fail tells err in the port's terms. What the port names itself passes as it is.
func fail(op string, err error) error {
	var told *ops.Error
	switch {
	case err == nil:
		return nil
	case store.Names(err), errors.As(err, &told):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case full(err):
		return &ops.Error{Op: op, Kind: ops.Unavailable, Msg: "the disk of sitrep's store is full", Err: fmt.Errorf("%w: %w", store.ErrFull, err)}
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return &ops.Error{Op: op, Kind: ops.Unavailable, Msg: "sitrep's store is closed", Err: err}
	}
	return &ops.Error{Op: op, Kind: ops.Unavailable, Msg: "sitrep's store does not work at the moment", Err: err}
}

// full reports whether err says that there is no room: on the disk, in the quota, or in the largest file allowed.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// misuse is a call that breaks the port's rules, and would on every attempt.
func misuse(op string, err error) error { return &ops.Error{Op: op, Kind: ops.Internal, Err: err} }
