package bot

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// crash is the death of a process at its n-th contact with the outside: a write to the store, or a call to the platform. Nothing that the
// process does afterwards takes effect.
type crash struct {
	mu   sync.Mutex
	left int
	// done says that the write at which it dies takes effect, though the process does not live to know; calls always do.
	done bool
	dead bool
}

// contact counts one contact, and reports whether the process is dead, now or since before.
func (c *crash) contact() (before, now bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return true, true
	}
	c.left--
	c.dead = c.left == 0
	return false, c.dead
}

func (c *crash) happened() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dead
}

// in has the bot of a world die of c.
func (c *crash) in(w *world) {
	w.faults.set(
		func(what string, _ store.Commit) error {
			if what == "record" || c.done {
				return c.err(c.happened())
			}
			_, now := c.contact()
			return c.err(now)
		},
		func(what string, _ store.Commit) error {
			if what == "record" || !c.done {
				return nil
			}
			_, now := c.contact()
			return c.err(now)
		})
	p := w.platforms[0]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = func(call string) error {
		if c.happened() {
			return unavailable(call)
		}
		return nil
	}
	p.after = func(call string) error {
		if _, now := c.contact(); now {
			return unavailable(call)
		}
		return nil
	}
}

func (c *crash) err(dead bool) error {
	if dead {
		return errStore
	}
	return nil
}

// TestACrashAtAnyPointLosesNothingAndDoublesNothing has a process die at its first contact with the outside, at its second, and so on, until it
// lives to do everything; the next process must always end up with the same.
func TestACrashAtAnyPointLosesNothingAndDoublesNothing(t *testing.T) {
	for _, done := range []bool{false, true} {
		for n, survived := 1, false; !survived; n++ {
			t.Run(fmt.Sprintf("contact %d, done %t", n, done), func(t *testing.T) {
				survived = crashAt(t, &crash{left: n, done: done})
			})
			if n > 200 {
				t.Fatal("there is no end to it")
			}
		}
	}
}

func crashAt(t *testing.T, c *crash) (survived bool) {
	w := newWorld(t, "fake")
	w.grace = 10 * time.Millisecond
	w.run()
	c.in(w)
	deliver := func() {
		w.alert("a1", "f1 firing checkout slow\nf2 firing payments no answer")
		w.alert("a2", "f1 firing checkout slow\nf3 firing checkout slow too")
	}
	deliver()
	w.workUntil(c)
	w.halt()
	w.faults.set(nil, nil)
	w.platforms[0].fail, w.platforms[0].after = nil, nil
	w.run()
	deliver() // the source has heard nothing of it
	w.settle()

	counts := make(map[string]map[string]int64)
	all, err := w.bot.Engine().Recent(context.Background(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		counts[s.Service] = w.counts(s.Number)
		if len(s.Cards) != 1 || !s.Rooms["fake"].Usable() {
			t.Errorf("%s: cards %v, rooms %v", s.Service, s.Cards, s.Rooms)
		}
	}
	want := map[string]map[string]int64{"checkout": {"alerts": 3, "repeats": 1}, "payments": {"alerts": 1}}
	if diff := cmp.Diff(want, counts); diff != "" || len(all) != 2 {
		t.Errorf("%d incidents, counters (-want +got)\n%s", len(all), diff)
	}
	if n := len(w.platforms[0].calls("open")); n != 2 {
		t.Errorf("%d rooms were opened", n)
	}
	if d := w.platforms[0].doubled; len(d) > 0 {
		t.Errorf("said twice: %q", d)
	}
	return !c.happened()
}

// workUntil lets time pass until everything is done, or the process is dead.
func (w *world) workUntil(c *crash) {
	w.t.Helper()
	w.eventually("everything is done", func() bool {
		w.clock.Advance(5 * time.Second)
		requests, err := w.store.Requests(context.Background(), nil, 1)
		tasks, err2 := w.store.Tasks(context.Background(), nil, 1)
		return c.happened() || err == nil && err2 == nil && len(requests) == 0 && len(tasks) == 0
	})
}

func TestACommandIsCarriedOutOnceWhereverTheProcessDies(t *testing.T) {
	for n := 1; n <= 3; n++ { // the commit, the answer, the closing
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("contact %d, done %t", n, done), func(t *testing.T) {
				w := newWorld(t, "fake")
				w.grace = 10 * time.Millisecond
				w.run()
				w.alert("a1", "f1 firing checkout slow")
				w.settle()
				c := &crash{left: n, done: done}
				c.in(w)
				w.say("c1", "R1", "ack")
				w.workUntil(c)
				w.halt()
				w.faults.set(nil, nil)
				w.platforms[0].fail, w.platforms[0].after = nil, nil
				w.run()
				w.say("c1", "R1", "ack")
				w.settle()
				acks := 0
				events, _ := w.bot.Engine().Events(context.Background(), w.state(1).ID)
				for _, e := range events {
					if _, ok := e.Event.(incident.Acked); ok {
						acks++
					}
				}
				answers := w.platforms[0].answers()
				if acks != 1 || len(answers) == 0 || answers[len(answers)-1] != "you are on it" {
					t.Errorf("acknowledged %d times, answers %q", acks, answers)
				}
			})
		}
	}
}
