package storetest

import (
	"fmt"
	"slices"
	"time"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

var queue = []behaviour{
	{"tasks come whole, in order, after a place, at most limit", tasksInOrder},
	{"pages over all shards hold each task once", taskPages},
	{"a task with an id that is there is left as it is", taskTwice},
	{"tasks that are done are gone", tasksDone},
	{"tasks of some shards", tasksOfShards},
	{"places in the queue are not given again", taskSeqRises},
	{"timers fire in the order of their times", timersInOrder},
	{"timers move and are cleared", timersMove},
	{"timers of some shards, and the next one", timersOfShards},
	{"timers long ago and far ahead", timersFarAway},
	{"a change is signalled, and never blocks", changeSignalled},
}

func task(id store.TaskID, of incident.ID) store.Task {
	return store.Task{
		ID: id, Incident: of, Lane: string(of) + "/slack", Kind: "post", Payload: []byte(`{"text":"` + string(id) + `"}`),
		Urgent: id == "urgent", Merge: "card", Created: noon,
	}
}

func (f *fixture) add(of incident.ID, ids ...store.TaskID) {
	f.Helper()
	c := store.Commit{Incident: of}
	for _, id := range ids {
		c.Tasks = append(c.Tasks, task(id, of))
	}
	f.commit(c)
}

// queued fails unless exactly these tasks are there, and returns them.
func (f *fixture) queued(after store.Cursor, limit int, want ...store.TaskID) []store.Task {
	f.Helper()
	got, err := f.Tasks(f.Context(), after, limit)
	f.must(err)
	got = byShard(got, shardOfTask)
	var ids []store.TaskID
	for _, t := range got {
		ids = append(ids, t.ID)
	}
	f.same("ids of tasks", want, ids)
	return got
}

func tasksInOrder(f *fixture) {
	f.queued(nil, 10)
	f.add(one, "z", "urgent")
	f.add(neighbour, "a")
	got := f.queued(nil, 10, "z", "urgent", "a")
	for i, want := range []store.Task{task("z", one), task("urgent", one), task("a", neighbour)} {
		want.Seq = got[i].Seq
		f.same("task", want, got[i])
		if i > 0 && got[i].Seq <= got[i-1].Seq {
			f.Errorf("seq %d after %d", got[i].Seq, got[i-1].Seq)
		}
	}
	f.queued(store.Cursor{1: got[0].Seq}, 10, "urgent", "a")
	f.queued(store.Cursor{1: got[0].Seq}, 1, "urgent")
	f.queued(store.Cursor{1: got[0].Seq}, 0, "urgent", "a")
	f.queued(store.Cursor{1: got[2].Seq}, 10)
}

func taskPages(f *fixture) {
	var want, got []store.TaskID
	for i := range 20 {
		for _, id := range []incident.ID{one, two, three} {
			want = append(want, store.TaskID(fmt.Sprint(id, "/", i)))
			f.add(id, want[len(want)-1])
		}
	}
	at := store.FromStart(nil)
	for {
		page, err := f.Tasks(f.Context(), at, 7)
		f.must(err)
		for _, t := range page {
			at[t.Incident.Shard()], got = t.Seq, append(got, t.ID)
		}
		if len(page) < 7 {
			break
		}
	}
	shard := func(id store.TaskID) incident.Shard { return incident.ID(id).Shard() }
	f.same("ids of tasks", byShard(want, shard), byShard(got, shard))
}

func taskTwice(f *fixture) {
	f.add(one, "a", "b")
	before := f.queued(nil, 10, "a", "b")
	again := task("a", one)
	again.Payload = []byte("other")
	f.commit(store.Commit{Incident: one, Tasks: []store.Task{again, task("c", one)}})
	f.same("tasks", before, f.queued(nil, 10, "a", "b", "c")[:2])
}

func tasksDone(f *fixture) {
	f.add(one, "a", "b", "c")
	f.commit(store.Commit{Incident: two, Done: []store.TaskID{"a"}})
	f.commit(store.Commit{Incident: neighbour, Done: []store.TaskID{"b", "unknown"}})
	f.queued(nil, 10, "a", "c")
	f.commit(store.Commit{Incident: one, Done: []store.TaskID{"a", "b"}, Tasks: []store.Task{task("d", one)}})
	f.reopen()
	f.queued(nil, 10, "c", "d")
}

func tasksOfShards(f *fixture) {
	f.add(one, "a1", "b1")
	f.add(two, "a2")
	f.add(three, "a63")
	f.queued(store.Cursor{1: 0}, 10, "a1", "b1")
	f.queued(store.Cursor{2: 0, 63: 0}, 10, "a2", "a63")
	if got, err := f.Tasks(f.Context(), store.Cursor{2: 0, 63: 0}, 1); err != nil || len(got) != 1 {
		f.Errorf("at most one: got %v, %v", got, err)
	}
	f.queued(store.Cursor{3: 0}, 10)
	f.queued(store.Cursor{}, 10)
}

func taskSeqRises(f *fixture) {
	f.add(one, "a")
	first := f.queued(nil, 10, "a")[0].Seq
	f.commit(store.Commit{Incident: one, Done: []store.TaskID{"a"}})
	f.reopen()
	f.add(one, "b")
	if again := f.queued(nil, 10, "b")[0].Seq; again <= first {
		f.Errorf("seq %d after %d", again, first)
	}
}

func timer(of incident.ID, name string, after time.Duration) store.Timer {
	return store.Timer{Incident: of, Name: name, Due: noon.Add(after)}
}

// timersAre fails unless exactly these are due after a time.
func (f *fixture) timersAre(shards []incident.Shard, after time.Duration, want ...store.Timer) {
	f.Helper()
	got, err := f.Due(f.Context(), shards, noon.Add(after), 100)
	f.must(err)
	f.same(fmt.Sprint("timers due after ", after), want, got)
}

func timersInOrder(f *fixture) {
	f.timersAre(nil, time.Hour)
	late, soon, now := timer(one, "late", time.Minute), timer(two, "soon", time.Nanosecond), timer(three, "now", 0)
	for _, t := range []store.Timer{late, soon, now} {
		f.commit(store.Commit{Incident: t.Incident, Set: []store.Timer{t}})
	}
	f.timersAre(nil, -time.Nanosecond)
	f.timersAre(nil, 0, now)
	f.timersAre(nil, time.Nanosecond, now, soon)
	f.timersAre(nil, time.Hour, now, soon, late)
	got, err := f.Due(f.Context(), nil, noon.Add(time.Hour), 2)
	f.must(err)
	f.same("at most two", []store.Timer{now, soon}, got)
}

func timersMove(f *fixture) {
	set := func(id incident.ID, ts ...store.Timer) { f.commit(store.Commit{Incident: id, Set: ts}) }
	set(one, timer(one, "update", time.Minute), timer(one, "nag", time.Hour))
	set(two, timer(two, "update", 2*time.Minute))
	set(one, timer(one, "update", 3*time.Minute))
	f.timersAre(nil, time.Hour, timer(two, "update", 2*time.Minute), timer(one, "update", 3*time.Minute), timer(one, "nag", time.Hour))
	f.commit(store.Commit{Incident: one, Clear: []string{"nag", "unknown"}})
	f.reopen()
	f.timersAre(nil, time.Hour, timer(two, "update", 2*time.Minute), timer(one, "update", 3*time.Minute))
	f.commit(store.Commit{Incident: two, Clear: []string{"update"}, Set: []store.Timer{timer(two, "nag", 0)}})
	f.timersAre(nil, time.Hour, timer(two, "nag", 0), timer(one, "update", 3*time.Minute))
}

func timersOfShards(f *fixture) {
	next := func(want time.Duration, found bool, shards ...incident.Shard) {
		f.Helper()
		at, ok, err := f.Next(f.Context(), shards)
		f.must(err)
		if ok != found || ok && !at.Equal(noon.Add(want)) {
			f.Errorf("next of shards %v: got %v, %v, want %v, %v", shards, at, ok, noon.Add(want), found)
		}
	}
	next(0, false)
	first, second, third := timer(one, "x", time.Second), timer(two, "x", time.Minute), timer(three, "x", time.Hour)
	for _, t := range []store.Timer{third, second, first} {
		f.commit(store.Commit{Incident: t.Incident, Set: []store.Timer{t}})
	}
	f.timersAre([]incident.Shard{2, 63}, time.Hour, second, third)
	f.timersAre([]incident.Shard{5}, time.Hour)
	next(time.Second, true)
	next(time.Minute, true, 2, 63)
	next(time.Hour, true, 63)
	next(0, false, 5)
	f.timersAre([]incident.Shard{}, time.Hour)
	if at, ok, err := f.Next(f.Context(), []incident.Shard{}); ok || err != nil {
		f.Errorf("next of no shards: got %v, %v", at, err)
	}
}

func timersFarAway(f *fixture) {
	want := []store.Timer{
		{Incident: one, Name: "a", Due: time.Date(1960, 1, 1, 0, 0, 0, 1, time.UTC)},
		{Incident: one, Name: "c", Due: time.Date(1960, 1, 1, 0, 0, 0, 2, time.UTC)},
		{Incident: one, Name: "b", Due: time.Date(2600, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
	set := slices.Clone(want)
	slices.Reverse(set)
	f.commit(store.Commit{Incident: one, Set: set})
	got, err := f.Due(f.Context(), nil, want[2].Due, 10)
	f.must(err)
	f.same("timers", want, got)
}

// signalled fails unless a signal comes.
func (f *fixture) signalled(after string) {
	f.Helper()
	select {
	case <-f.Changed():
	case <-time.After(10 * time.Second):
		f.Fatalf("no signal after %s", after)
	}
}

func changeSignalled(f *fixture) {
	f.add(one, "a")
	f.signalled("a task")
	f.commit(store.Commit{Incident: one, Set: []store.Timer{timer(one, "x", 0)}})
	f.signalled("a timer")
	_, err := f.Receive(f.Context(), store.Request{ID: "test:1"})
	f.must(err)
	f.signalled("a request")
	for i := range 50 {
		f.add(one, store.TaskID(fmt.Sprint(i)))
	}
	f.signalled("fifty tasks that nobody waited for")
}
