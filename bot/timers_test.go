package bot

import (
	"context"
	"strings"
	"testing"
	"time"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// timerOf returns the stored timer of an incident with a name that begins so.
func timerOf(t *testing.T, w *world, prefix string) (store.Timer, bool) {
	t.Helper()
	due, err := w.store.Due(context.Background(), nil, w.clock.Now().Add(100*time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range due {
		if strings.HasPrefix(d.Name, prefix) {
			return d, true
		}
	}
	return store.Timer{}, false
}

func TestATimerThatIsMovedWhileItIsFiredStays(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	old, _ := timerOf(t, w, "update/")
	w.do(1, incident.SnoozeUpdate{For: time.Hour, Why: "waiting for the provider"})
	if err := w.bot.fire(context.Background(), old); err != nil { // it was read before it was moved
		t.Fatal(err)
	}
	now, ok := timerOf(t, w, "update/")
	if !ok || !now.Due.Equal(old.Due.Add(time.Hour)) {
		t.Errorf("the timer is due at %v, want an hour after %v", now.Due, old.Due)
	}
}

func TestATimerThatWasOvertakenIsTakenAway(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	stale := store.Timer{Incident: w.state(1).ID, Name: "update/nobody/1", Due: w.clock.Now()}
	if err := w.store.Commit(context.Background(), store.Commit{Incident: stale.Incident, Set: []store.Timer{stale}}); err != nil {
		t.Fatal(err)
	}
	w.eventually("it is gone", func() bool { _, ok := timerOf(t, w, "update/nobody"); return !ok })
}

func TestATimerThatCannotBeFiredHoldsUpNoOther(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	w.alert("a2", "f2 firing payments no answer")
	w.quiet()
	bad := w.state(1).ID
	w.faults.set(func(_ string, c store.Commit) error {
		if c.Incident == bad && len(c.Events) > 0 {
			return errStore
		}
		return nil
	}, nil)
	w.clock.Advance(10 * time.Minute)
	w.eventually("the other's update", func() bool { return len(w.state(2).Updates) == 1 })
	if due, ok := timerOf(t, w, "update/stakeholders/1"); !ok || !due.Due.After(w.clock.Now()) {
		t.Errorf("the bad one is due at %v and now is %v", due.Due, w.clock.Now())
	}
	w.faults.set(nil, nil)
	w.clock.Advance(lookAgain)
	w.eventually("its update", func() bool { return len(w.state(1).Updates) == 1 })
	w.quiet()
}

func TestAClockThatJumpsBackFiresNothingTwice(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	w.clock.Advance(10 * time.Minute)
	w.eventually("an update", func() bool { return len(w.state(1).Updates) == 1 })
	w.clock.Advance(-8 * time.Minute)
	w.clock.Advance(8 * time.Minute)
	w.quiet()
	if n := len(w.state(1).Updates); n != 1 {
		t.Errorf("%d updates", n)
	}
}
