// Package storetest is the suite that every store passes: each promise of the port's comments is a test here.
//
// It is test equipment, and no production code imports it. It does not measure speed, and it kills nothing: what a store does
// when its process dies is a test beside the store.
package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// Open opens the store of one place. Called again after Close, it opens the same one with all that is in it.
type Open func(t *testing.T) store.Store

// Run runs the suite. place makes a new, empty place for each test, and returns how to open it.
func Run(t *testing.T, place func(t *testing.T) Open) {
	for _, group := range []struct {
		name  string
		tests []behaviour
	}{
		{"commit", commits},
		{"refusal", refusals},
		{"claim", claims},
		{"incidents", incidents},
		{"queue", queue},
		{"inbox", inbox},
		{"records", records},
		{"leases", leases},
		{"listing", listing},
		{"all of it", whole},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, b := range group.tests {
				t.Run(b.name, func(t *testing.T) {
					f := &fixture{T: t, open: place(t)}
					f.Store = f.open(t)
					t.Cleanup(func() { f.must(f.Close()) })
					b.test(f)
				})
			}
		})
	}
}

type behaviour struct {
	name string
	test func(*fixture)
}

// fixture is a test with its store.
type fixture struct {
	*testing.T
	store.Store
	open Open
}

// reopen closes the store and opens it again.
func (f *fixture) reopen() {
	f.Helper()
	f.must(f.Store.Close())
	f.Store = f.open(f.T)
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) commit(cs ...store.Commit) {
	f.Helper()
	for _, c := range cs {
		f.must(f.Commit(f.Context(), c))
	}
}

// declare reserves a number and commits a new incident.
func (f *fixture) declare(id incident.ID) incident.State {
	f.Helper()
	n, err := f.Reserve(f.Context(), id)
	f.must(err)
	c := declared(id, n)
	f.commit(c)
	return c.State
}

// follow commits one more event of an incident, with what change does to its state.
func (f *fixture) follow(s incident.State, change func(*incident.State)) incident.State {
	f.Helper()
	c := next(s)
	change(&c.State)
	f.commit(c)
	return c.State
}

// same compares what was read with what is wanted; an empty slice or map is as good as none.
func (f *fixture) same(what string, want, got any) {
	f.Helper()
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		f.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// noon is the moment at which everything in the suite begins. Its nanoseconds must not get lost.
var noon = time.Date(2025, 3, 4, 12, 0, 0, 123456789, time.UTC)

// declared is the first commit of an incident.
func declared(id incident.ID, n incident.Number) store.Commit {
	title := fmt.Sprintf("incident %d", n)
	return store.Commit{
		Incident: id,
		Events: []incident.Recorded{{
			Meta:       incident.Meta{At: noon, Actor: incident.Person{ID: "person:ana", Name: "Ana", Verified: true}, Source: "test"},
			Version:    1,
			RecordedAt: noon.Add(time.Second),
			Event:      incident.DeclaredEvent{Number: n, Title: title, Severity: incident.Sev2},
		}},
		State: incident.State{
			ID: id, Version: 1, Number: n, Title: title, Severity: incident.Sev2, Status: incident.Investigating,
			Milestones: map[incident.Milestone]time.Time{incident.Declared: noon},
		},
	}
}

// next is a commit that adds a note after a state.
func next(s incident.State) store.Commit {
	v := s.Version + 1
	at := noon.Add(time.Duration(v) * time.Minute)
	after := s
	after.Version = v
	return store.Commit{
		Incident: s.ID,
		Expect:   s.Version,
		Events: []incident.Recorded{{
			Meta:       incident.Meta{At: at},
			Version:    v,
			RecordedAt: at,
			Event:      incident.NoteAdded{Text: fmt.Sprintf("note %d", v), When: at},
		}},
		State: after,
	}
}

// ids are in different shards.
const (
	one   = incident.ID("s01-one")
	two   = incident.ID("s02-two")
	three = incident.ID("s63-three")

	neighbour = incident.ID("s01-neighbour") // in the shard of one
)

// of makes a name whose hash is in a shard.
func of(s incident.Shard, name string) string {
	for i := 0; ; i++ {
		if k := fmt.Sprintf("%s.%d", name, i); incident.ShardOf(k) == s {
			return k
		}
	}
}

// byShard sorts by shard, and leaves the order within each as it is, which is the order that the port promises.
func byShard[T any](all []T, shard func(T) incident.Shard) []T {
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b T) int { return cmp.Compare(shard(a), shard(b)) })
	return out
}

func shardOfTask(t store.Task) incident.Shard { return t.Incident.Shard() }

// cancelled is a context that is done.
func (f *fixture) cancelled() context.Context {
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	return ctx
}
