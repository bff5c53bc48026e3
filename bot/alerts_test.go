package bot

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

var errStore = errors.New("the store is broken")

// only fails the writes that are so called.
func only(write string) func(string, store.Commit) error {
	return func(what string, _ store.Commit) error {
		if what == write {
			return errStore
		}
		return nil
	}
}

func TestAlertsBehindOneThatWasCarriedOutBeforeACrashAreNotLost(t *testing.T) {
	w := newWorld(t, "fake")
	w.grace = 50 * time.Millisecond
	w.run()
	w.faults.set(only("close"), nil)
	w.alert("a1", "f1 firing checkout slow")
	w.eventually("the alert is carried out", func() bool { n, _ := w.store.Open(context.Background()); return len(n) == 1 })
	w.alert("a2", "f2 firing checkout slow too")
	w.alert("a3", "f2 firing checkout slow too")
	w.halt()
	w.faults.set(nil, nil)
	w.run()
	w.quiet()
	if diff := cmp.Diff(map[string]int64{"alerts": 3, "repeats": 1}, w.counts(1)); diff != "" {
		t.Errorf("counters (-want +got)\n%s", diff)
	}
}

func TestAGroupThatCannotBeCarriedOutHoldsUpNoOther(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.faults.set(func(_ string, c store.Commit) error {
		if len(c.Claims) > 0 && strings.Contains(c.Claims[0].Key, "poison") {
			return errStore
		}
		return nil
	}, nil)
	w.alert("a1", "f1 firing poison slow")
	w.alert("a2", "f2 firing checkout slow")
	w.eventually("the other group", func() bool { return len(w.platforms[0].calls("post R1 ")) > 0 })
	w.faults.set(nil, nil)
	w.eventually("both groups", func() bool {
		w.clock.Advance(lookAgain)
		open, _ := w.bot.Engine().Open(context.Background())
		return len(open) == 2
	})
	w.quiet()
}

func TestADeliveryThatBreaksItsReaderIsLeftOutAndStopsNothing(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout boom")
	w.alert("a2", "f2 firing checkout slow")
	w.quiet()
	if s := w.state(1); len(s.Alerts) != 1 {
		t.Errorf("alerts: %v", s.Alerts)
	}
}

func TestAlertsWithTooLongATimeBetweenThemAreTwoIncidents(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	again, err := w.bot.alertBatch(context.Background(), []store.Request{
		{ID: "a1", Source: "am", Body: []byte("f1 firing checkout slow"), At: w.clock.Now()},
		{ID: "a2", Source: "am", Body: []byte("f2 firing checkout slow again"), At: w.clock.Now().Add(7 * time.Hour)},
	})
	if err != nil || len(again) > 0 {
		t.Fatal(again, err)
	}
	w.quiet()
	if a, b := w.state(1), w.state(2); len(a.Alerts) != 1 || len(b.Alerts) != 1 {
		t.Errorf("%d and %d alerts", len(a.Alerts), len(b.Alerts))
	}
}

func TestAlertsOfAMergedIncidentGoToTheOneThatItWasMergedInto(t *testing.T) {
	for name, tt := range map[string]struct {
		private bool
		want    int // incidents
	}{
		"both are public": {false, 2}, "the merged one is private": {true, 3},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "fake")
			w.run()
			w.alert("a1", "f1 firing checkout slow")
			w.quiet()
			w.alert("a2", "f2 firing payments no answer")
			w.quiet()
			if tt.private {
				w.do(2, incident.SetPrivate{Private: true})
			}
			w.do(2, incident.Close{Reason: incident.Duplicate, Into: w.state(1).ID, IntoNumber: 1})
			w.alert("a3", "f3 firing payments no answer either")
			w.quiet()
			all, err := w.bot.Engine().Recent(context.Background(), 10)
			if err != nil || len(all) != tt.want {
				t.Fatalf("%d incidents, want %d, %v", len(all), tt.want, err)
			}
			if n := len(w.state(1).Alerts); n != 4-tt.want {
				t.Errorf("%d alerts in the incident it was merged into", n)
			}
		})
	}
}
