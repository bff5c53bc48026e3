package redis

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/store"
	"sitrep/bot/store/storetest"
)

func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

var places atomic.Int64

// place is a new, empty place on a server: a name that nobody has had.
func place(url string) func(t *testing.T) storetest.Open {
	return func(*testing.T) storetest.Open {
		o := Options{URL: url, Instance: fmt.Sprint("test", places.Add(1))}
		return func(t *testing.T) store.Store { return open(t, o) }
	}
}

func TestStoreOnMiniredis(t *testing.T) {
	m := miniredis.RunT(t)
	storetest.Run(t, place("redis://"+m.Addr()))
}

func TestStoreOnARealServer(t *testing.T) {
	storetest.Run(t, place(newServer(t).url()))
}

func TestStoreOnARealCluster(t *testing.T) {
	url, _ := newCluster(t)
	storetest.Run(t, place(url))
}

// declare is a commit as an alert makes it.
func declare(i int) store.Commit {
	id := incident.ID(fmt.Sprintf("s%02d-%d", i%incident.Shards, i))
	at := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	return store.Commit{
		Incident: id,
		Events: []incident.Recorded{{
			Meta: incident.Meta{At: at, Source: "prometheus", Request: fmt.Sprint("req-", i)}, Version: 1, RecordedAt: at,
			Event: incident.DeclaredEvent{Number: incident.Number(i + 1), Title: "checkout latency", Severity: incident.Sev2, Service: "checkout"},
		}},
		State: incident.State{
			ID: id, Version: 1, Number: incident.Number(i + 1), Title: "checkout latency", Severity: incident.Sev2,
			Status: incident.Investigating, Service: "checkout", Milestones: map[incident.Milestone]time.Time{incident.Declared: at},
		},
		Tasks:    []store.Task{{ID: store.TaskID(fmt.Sprintf("%s/1/room", id)), Incident: id, Lane: string(id) + "/slack", Kind: "room", Created: at}},
		Set:      []store.Timer{{Incident: id, Name: "update", Due: at.Add(20 * time.Minute)}},
		Requests: []string{fmt.Sprint("req-", i)},
	}
}

// note is a commit that follows another one.
func note(before incident.State) store.Commit {
	after := before
	after.Version++
	return store.Commit{
		Incident: before.ID, Expect: before.Version, State: after,
		Events: []incident.Recorded{{Version: after.Version, Event: incident.NoteAdded{Text: "a line of words on the timeline"}}},
	}
}

func TestOpenRefuses(t *testing.T) {
	m := miniredis.RunT(t)
	m.RequireUserAuth("sitrep", "hunter2")
	at := func(user string) string { return "redis://" + user + "@" + m.Addr() }
	open(t, Options{URL: at("sitrep:hunter2"), Instance: "newer"})
	m.Set("newer:{meta}:schema", "7")
	m.Set("theirs:{meta}:schema", "x")
	nowhere := fmt.Sprintf("redis://sitrep:hunter2@127.0.0.1:%d", freePort(t))
	for _, tt := range []struct {
		name string
		o    Options
		kind ops.Kind
		msg  string
	}{
		{"a wrong password", Options{URL: at("sitrep:hunter3")}, ops.Denied, "Redis does not let sitrep in"},
		{"no server", Options{URL: nowhere}, ops.Unavailable, "the Redis that store.redis.url names cannot be used"},
		{"a newer schema", Options{URL: at("sitrep:hunter2"), Instance: "newer"}, ops.Invalid, "the store in Redis has schema version 7"},
		{"another program's keys", Options{URL: at("sitrep:hunter2"), Instance: "theirs"}, ops.Invalid, "the keys that begin with theirs: belong to another program"},
		{"an instance with braces", Options{URL: at("sitrep:hunter2"), Instance: "a{b}"}, ops.Invalid, "instance: no braces"},
		{"a URL of nothing", Options{URL: "hunter2"}, ops.Invalid, "store.redis.url is no address"},
		{"a URL that cannot be read", Options{URL: "redis://:hunter2%zz@host"}, ops.Invalid, "store.redis.url is no address"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Open(t.Context(), tt.o)
			if err == nil {
				_ = s.Close()
				t.Fatal("no error")
			}
			if !strings.HasPrefix(ops.Tell(err), tt.msg) || ops.KindOf(err) != tt.kind {
				t.Errorf("kind %v, want %v; message %q, want %q…", ops.KindOf(err), tt.kind, ops.Tell(err), tt.msg)
			}
			if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, "hunter") {
				t.Errorf("the password is in %s", text)
			}
		})
	}
}

