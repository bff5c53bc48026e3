package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
	"sitrep/bot/store"
	"sitrep/bot/store/bolt"
	"sitrep/bot/store/redis"
)

// everything is a commit for each thing that a store may have.
func everything(t *testing.T, st store.Store) {
	t.Helper()
	at := time.Date(2026, 3, 4, 12, 0, 0, 5, time.UTC)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 {
		key := fmt.Sprint("group\x00", i)
		id := incident.NewID(key, fmt.Sprint(i))
		n, err := st.Reserve(t.Context(), id)
		must(err)
		if i%7 == 3 {
			continue // a number that came to nothing
		}
		c := store.Commit{Incident: id, Claims: []store.Claim{{Key: key}}, Requests: []string{fmt.Sprint("am:", i, "/0")}}
		events := 3
		if i == 5 {
			events = 1207
		}
		for v := range incident.Version(events) {
			r := incident.Recorded{Meta: incident.Meta{At: at, Source: "am"}, Version: v + 1, RecordedAt: at.Add(time.Second)}
			r.Event = incident.NoteAdded{Text: "a line ü\x00", When: at}
			if v == 0 {
				r.Event = incident.DeclaredEvent{Number: n, Title: "checkout is slow", Severity: incident.Sev2, Platforms: []string{"slack"}}
			}
			c.Events = append(c.Events, r)
		}
		c.State = incident.Fold(id, c.Events)
		c.Counts = map[string]int64{"alerts": int64(i), "repeats": 2}
		c.Set = []store.Timer{{Incident: id, Name: "update", Due: at.Add(time.Duration(i) * time.Minute)}}
		for k := range 3 {
			c.Tasks = append(c.Tasks, store.Task{ID: store.TaskID(fmt.Sprint(id, "/", k)), Incident: id, Lane: "l", Kind: "post", Payload: []byte{0, 255}, Created: at})
		}
		must(st.Commit(t.Context(), c))
		must(st.PutRecord(t.Context(), "person", fmt.Sprint(i), []byte{0, 255, byte(i)}))
		for _, r := range []string{"open", "closed"} {
			_, err := st.Receive(t.Context(), store.Request{ID: fmt.Sprint(r, i), Source: "slack", Body: []byte{0, 255}, At: at})
			must(err)
		}
		must(st.CloseRequests(t.Context(), fmt.Sprint("closed", i)))
	}
}

// exported is all lines of an export, sorted, since what is remembered comes in any order.
func exported(t *testing.T, st store.Store) (text string, sorted []string) {
	t.Helper()
	var out bytes.Buffer
	if err := exportAll(t.Context(), st, &out); err != nil {
		t.Fatal(err)
	}
	sorted = strings.Split(strings.TrimSpace(out.String()), "\n")
	slices.Sort(sorted)
	return out.String(), sorted
}

func fileStore(t *testing.T) store.Store {
	t.Helper()
	st, err := bolt.Open(filepath.Join(t.TempDir(), "sitrep.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

func redisStore(t *testing.T) store.Store {
	t.Helper()
	st, err := redis.Open(t.Context(), redis.Options{URL: "redis://" + miniredis.RunT(t).Addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

func TestEverythingMovesBetweenTheStores(t *testing.T) {
	for name, way := range map[string][]func(*testing.T) store.Store{
		"from the file to Redis and back": {fileStore, redisStore, fileStore},
		"from Redis to the file and back": {redisStore, fileStore, redisStore},
	} {
		t.Run(name, func(t *testing.T) {
			from := way[0](t)
			everything(t, from)
			text, want := exported(t, from)
			for _, next := range way[1:] {
				to := next(t)
				n, err := importAll(t.Context(), to, strings.NewReader(text))
				if err != nil || n != len(want)-1 {
					t.Fatalf("%d lines of %d: %v", n, len(want)-1, err)
				}
				var got []string
				text, got = exported(t, to)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("what was moved (-want +got):\n%s", diff)
				}
				samePlaces(t, from, to)
			}
		})
	}
}

// samePlaces compares what is looked up and is in no export as such: the open incidents, their states, and the number that comes next.
func samePlaces(t *testing.T, a, b store.Store) {
	t.Helper()
	var told [2][]any
	for i, st := range []store.Store{a, b} {
		open, err := st.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range open {
			s, counts, err := st.Load(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			told[i] = append(told[i], s, counts)
		}
		fresh, err := st.Receive(t.Context(), store.Request{ID: "closed1"})
		told[i] = append(told[i], open, fresh, err)
	}
	if diff := cmp.Diff(told[0], told[1]); diff != "" {
		t.Errorf("what is looked up (-want +got):\n%s", diff)
	}
	if n, err := b.Reserve(t.Context(), "s00-next"); err != nil || n <= 40 {
		t.Errorf("the next number is %d, %v", n, err)
	}
}

func TestImportRefuses(t *testing.T) {
	st := fileStore(t)
	everything(t, st)
	text, _ := exported(t, st)
	lines := strings.SplitAfter(text, "\n")
	for name, tt := range map[string]struct {
		to   store.Store
		text string
		want string
	}{
		"a store that is used":        {st, text, "the store is not empty"},
		"another file":                {fileStore(t), `{"id":1}` + "\n", "not written by `sitrep export --all`"},
		"a newer format":              {fileStore(t), `{"sitrep":9}` + "\n", "by a newer sitrep"},
		"an export that is cut short": {fileStore(t), strings.Join(lines[:50], ""), "line 51: the export is cut short"},
		"one with a line left out":    {fileStore(t), strings.Join(slices.Delete(slices.Clone(lines), 3, 4), ""), "and only"},
		"a line of nothing":           {fileStore(t), lines[0] + "{}\n", "line 2: what this is"},
	} {
		if _, err := importAll(t.Context(), tt.to, strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s…", name, err, tt.want)
		}
	}
}

func TestExportAllAndImportAreCommands(t *testing.T) {
	_, from := aStore(t)
	said, err := sitrepSays(t, "export", "--all", "-c", from)
	if err != nil {
		t.Fatal(err)
	}
	file := configFile(t, said)
	to := configFile(t, minimal+"store: {redis: {url: 'redis://"+miniredis.RunT(t).Addr()+"'}}\n")
	if said, err = sitrepSays(t, "import", "-c", to, file); err != nil || !strings.HasSuffix(said, " lines imported\n") {
		t.Fatalf("got %q, %v", said, err)
	}
	want, err := sitrepSays(t, "export", "-c", from, "1")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := sitrepSays(t, "export", "-c", to, "1"); err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, args := range [][]string{{"export", "-c", from}, {"export", "--all", "-c", from, "1"}, {"import", "-c", to, file}} {
		if said, err := sitrepSays(t, args...); err == nil {
			t.Errorf("%v: no error, and it said %q", args, said)
		}
	}
}
