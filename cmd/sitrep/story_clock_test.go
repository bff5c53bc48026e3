package main

import (
	"context"
	"sync"
	"time"
)

// handClock stands still until a test moves it.
type handClock struct {
	mu      sync.Mutex
	now     time.Time
	waiting map[chan struct{}]time.Time
}

func newHandClock() *handClock {
	// Not before the machine's time, by which a platform's messages are looked for.
	return &handClock{now: time.Now().UTC().Truncate(time.Minute).Add(time.Minute), waiting: map[chan struct{}]time.Time{}}
}

// Now implements bot.Clock.
func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Wait implements bot.Clock.
func (c *handClock) Wait(ctx context.Context, t time.Time) error {
	c.mu.Lock()
	if !t.After(c.now) {
		c.mu.Unlock()
		return ctx.Err()
	}
	woken := make(chan struct{})
	c.waiting[woken] = t
	c.mu.Unlock()
	select {
	case <-woken:
		return nil
	case <-ctx.Done():
		c.mu.Lock()
		delete(c.waiting, woken)
		c.mu.Unlock()
		return ctx.Err()
	}
}

// step moves to the first moment that somebody waits for, if that is not after limit, and reports whether there was one.
func (c *handClock) step(limit time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	next, found := limit, false
	for _, t := range c.waiting {
		if !t.After(next) {
			next, found = t, true
		}
	}
	if found {
		c.set(next)
	}
	return found
}

// to moves to a moment, unless it has passed.
func (c *handClock) to(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.now) {
		c.set(t)
	}
}

func (c *handClock) set(t time.Time) {
	c.now = t
	for woken, at := range c.waiting {
		if !at.After(t) {
			close(woken)
			delete(c.waiting, woken)
		}
	}
}

// waiters returns how many wait for a moment to come.
func (c *handClock) waiters() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting)
}
