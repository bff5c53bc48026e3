package storetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

var whole = []behaviour{
	{"it does what a simple model does, over thousands of random steps", randomSteps},
	{"it fails once it is closed", closedFails},
}

// chance makes random steps over a few incidents, so that they often meet.
type chance struct {
	*rand.Rand
	m       *model
	numbers map[incident.ID]incident.Number
	step    int
}

func randomSteps(f *fixture) {
	const seed, steps = 17, 3000
	g := &chance{Rand: rand.New(rand.NewPCG(seed, 0)), m: newModel(), numbers: map[incident.ID]incident.Number{}}
	refused := 0
	for g.step = range steps {
		switch g.IntN(10) {
		case 0:
			r := request(fmt.Sprint("r", g.IntN(200)))
			f.receive(r, g.m.receive(r))
		case 1:
			id := fmt.Sprint("r", g.IntN(200))
			f.must(f.CloseRequests(f.Context(), id))
			g.m.close(id)
		case 2:
			g.record(f)
		default:
			c := g.commit(f)
			want := g.m.commit(c)
			if want != nil {
				refused++
			}
			if got := f.Commit(f.Context(), c); !sameError(want, got) {
				f.Fatalf("seed %d, step %d: got %v, want %v for %+v", seed, g.step, got, want, c)
			}
		}
		if g.step%500 == 499 {
			f.reopen()
			g.m.compare(f)
		}
	}
	if refused < steps/20 || refused > steps/2 {
		f.Errorf("%d of %d steps were refused: the test looks at one side only", refused, steps)
	}
}

func (g *chance) record(f *fixture) {
	key := fmt.Sprint(g.IntN(50))
	if g.IntN(3) == 0 {
		f.must(f.DeleteRecord(f.Context(), "k", key))
		delete(g.m.records, key)
		return
	}
	value := fmt.Sprint("step ", g.step)
	f.put("k", key, value)
	g.m.records[key] = value
}

// commit makes a commit that mostly fits the model, and sometimes does not.
func (g *chance) commit(f *fixture) store.Commit {
	shard := g.IntN(12)
	id := incident.ID(fmt.Sprintf("s%02d-x", shard))
	if g.numbers[id] == 0 {
		n, err := f.Reserve(f.Context(), id)
		f.must(err)
		g.numbers[id] = n
	}
	s := g.m.states[id]
	if g.IntN(20) == 0 && s.Version > 1 {
		s.Version--
	}
	c := g.history(id, s)
	if g.IntN(10) == 0 {
		// A step without events.
		c.Events, c.State = nil, incident.State{}
	}
	c.Counts = map[string]int64{fmt.Sprint("c", g.IntN(2)): int64(g.IntN(10)) - 3}
	g.addQueue(&c)
	if g.IntN(4) == 0 {
		k := store.Claim{Key: of(id.Shard(), fmt.Sprint("key", g.IntN(3)))}
		if g.IntN(10) > 2 {
			k.From = g.m.claims[k.Key]
		}
		c.Claims = append(c.Claims, k)
	}
	if g.IntN(3) == 0 {
		c.Fence = g.fence(f, id.Shard())
	}
	if g.IntN(3) == 0 {
		c.Requests = append(c.Requests, fmt.Sprint("a", g.IntN(1500)))
	}
	return c
}

// fence is a lease that is held, which it mostly does not take itself.
func (g *chance) fence(f *fixture, s incident.Shard) *store.Fence {
	f.Helper()
	name := store.ShardLease(s)
	return &store.Fence{Name: name, Token: f.acquire(name, "replica", time.Hour)}
}

// history is the record's part of a commit: the declaration, or a step that may close, reopen, and change rooms.
func (g *chance) history(id incident.ID, s incident.State) store.Commit {
	if !s.Declared() {
		return declared(id, g.numbers[id])
	}
	c := next(s)
	c.State.Title = fmt.Sprint("step ", g.step)
	switch g.IntN(6) {
	case 0:
		c.State.Reason = incident.ByResolution
	case 1:
		c.State.Reason = ""
	case 2:
		c.State.Rooms = map[string]incident.Room{"slack": {Generation: g.step, ID: fmt.Sprint("C", g.step)}}
	case 3:
		c.State.Rooms = map[string]incident.Room{
			"slack":   {Generation: g.step, ID: fmt.Sprint("C", g.step), Lost: "deleted"},
			"discord": {Generation: g.step, ID: fmt.Sprint("D", g.step)},
		}
	}
	return c
}

func (g *chance) addQueue(c *store.Commit) {
	for range g.IntN(3) {
		c.Tasks = append(c.Tasks, task(store.TaskID(fmt.Sprintf("%s/%d", c.Incident, g.IntN(30))), c.Incident))
	}
	for range g.IntN(3) {
		c.Done = append(c.Done, store.TaskID(fmt.Sprintf("%s/%d", c.Incident, g.IntN(30))))
	}
	if g.IntN(3) == 0 {
		c.Set = append(c.Set, timer(c.Incident, fmt.Sprint("t", g.IntN(4)), time.Duration(g.IntN(1000))*time.Second))
	}
	if g.IntN(4) == 0 {
		c.Clear = append(c.Clear, fmt.Sprint("t", g.IntN(4)))
	}
}

func closedFails(f *fixture) {
	f.declare(one)
	f.must(f.Store.Close())
	for name, call := range map[string]func() error{
		"Commit":  func() error { return f.Commit(f.Context(), declared(two, 9)) },
		"Load":    func() error { _, _, err := f.Load(f.Context(), one); return err },
		"Receive": func() error { _, err := f.Receive(f.Context(), request("a")); return err },
	} {
		if call() == nil {
			f.Errorf("%s: no error", name)
		}
	}
	f.Store = f.open(f.T)
	f.opened(one)
}
