package redis

import (
	"context"
	_ "embed" // the scripts
	"errors"
	"io"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

var (
	//go:embed commit.lua
	commitLua string
	//go:embed receive.lua
	receiveLua string
	//go:embed close.lua
	closeLua string
	//go:embed acquire.lua
	acquireLua string
	//go:embed release.lua
	releaseLua string
	//go:embed reserve.lua
	reserveLua string
	//go:embed put.lua
	putLua string
	//go:embed delete.lua
	deleteLua string

	commitScript  = goredis.NewScript(commitLua)
	receiveScript = goredis.NewScript(receiveLua)
	closeScript   = goredis.NewScript(closeLua)
	acquireScript = goredis.NewScript(acquireLua)
	releaseScript = goredis.NewScript(releaseLua)
	reserveScript = goredis.NewScript(reserveLua)
	putScript     = goredis.NewScript(putLua)
	deleteScript  = goredis.NewScript(deleteLua)
)

const tries = 6 // of what the server refuses unread: some seconds in all, in which a cluster finds a new primary

// run carries out a script on the server of its keys. An error of ctx alone means that nothing was written.
func (s *Store) run(ctx context.Context, op string, script *goredis.Script, keys []string, args ...any) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		v, err := s.runOnce(ctx, script, keys, args)
		s.lookAround(ctx, err)
		if err == nil || !refusedUnread(err) || try == tries {
			return v, fail(ctx, op, err)
		}
		if err := pause(ctx, 50*time.Millisecond<<try); err != nil {
			return nil, err
		}
	}
}

// runOnce sends a script by its hash, and whole when the server does not know it.
func (s *Store) runOnce(ctx context.Context, script *goredis.Script, keys []string, args []any) (any, error) {
	node, err := s.primary(ctx, keys[0])
	if err != nil {
		return nil, err
	}
	v, err := s.send(ctx, node, func(p goredis.Pipeliner) *goredis.Cmd { return p.EvalSha(ctx, script.Hash(), keys, args...) })
	if goredis.HasErrorPrefix(err, "NOSCRIPT") {
		return s.send(ctx, node, func(p goredis.Pipeliner) *goredis.Cmd { return script.Eval(ctx, p, keys, args...) })
	}
	return v, err
}

// send sends one command, and waits for replicas when it is to. Both go over the same connection, which is what WAIT looks at.
func (s *Store) send(ctx context.Context, node *goredis.Client, command func(goredis.Pipeliner) *goredis.Cmd) (any, error) {
	p := node.Pipeline()
	cmd := command(p)
	var acked *goredis.Cmd
	if s.replicas > 0 {
		acked = p.Do(ctx, "wait", s.replicas, s.ack.Milliseconds())
	}
	_, err := p.Exec(ctx)
	if cmd.Err() != nil {
		return nil, cmd.Err()
	}
	if err != nil {
		return nil, err
	}
	if acked != nil {
		if n, err := acked.Int(); err != nil || n < s.replicas {
			return nil, errFewReplicas
		}
	}
	return cmd.Val(), nil
}

// lookAround has the client find out who serves which slot, after an error that may mean that this has changed.
func (s *Store) lookAround(ctx context.Context, err error) {
	var broken net.Error
	if s.cluster != nil && err != nil && (refusedUnread(err) || errors.As(err, &broken) || errors.Is(err, io.EOF)) {
		s.cluster.ReloadState(ctx)
	}
}

// primary is the client of the server that has a key.
func (s *Store) primary(ctx context.Context, key string) (*goredis.Client, error) {
	if s.cluster != nil {
		return s.cluster.MasterForKey(ctx, key)
	}
	return s.single, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read sends commands that only read, all at once, to whichever servers have the keys.
func (s *Store) read(ctx context.Context, op string, commands func(goredis.Pipeliner)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	cmds, err := s.client.Pipelined(ctx, func(p goredis.Pipeliner) error {
		commands(p)
		return nil
	})
	// What is not there is no error to those who ask several shards; and Exec tells the first error alone.
	for _, c := range cmds {
		if e := c.Err(); e != nil && !errors.Is(e, goredis.Nil) {
			return fail(ctx, op, e)
		}
	}
	if errors.Is(err, goredis.Nil) {
		return nil
	}
	return fail(ctx, op, err)
}
