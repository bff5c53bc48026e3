package main

import (
	"context"
	"sync"
	"time"
)

// pacedClock runs at the people's pace, and faster while nothing is to be done. It never hastens past the moment that was asked for, so that
// a machine that lags behind misses nothing of the story.
type pacedClock struct {
	pace, fast float64 // how many times as fast as the machine's clock

	mu        sync.Mutex
	real, at  time.Time // a moment of the machine's clock, and what this clock showed then
	until     time.Time // until when it is fast
	hastening chan struct{}
}

func newPacedClock(start time.Time, pace, fast float64) *pacedClock {
	return &pacedClock{pace: pace, fast: fast, real: time.Now(), at: start, until: start, hastening: make(chan struct{})}
}

// Now implements bot.Clock.
func (c *pacedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *pacedClock) now() time.Time {
	elapsed := time.Since(c.real)
	if rush := scale(c.until.Sub(c.at), 1/c.fast); elapsed > rush {
		return c.until.Add(scale(elapsed-rush, c.pace)).Round(0)
	}
	return c.at.Add(scale(elapsed, c.fast)).Round(0)
}

// Wait implements bot.Clock.
func (c *pacedClock) Wait(ctx context.Context, t time.Time) error {
	for {
		d, hastened := c.realTime(t)
		if d <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(d)
		select {
		case <-timer.C:
		case <-hastened:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// realTime is how long it takes until t as things stand, and what is closed when they change.
func (c *pacedClock) realTime(t time.Time) (time.Duration, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	rush := max(0, min(t.Sub(now), c.until.Sub(now)))
	return scale(rush, 1/c.fast) + scale(t.Sub(now)-rush, 1/c.pace), c.hastening
}

// hasten makes it fast until t.
func (c *pacedClock) hasten(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	c.real, c.at, c.until = time.Now(), now, now
	if t.After(now) {
		c.until = t
	}
	close(c.hastening)
	c.hastening = make(chan struct{})
}

func scale(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }
