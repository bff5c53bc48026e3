package storetest

import (
	"errors"
	"time"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

var refusals = []behaviour{
	{"a conflict writes nothing", func(f *fixture) { writesNothing(f, conflicting) }},
	{"a replay writes nothing", func(f *fixture) { writesNothing(f, replaying) }},
	{"a claim that is held writes nothing", func(f *fixture) { writesNothing(f, claiming) }},
	{"a lease that was lost writes nothing", func(f *fixture) { writesNothing(f, fencing) }},
}

// The ways to be refused. Each prepares the store and spoils a commit that would have succeeded.
func conflicting(f *fixture, s incident.State, c *store.Commit) error {
	f.follow(s, func(s *incident.State) { s.Title = "overtaken" })
	return store.ErrConflict
}

func replaying(f *fixture, s incident.State, c *store.Commit) error {
	f.commit(store.Commit{Incident: s.ID, Requests: []string{"test:answered"}})
	c.Requests = append(c.Requests, "test:answered")
	return store.ErrReplayed
}

func claiming(f *fixture, _ incident.State, c *store.Commit) error {
	f.commit(store.Commit{Incident: neighbour, Claims: []store.Claim{{Key: heldKey}}})
	c.Claims = append(c.Claims, store.Claim{Key: heldKey})
	return &store.ClaimedError{Key: heldKey, By: neighbour}
}

func fencing(f *fixture, s incident.State, c *store.Commit) error {
	lease := store.ShardLease(s.ID.Shard())
	c.Fence = &store.Fence{Name: lease, Token: f.acquire(lease, "a", time.Hour)}
	f.must(f.Release(f.Context(), lease, "a"))
	f.acquire(lease, "b", time.Hour)
	return store.ErrFenced
}

var freeKey, heldKey = of(1, "free"), of(1, "held")

func writesNothing(f *fixture, spoil func(*fixture, incident.State, *store.Commit) error) {
	s := f.declare(one)
	f.commit(store.Commit{
		Incident: one,
		Tasks:    []store.Task{{ID: "t0", Incident: one}},
		Set:      []store.Timer{{Incident: one, Name: "old", Due: noon}},
	})
	c := next(s)
	c.State.Reason = incident.ByResolution
	c.State.Rooms = map[string]incident.Room{"slack": {Generation: 1, ID: "C1"}}
	c.Tasks, c.Done = []store.Task{{ID: "t1", Incident: one}}, []store.TaskID{"t0"}
	c.Set, c.Clear = []store.Timer{{Incident: one, Name: "new", Due: noon}}, []string{"old"}
	c.Claims, c.Requests = []store.Claim{{Key: freeKey}}, []string{"test:new"}
	c.Counts = map[string]int64{"alerts": 1}
	want := spoil(f, s, &c)
	before := f.snapshot(one)
	err := f.Commit(f.Context(), c)
	var held *store.ClaimedError
	if errors.As(err, &held) {
		f.same("error", want, error(held))
	} else if !errors.Is(err, want) {
		f.Fatalf("got %v, want %v", err, want)
	}
	f.same("the store after a refused commit", before, f.snapshot(one))
	f.reopen()
	f.same("the store after a refused commit, opened again", before, f.snapshot(one))
	f.commit(store.Commit{Incident: one, Requests: []string{"test:new"}})
}

// snapshot is all that the port tells, with one incident's record and the claims that the tests use.
func (f *fixture) snapshot(id incident.ID) []any {
	f.Helper()
	ctx := f.Context()
	var out []any
	add := func(v any, err error) {
		f.Helper()
		f.must(err)
		out = append(out, v)
	}
	state, counts, err := f.Load(ctx, id)
	out = append(out, counts)
	add(state, err)
	recorded, err := f.Events(ctx, id, 0, 0)
	add(recorded, err)
	open, err := f.Open(ctx)
	add(open, err)
	list, err := f.List(ctx, 0, 1000)
	add(list, err)
	tasks, err := f.Tasks(ctx, nil, 1000)
	add(tasks, err)
	timers, err := f.Due(ctx, nil, noon.AddDate(100, 0, 0), 1000)
	add(timers, err)
	requests, err := f.Requests(ctx, nil, 1000)
	add(requests, err)
	for _, key := range []string{freeKey, heldKey} {
		by, err := f.Claimed(ctx, key)
		add(by, err)
	}
	add(f.entries(), nil)
	return out
}
