package storetest

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// model is what a store must hold, told as simply as can be. It is what random commits are compared against.
type model struct {
	events   map[incident.ID][]incident.Recorded
	states   map[incident.ID]incident.State
	counts   map[incident.ID]map[string]int64
	claims   map[string]incident.ID
	answered map[string]bool // shard and request
	tasks    []store.Task
	timers   map[[2]string]time.Time // by incident and name
	inbox    []store.Request
	seen     map[string]bool
	records  map[string]string
}

func newModel() *model {
	return &model{
		events: map[incident.ID][]incident.Recorded{}, states: map[incident.ID]incident.State{},
		counts: map[incident.ID]map[string]int64{}, claims: map[string]incident.ID{}, answered: map[string]bool{},
		timers: map[[2]string]time.Time{}, seen: map[string]bool{}, records: map[string]string{},
	}
}

func answerKey(id incident.ID, request string) string { return string(rune('0'+id.Shard())) + request }

// commit does what a store must do, and returns the error that it must return.
func (m *model) commit(c store.Commit) error {
	for _, r := range c.Requests {
		if m.answered[answerKey(c.Incident, r)] {
			return store.ErrReplayed
		}
	}
	if m.states[c.Incident].Version != c.Expect {
		return store.ErrConflict
	}
	for _, k := range c.Claims {
		if m.claims[k.Key] != k.From {
			return &store.ClaimedError{Key: k.Key, By: m.claims[k.Key]}
		}
	}
	if len(c.Events) > 0 {
		m.events[c.Incident] = append(m.events[c.Incident], c.Events...)
		m.states[c.Incident] = c.State
	}
	m.queue(c)
	for _, k := range c.Claims {
		m.claims[k.Key] = c.Incident
	}
	for _, r := range c.Requests {
		m.answered[answerKey(c.Incident, r)] = true
	}
	if m.counts[c.Incident] == nil {
		m.counts[c.Incident] = map[string]int64{}
	}
	for name, n := range c.Counts {
		m.counts[c.Incident][name] += n
	}
	return nil
}

func (m *model) queue(c store.Commit) {
	m.tasks = slices.DeleteFunc(m.tasks, func(t store.Task) bool { return slices.Contains(c.Done, t.ID) })
	for _, t := range c.Tasks {
		if !slices.ContainsFunc(m.tasks, func(u store.Task) bool { return u.ID == t.ID }) {
			m.tasks = append(m.tasks, t)
		}
	}
	for _, name := range c.Clear {
		delete(m.timers, [2]string{string(c.Incident), name})
	}
	for _, t := range c.Set {
		m.timers[[2]string{string(t.Incident), t.Name}] = t.Due
	}
}

func (m *model) receive(r store.Request) (fresh bool) {
	if m.seen[r.ID] {
		return false
	}
	m.seen[r.ID] = true
	m.inbox = append(m.inbox, r)
	return true
}

func (m *model) close(id string) {
	m.inbox = slices.DeleteFunc(m.inbox, func(r store.Request) bool { return r.ID == id })
}

// byNumber returns the incidents that pass, the highest number first.
func (m *model) byNumber(pass func(incident.State) bool) []incident.ID {
	var out []incident.ID
	for id, s := range m.states {
		if pass(s) {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, func(a, b incident.ID) int { return cmp.Compare(m.states[b].Number, m.states[a].Number) })
	return out
}

func (m *model) due() []store.Timer {
	var out []store.Timer
	for k, at := range m.timers {
		out = append(out, store.Timer{Incident: incident.ID(k[0]), Name: k[1], Due: at})
	}
	slices.SortFunc(out, func(a, b store.Timer) int {
		return cmp.Or(a.Due.Compare(b.Due), strings.Compare(string(a.Incident), string(b.Incident)), strings.Compare(a.Name, b.Name))
	})
	return out
}

// compare fails unless the store holds what the model does.
func (m *model) compare(f *fixture) {
	f.Helper()
	ctx := f.Context()
	for id, want := range m.states {
		got, counts, err := f.Load(ctx, id)
		f.must(err)
		f.same("state of "+string(id), want, got)
		f.same("counters of "+string(id), m.counts[id], counts)
		recorded, err := f.Events(ctx, id, 0, 0)
		f.must(err)
		f.same("events of "+string(id), m.events[id], recorded)
		f.numbered(want.Number, id)
		for platform, r := range want.Rooms {
			if r.Usable() {
				f.room(platform, r.ID, id)
			} else {
				f.room(platform, r.ID, "")
			}
		}
	}
	f.opened(m.byNumber(incident.State.Open)...)
	f.listed(0, 1000, m.byNumber(incident.State.Declared)...)
	for key, by := range m.claims {
		f.claimed(key, by)
	}
	m.compareQueue(f)
}

func (m *model) compareQueue(f *fixture) {
	f.Helper()
	ctx := f.Context()
	tasks, err := f.Tasks(ctx, nil, 10000)
	f.must(err)
	for i := range tasks {
		tasks[i].Seq = 0
	}
	f.same("tasks", byShard(m.tasks, shardOfTask), byShard(tasks, shardOfTask))
	// Timers that are due at the same moment may come in any order.
	timers, err := f.Due(ctx, nil, noon.AddDate(1, 0, 0), 10000)
	f.must(err)
	if !slices.IsSortedFunc(timers, func(a, b store.Timer) int { return a.Due.Compare(b.Due) }) {
		f.Fatalf("timers out of order: %v", timers)
	}
	byID := map[[2]string]time.Time{}
	for _, t := range timers {
		byID[[2]string{string(t.Incident), t.Name}] = t.Due
	}
	f.same("timers", m.timers, byID)
	at, ok, err := f.Next(ctx, nil)
	f.must(err)
	if want := m.due(); ok != (len(want) > 0) || ok && !at.Equal(want[0].Due) {
		f.Fatalf("next timer: got %v, %v, want the first of %v", at, ok, want)
	}
	requests, err := f.Requests(ctx, nil, 10000)
	f.must(err)
	for i := range requests {
		requests[i].Seq = 0
	}
	f.same("requests", byShard(m.inbox, store.Request.Shard), byShard(requests, store.Request.Shard))
	got := map[string]string{}
	f.must(f.EachRecord(ctx, "k", "", func(key string, value []byte) error {
		got[key] = string(value)
		return nil
	}))
	f.same("records", maps.Clone(m.records), got)
}

// sameError reports whether a store's error is the model's.
func sameError(want, got error) bool {
	var w, g *store.ClaimedError
	if errors.As(want, &w) {
		return errors.As(got, &g) && *w == *g
	}
	return want == nil && got == nil || want != nil && errors.Is(got, want)
}
