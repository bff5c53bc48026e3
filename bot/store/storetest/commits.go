package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

var commits = []behaviour{
	{"what was committed is loaded", commitLoads},
	{"the state gets its id from the commit", stateGetsID},
	{"events come after a version, oldest first, at most limit", eventsInOrder},
	{"several events in one commit", severalEvents},
	{"a wrong version is a conflict", wrongVersion},
	{"of racing commits exactly one wins", raceHasOneWinner},
	{"commits to many incidents at once all succeed", manyAtOnce},
	{"one refused commit does not fail the others", refusalsStayAlone},
	{"a cancelled commit writes nothing", cancelledCommit},
	{"a replay is told as such even when the version has moved on", replayBeforeConflict},
	{"a request answered without an incident is remembered", answeredWithoutIncident},
	{"counters add up", countersAddUp},
	{"without events and version, the version is not looked at", sideCommit},
	{"without events, a version that is given is looked at", versionedSideCommit},
	{"an empty commit is refused", emptyCommit},
	{"versions must follow each other", gapsRefused},
	{"what is returned belongs to the caller", resultsAreCopies},
}

func commitLoads(f *fixture) {
	want := f.declare(one)
	got, counts, err := f.Load(f.Context(), one)
	f.must(err)
	f.same("state", want, got)
	f.same("counters", map[string]int64{}, counts)
	if _, _, err := f.Load(f.Context(), two); !errors.Is(err, store.ErrNotFound) {
		f.Errorf("load of an unknown incident: got %v, want ErrNotFound", err)
	}
}

func stateGetsID(f *fixture) {
	c := declared(one, 1)
	c.State.ID = ""
	f.commit(c)
	got, _, err := f.Load(f.Context(), one)
	f.must(err)
	f.same("id", one, got.ID)
}

func eventsInOrder(f *fixture) {
	s := f.declare(one)
	want := declared(one, s.Number).Events
	for range 299 { // past the place where a version's bytes carry over
		c := next(s)
		f.commit(c)
		s, want = c.State, append(want, c.Events...)
	}
	f.declare(one + "x")
	f.declare("s01-on")
	for _, tt := range []struct {
		after, limit int
		want         []incident.Recorded
	}{{0, 0, want}, {250, 0, want[250:]}, {255, 2, want[255:257]}, {300, 5, nil}, {900, 0, nil}} {
		got, err := f.Events(f.Context(), one, incident.Version(tt.after), tt.limit)
		f.must(err)
		f.same(fmt.Sprintf("events after %d, limit %d", tt.after, tt.limit), tt.want, got)
	}
	got, err := f.Events(f.Context(), "s01-nobody", 0, 0)
	f.must(err)
	f.same("events of nobody", []incident.Recorded(nil), got)
}

func severalEvents(f *fixture) {
	c := declared(one, 1)
	for range 3 {
		n := next(c.State)
		c.Events, c.State = append(c.Events, n.Events...), n.State
	}
	f.commit(c)
	got, err := f.Events(f.Context(), one, 0, 0)
	f.must(err)
	f.same("events", c.Events, got)
	f.commit(next(c.State))
}

func wrongVersion(f *fixture) {
	s := f.declare(one)
	f.follow(s, func(*incident.State) {})
	ahead := next(incident.State{ID: one, Version: 9})
	for name, c := range map[string]store.Commit{
		"declared again": declared(one, 1), "one behind": next(s), "ahead": ahead, "unknown incident": next(incident.State{ID: two, Version: 1}),
	} {
		if err := f.Commit(f.Context(), c); !errors.Is(err, store.ErrConflict) {
			f.Errorf("%s: got %v, want ErrConflict", name, err)
		}
	}
}

// together calls f n times at once, and returns the errors.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var begin, done sync.WaitGroup
	begin.Add(1)
	for i := range n {
		done.Go(func() {
			begin.Wait()
			errs[i] = f(i)
		})
	}
	begin.Done()
	done.Wait()
	return errs
}

// onlyOne fails unless exactly one of errs is nil, and the others are lost.
func (f *fixture) onlyOne(errs []error, lost func(error) bool) {
	f.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !lost(err) {
			f.Errorf("one that lost got %v", err)
		}
	}
	if won != 1 {
		f.Errorf("%d have won, want 1", won)
	}
}

func raceHasOneWinner(f *fixture) {
	s := f.declare(one)
	for range 10 {
		errs := together(16, func(i int) error {
			c := next(s)
			c.State.Title = fmt.Sprint("by ", i)
			c.Counts = map[string]int64{"wins": 1}
			return f.Commit(f.Context(), c)
		})
		f.onlyOne(errs, func(err error) bool { return errors.Is(err, store.ErrConflict) })
		got, counts, err := f.Load(f.Context(), one)
		f.must(err)
		f.same("version", s.Version+1, got.Version)
		f.same("wins", int64(got.Version)-1, counts["wins"])
		s = got
	}
}

func manyAtOnce(f *fixture) {
	const each = 20
	id := func(i int) incident.ID { return incident.NewID(fmt.Sprint("key ", i), fmt.Sprint(i)) }
	for _, err := range together(32, func(i int) error {
		c := declared(id(i), incident.Number(i+1))
		for range each {
			if err := f.Commit(f.Context(), c); err != nil {
				return err
			}
			c = next(c.State)
		}
		return nil
	}) {
		f.must(err)
	}
	for i := range 32 {
		got, err := f.Events(f.Context(), id(i), 0, 0)
		f.must(err)
		f.same("number of events", each, len(got))
	}
}

