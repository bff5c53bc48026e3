package bot

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestClocksWaitUntilTheirTimeAndNoLongerThanTheirContext(t *testing.T) {
	for name, tt := range map[string]struct {
		clock func() Clock
		takes time.Duration // for an hour of the clock
	}{
		"real":             {RealClock, time.Hour},
		"fast":             {func() Clock { return FastClock(time.Time{}, 60) }, time.Minute},
		"begins elsewhere": {func() Clock { return FastClock(time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC), 3600) }, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock, begun := tt.clock(), time.Now()
				until := clock.Now().Add(time.Hour)
				if err := clock.Wait(context.Background(), until); err != nil || clock.Now().Before(until) {
					t.Errorf("after the wait it is %s, want %s, %v", clock.Now(), until, err)
				}
				if took := time.Since(begun); took != tt.takes {
					t.Errorf("took %s, want %s", took, tt.takes)
				}
				ctx, cancel := context.WithTimeout(context.Background(), tt.takes/2)
				defer cancel()
				if err := clock.Wait(ctx, clock.Now().Add(time.Hour)); err == nil {
					t.Error("waited longer than its context lasts")
				}
			})
		})
	}
}

func TestWaitOrIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, wake := time.Now(), make(chan struct{}, 1)
		wake <- struct{}{}
		if err := waitOr(context.Background(), RealClock(), begun.Add(time.Hour), wake); err != nil || time.Since(begun) != 0 {
			t.Errorf("woken after %s, %v", time.Since(begun), err)
		}
		if err := waitOr(context.Background(), RealClock(), begun.Add(time.Hour), wake); err != nil || time.Since(begun) != time.Hour {
			t.Errorf("returned after %s, %v", time.Since(begun), err)
		}
	})
}
