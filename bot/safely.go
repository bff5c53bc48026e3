package bot

import (
	"fmt"
	"runtime/debug"

	"sitrep/bot/ops"
)

// safely calls f, and makes an error of a panic: one verb or text that is broken must not take the process down, nor come back with its
// request after every start.
func safely(op string, f func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &ops.Error{Op: op, Kind: ops.Internal, Err: fmt.Errorf("panic: %v\n%s", cause, debug.Stack())}
		}
	}()
	return f()
}