func refusalsStayAlone(f *fixture) {
	f.declare(one)
	errs := together(32, func(i int) error {
		if i%2 == 0 {
			return f.Commit(f.Context(), declared(one, 1))
		}
		return f.Commit(f.Context(), declared(incident.ID(fmt.Sprint("s05-", i)), 1))
	})
	for i, err := range errs {
		if lost := i%2 == 0; lost != errors.Is(err, store.ErrConflict) || !lost && err != nil {
			f.Errorf("commit %d: got %v", i, err)
		}
	}
}

func cancelledCommit(f *fixture) {
	s := f.declare(one)
	before := f.snapshot(one)
	if err := f.Commit(f.cancelled(), next(s)); !errors.Is(err, context.Canceled) {
		f.Errorf("got %v, want context.Canceled", err)
	}
	f.same("the store after a cancelled commit", before, f.snapshot(one))
}

func replayBeforeConflict(f *fixture) {
	c := declared(one, 1)
	c.Requests = []string{"test:1"}
	f.answered(one, "test:1", false)
	f.commit(c)
	f.reopen()
	f.answered(one, "test:1", true)
	if err := f.Commit(f.Context(), c); !errors.Is(err, store.ErrReplayed) {
		f.Errorf("got %v, want ErrReplayed", err)
	}
}

func (f *fixture) answered(id incident.ID, request string, want bool) {
	f.Helper()
	if got, err := f.Answered(f.Context(), id, request); err != nil || got != want {
		f.Errorf("Answered(%q) = %t, %v", request, got, err)
	}
}

func answeredWithoutIncident(f *fixture) {
	c := store.Commit{Tasks: []store.Task{{ID: "answer", Kind: "answer"}}, Requests: []string{"test:1"}}
	f.commit(c)
	if err := f.Commit(f.Context(), c); !errors.Is(err, store.ErrReplayed) {
		f.Errorf("got %v, want ErrReplayed", err)
	}
}

func countersAddUp(f *fixture) {
	s := f.declare(one)
	for _, err := range together(20, func(int) error {
		return f.Commit(f.Context(), store.Commit{Incident: one, Counts: map[string]int64{"alerts": 2, "edits": -1}})
	}) {
		f.must(err)
	}
	f.follow(s, func(*incident.State) {})
	_, counts, err := f.Load(f.Context(), one)
	f.must(err)
	f.same("counters", map[string]int64{"alerts": 40, "edits": -20}, counts)
}

func sideCommit(f *fixture) {
	s := f.declare(one)
	want := f.follow(s, func(*incident.State) {})
	f.commit(store.Commit{Incident: one, Tasks: []store.Task{{ID: "t", Incident: one}}})
	got, _, err := f.Load(f.Context(), one)
	f.must(err)
	f.same("state", want, got)
}

func versionedSideCommit(f *fixture) {
	s := f.declare(one)
	c := store.Commit{Incident: one, Expect: s.Version, Counts: map[string]int64{"alerts": 1}}
	f.commit(c)
	f.follow(s, func(*incident.State) {})
	if err := f.Commit(f.Context(), c); !errors.Is(err, store.ErrConflict) {
		f.Errorf("got %v, want ErrConflict", err)
	}
}

func emptyCommit(f *fixture) {
	for _, c := range []store.Commit{{}, {Incident: one}, {Incident: one, Expect: 3, State: incident.State{Version: 3}}} {
		if err := f.Commit(f.Context(), c); err == nil {
			f.Errorf("%+v: no error", c)
		}
	}
}

func gapsRefused(f *fixture) {
	gap := declared(one, 1)
	gap.Events[0].Version, gap.State.Version = 2, 2
	stale := declared(one, 1)
	stale.State.Version = 0
	nobody := declared("", 1)
	for name, c := range map[string]store.Commit{"a gap": gap, "a stale state": stale, "events of nobody": nobody} {
		err := f.Commit(f.Context(), c)
		if err == nil || errors.Is(err, store.ErrConflict) {
			f.Errorf("%s: got %v, want an error of its own", name, err)
		}
	}
}

func resultsAreCopies(f *fixture) {
	s := f.declare(one)
	f.commit(store.Commit{Incident: one, Tasks: []store.Task{{ID: "t", Incident: one, Payload: []byte("payload")}}, Counts: map[string]int64{"n": 1}})
	before := f.snapshot(one)
	state, counts, err := f.Load(f.Context(), one)
	f.must(err)
	state.Milestones[incident.Declared] = time.Time{}
	counts["n"] = 99
	tasks, err := f.Tasks(f.Context(), nil, 10)
	f.must(err)
	tasks[0].Payload[0] = 'X'
	f.same("the store after its answers were changed", before, f.snapshot(one))

	c := next(s)
	c.State.Members = []incident.Person{{ID: "person:ana"}}
	f.commit(c)
	c.State.Members[0].ID = "person:eve"
	got, _, err := f.Load(f.Context(), one)
	f.must(err)
	f.same("member after the commit was changed", incident.PersonID("person:ana"), got.Members[0].ID)
}
