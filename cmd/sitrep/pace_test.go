package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestPacedClockHastensToTheMomentAndNoFurther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
		c := newPacedClock(start, 2, 100)
		shows := func(want time.Duration) {
			t.Helper()
			if got := c.Now().Sub(start); got != want {
				t.Errorf("it shows %v after the start, want %v", got, want)
			}
		}
		time.Sleep(time.Second)
		shows(2 * time.Second)

		c.hasten(start.Add(102 * time.Second))
		time.Sleep(time.Second / 2)
		shows(52 * time.Second)
		time.Sleep(10 * time.Second) // half a second of haste, then its pace, however late one looks
		shows(102*time.Second + 19*time.Second)

		c.hasten(start) // the past
		time.Sleep(time.Second)
		shows(123 * time.Second)
	})
}

func TestPacedClockWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
		c := newPacedClock(start, 1, 60)
		begun := time.Now()
		waited := make(chan time.Duration)
		go func() {
			if err := c.Wait(t.Context(), start.Add(70*time.Second)); err != nil {
				t.Error(err)
			}
			waited <- time.Since(begun)
		}()
		time.Sleep(5 * time.Second)
		c.hasten(start.Add(65 * time.Second)) // who waits already learns of it
		if got := <-waited; got != 11*time.Second {
			t.Errorf("it took %v, want 5 s at its pace, 1 s of haste, 5 s at its pace", got)
		}

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Wait(ctx, c.Now().Add(time.Hour)); err == nil {
			t.Error("a wait that was called off says that the time has come")
		}
	})
}
