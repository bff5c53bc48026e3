package discord

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// conns are the connections of one session, so that they can be cut from outside.
type conns struct {
	ctx    context.Context
	cancel context.CancelFunc
	mu     sync.Mutex
	open   []net.Conn
	over   bool
}

func newConns(ctx context.Context) *conns {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	return &conns{ctx: ctx, cancel: cancel}
}

var errOver = errors.New("the session has been replaced")

func (c *conns) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		conn.Close()
		return nil, errOver
	}
	c.open = append(c.open[:0], conn)
	return conn, nil
}

// bind ends the session's own calls when the session is cut.
func (c *conns) bind(t http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if c.ctx.Err() != nil {
			return nil, errOver
		}
		return t.RoundTrip(r)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// cut closes every connection, and those that will be dialled.
func (c *conns) cut() {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	for _, conn := range c.open {
		conn.Close()
	}
}

// lanes do work in order for each key, and for different keys at once. They can be waited for; after that they take no more.
// The zero value is ready.
type lanes struct {
	mu     sync.Mutex
	over   bool
	queues map[string][]func()
	wg     sync.WaitGroup
}

func (l *lanes) add(key string, work func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	if l.queues == nil {
		l.queues = map[string][]func(){}
	}
	queue, running := l.queues[key]
	l.queues[key] = append(queue, work)
	if !running {
		l.wg.Go(func() { l.run(key) })
	}
}

func (l *lanes) run(key string) {
	for {
		l.mu.Lock()
		queue := l.queues[key]
		if len(queue) == 0 {
			delete(l.queues, key)
			l.mu.Unlock()
			return
		}
		l.queues[key] = queue[1:]
		l.mu.Unlock()
		queue[0]()
	}
}

// beside does work that has no order. It may only be called by work, so that it is waited for too.
func (l *lanes) beside(work func()) { l.wg.Go(work) }

func (l *lanes) wait() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	l.wg.Wait()
}

// clock remembers when something happened last.
type clock struct{ ns atomic.Int64 }

func (c *clock) touch()        { c.ns.Store(time.Now().UnixNano()) }
func (c *clock) clear()        { c.ns.Store(0) }
func (c *clock) isSet() bool   { return c.ns.Load() != 0 }
func (c *clock) at() time.Time { return time.Unix(0, c.ns.Load()) }
