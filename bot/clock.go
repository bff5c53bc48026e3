package bot

import (
	"context"
	"time"
)

// Clock is the time by which incidents live: cadences, timers, Retry-After. Leases, socket deadlines and the age of signatures go by
// real time instead. It may be used concurrently.
type Clock interface {
	Now() time.Time
	// Wait returns when it is t or later, or when ctx ends, with ctx's error.
	Wait(ctx context.Context, t time.Time) error
}

// RealClock is the machine's own clock. It goes by the time of day, also where the machine slept or its clock was put right meanwhile.
func RealClock() Clock { return realClock{} }

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) Wait(ctx context.Context, t time.Time) error {
	for d := time.Until(t); d > 0; d = time.Until(t) {
		if err := sleep(ctx, d); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// FastClock shows start when it is made and then runs speed times as fast as the machine's clock. A zero start is the machine's time.
func FastClock(start time.Time, speed float64) Clock {
	now := time.Now()
	if start.IsZero() {
		start = now
	}
	return fastClock{real: now, start: start, speed: speed}
}

type fastClock struct {
	real, start time.Time
	speed       float64
}

func (c fastClock) Now() time.Time {
	return c.start.Add(time.Duration(float64(time.Since(c.real)) * c.speed)).Round(0)
}

func (c fastClock) Wait(ctx context.Context, t time.Time) error {
	return sleep(ctx, time.Duration(float64(t.Sub(c.Now()))/c.speed))
}

// sleep returns after d, or when ctx ends, with ctx's error.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// waitOr returns when it is t or later, when wake receives, or when ctx ends, with ctx's error.
func waitOr(ctx context.Context, clock Clock, t time.Time, wake <-chan struct{}) error {
	waiting, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = clock.Wait(waiting, t)
	}()
	select {
	case <-done:
	case <-wake:
	case <-ctx.Done():
	}
	cancel()
	<-done
	return ctx.Err()
}