func TestParse(t *testing.T) {
	type parts struct {
		Way, User, Password, Master string
		Hosts                       []string
		DB                          int
		TLS                         bool
		Sentinel                    string
	}
	for raw, want := range map[string]parts{
		"redis://h":                     {Hosts: []string{"h:6379"}},
		"redis://h:1/2":                 {Hosts: []string{"h:1"}, DB: 2},
		"redis://u:p%40@h":              {Hosts: []string{"h:6379"}, User: "u", Password: "p@"},
		"redis://:p@[::1]:7":            {Hosts: []string{"[::1]:7"}, Password: "p"},
		"rediss://h":                    {Hosts: []string{"h:6379"}, TLS: true},
		"redis+cluster://u:p@a:1,b,c:3": {Way: "cluster", Hosts: []string{"a:1", "b:6379", "c:3"}, User: "u", Password: "p"},
		"redis+sentinel://a,b:2/main/3": {Way: "sentinel", Hosts: []string{"a:26379", "b:2"}, Master: "main", DB: 3},
		"rediss+sentinel://a/main":      {Way: "sentinel", Hosts: []string{"a:26379"}, Master: "main", TLS: true},
		"redis+sentinel://u:p@a/main?sentinel_username=v&sentinel_password=q": {
			Way: "sentinel", Hosts: []string{"a:26379"}, User: "u", Password: "p",
			Master: "main", Sentinel: "v:q",
		},
		"": {}, "h:6379": {}, "http://h": {}, "redis://": {}, "redis://a,b": {}, "redis://h/x": {}, "redis://h/1/2": {}, "redis+cluster://h/1": {},
		"redis+sentinel://h": {}, "redis+other://h": {}, "redis+cluster://a,,b": {},
	} {
		a, err := parse(raw)
		if (err != nil) != (want.Hosts == nil) {
			t.Errorf("%q: %v", raw, err)
		}
		if err != nil {
			continue
		}
		got := parts{a.way, a.user, a.password, a.master, a.hosts, a.db, a.tls != nil, strings.Trim(a.sentinelUser+":"+a.sentinelPassword, ":")}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", raw, diff)
		}
	}
}

