package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"sitrep/bot/ops"
	"sitrep/bot/store"
)

// errFewReplicas says that a write stands, but not where it was asked to.
var errFewReplicas = errors.New("too few replicas have acknowledged the write in time; it stands on the primary")

// fail tells err in the port's terms. What the port names itself passes as it is.
func fail(ctx context.Context, op string, err error) error {
	var told *ops.Error
	e := &ops.Error{Op: op, Kind: ops.Unavailable, Msg: "sitrep's store does not work at the moment", Err: err}
	switch {
	case err == nil:
		return nil
	case store.Names(err), errors.As(err, &told):
		return err
	case ended(ctx) != nil:
		// Whether it was carried out is not known.
		e.Err = ended(ctx)
	case full(err):
		e.Msg, e.Err = "the Redis of sitrep's store is full", fmt.Errorf("%w: %w", store.ErrFull, err)
	case errors.Is(err, goredis.ErrClosed):
		e.Msg = "sitrep's store is closed"
	case goredis.IsAuthError(err), goredis.IsPermissionError(err):
		e.Kind, e.Msg = ops.Denied, "Redis does not let sitrep in, or not do what it must: look at the user and password in store.redis.url, and at the user's ACL"
	}
	return e
}

// ended is why ctx is over. A connection's deadline is that of ctx, and may pass a moment before ctx notices its own.
func ended(ctx context.Context) error {
	if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// unreachable is what the first command's error means.
func unreachable(ctx context.Context, err error) error {
	err = fail(ctx, "redis.Open", err)
	var e *ops.Error
	if errors.As(err, &e) && e.Kind == ops.Unavailable && !errors.Is(err, store.ErrFull) {
		e.Msg = "the Redis that store.redis.url names cannot be used"
	}
	return err
}

// full reports whether err says that there is no room: in the memory that Redis may use, or on its disk.
func full(err error) bool {
	return goredis.IsOOMError(err) || strings.HasPrefix(err.Error(), "MISCONF") && strings.Contains(err.Error(), "No space left")
}

// refusedUnread reports whether a command was not carried out, because it reached no server or one that refused it, and may be taken in a moment
// or elsewhere.
func refusedUnread(err error) bool {
	var broken *net.OpError
	if errors.As(err, &broken) && broken.Op == "dial" {
		return true
	}
	_, moved := goredis.IsMovedError(err)
	_, ask := goredis.IsAskError(err)
	return moved || ask || goredis.IsClusterDownError(err) || goredis.IsTryAgainError(err) || goredis.IsLoadingError(err) ||
		goredis.IsReadOnlyError(err) || goredis.IsMasterDownError(err)
}

// misuse is a call that breaks the port's rules, and would on every attempt.
func misuse(op string, err error) error {
	return &ops.Error{Op: op, Kind: ops.Internal, Err: err}
}