func TestStateOfAnotherFoldIsFoldedAgain(t *testing.T) {
	m := miniredis.RunT(t)
	s := open(t, Options{URL: "redis://" + m.Addr()})
	c := declare(1)
	must(t, s.Commit(t.Context(), c))
	m.HSet("sitrep:{s1}:in:"+string(c.Incident), "f", "-1", "s", `{"title":7}`)
	got, _, err := s.Load(t.Context(), c.Incident)
	must(t, err)
	if diff := cmp.Diff(incident.Fold(c.Incident, c.Events), got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

func TestAnIncidentThatSomebodyElseWroteToIsLeftAlone(t *testing.T) {
	m := miniredis.RunT(t)
	s := open(t, Options{URL: "redis://" + m.Addr()})
	c := declare(1)
	must(t, s.Commit(t.Context(), c))
	_, err := m.XAdd("sitrep:{s1}:ev:"+string(c.Incident), "2-0", []string{"e", "theirs"})
	must(t, err)
	if err := s.Commit(t.Context(), note(c.State)); ops.KindOf(err) != ops.Unavailable || !strings.Contains(err.Error(), "its last event is 2") {
		t.Errorf("got %v", err)
	}
}

func TestClosedAndAnsweredRequestsAreForgottenInTheEnd(t *testing.T) {
	m := miniredis.RunT(t)
	s := open(t, Options{URL: "redis://" + m.Addr()})
	now := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	receive := func(id string, want bool) {
		t.Helper()
		m.SetTime(now)
		if fresh, err := s.Receive(t.Context(), store.Request{ID: id}); err != nil || fresh != want {
			t.Fatalf("%s at %v: fresh %v, %v, want %v", id, now, fresh, err, want)
		}
	}
	// All of one shard: what comes there lets what is old there be forgotten.
	mine := func(name string) string {
		for i := 0; ; i++ {
			if id := fmt.Sprint(name, i); incident.ShardOf(id) == 7 {
				return id
			}
		}
	}
	receive(mine("a"), true)
	must(t, s.CloseRequests(t.Context(), mine("a")))
	must(t, s.Commit(t.Context(), store.Commit{Incident: "s07-x", Requests: []string{"r"}}))
	now = now.Add(47 * time.Hour)
	receive(mine("b"), true)
	receive(mine("a"), false)
	now = now.Add(2 * time.Hour)
	receive(mine("c"), true)
	receive(mine("a"), true)
	for _, tt := range []struct {
		days int
		want bool
	}{{86, true}, {4, false}} {
		now = now.AddDate(0, 0, tt.days)
		receive(mine(fmt.Sprint(tt.days, "-")), true)
		if got, err := s.Answered(t.Context(), "s07-x", "r"); err != nil || got != tt.want {
			t.Errorf("at %v the request is answered: %v, %v, want %v", now, got, err, tt.want)
		}
	}
}

// What a failover has lost must not hide what comes after it from those who have seen it.
func TestPlacesAndTokensAreNotGivenAgainAfterTheLastWritesWereLost(t *testing.T) {
	m := miniredis.RunT(t)
	s := open(t, Options{URL: "redis://" + m.Addr()})
	places := func() [3]uint64 {
		t.Helper()
		m.FlushAll()
		must(t, s.Commit(t.Context(), store.Commit{Incident: "s01-x", Tasks: []store.Task{{ID: "t", Incident: "s01-x"}}}))
		_, err := s.Receive(t.Context(), store.Request{ID: "r"})
		must(t, err)
		token, err := s.Acquire(t.Context(), "l", "a", time.Hour)
		must(t, err)
		tasks, err := s.Tasks(t.Context(), nil, 0)
		must(t, err)
		requests, err := s.Requests(t.Context(), nil, 0)
		must(t, err)
		return [3]uint64{tasks[0].Seq, requests[0].Seq, token}
	}
	before := places()
	after := places()
	for i, what := range []string{"task's seq", "request's seq", "token"} {
		if after[i] <= before[i] {
			t.Errorf("a %s is %d after %d", what, after[i], before[i])
		}
	}
}

func TestAChangeIsHeardByAnotherReplica(t *testing.T) {
	m := miniredis.RunT(t)
	never := Options{URL: "redis://" + m.Addr(), Poll: time.Hour}
	writer, reader := open(t, never), open(t, never)
	changed := reader.Changed()
	heard := func() bool {
		must(t, writer.Commit(t.Context(), store.Commit{Tasks: []store.Task{{ID: store.TaskID(fmt.Sprint(places.Add(1)))}}}))
		select {
		case <-changed:
			return true
		case <-time.After(50 * time.Millisecond):
			return false
		}
	}
	eventually(t, "a task is heard of", heard)
	m.Close()
	must(t, m.Restart())
	eventually(t, "a task is heard of after the connection was lost", func() bool {
		if _, err := writer.Open(t.Context()); err != nil {
			return false
		}
		return heard()
	})
	must(t, reader.Close())
	must(t, reader.Close())
}

func TestWhatNoMessageToldIsFoundByLooking(t *testing.T) {
	m := miniredis.RunT(t)
	s := open(t, Options{URL: "redis://" + m.Addr(), Poll: time.Millisecond})
	for range 3 {
		select {
		case <-s.Changed():
		case <-time.After(10 * time.Second):
			t.Fatal("it never looked")
		}
	}
}
