package storetest

import (
	"errors"
	"fmt"
	"slices"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

var listing = []behaviour{
	{"everything that is remembered is listed", listsAll},
	{"many entries are each listed once", listsMany},
	{"listing stops at an error, which comes back as it is", listStops},
}

// entries is all that Each lists, sorted.
func (f *fixture) entries() []string {
	f.Helper()
	var out []string
	f.must(f.Each(f.Context(), func(e store.Entry) error {
		out = append(out, told(e))
		return nil
	}))
	slices.Sort(out)
	return out
}

func told(e store.Entry) string { return fmt.Sprintf("%+q", fmt.Sprint(e)) }

func (f *fixture) lists(want ...store.Entry) {
	f.Helper()
	var sorted []string
	for _, e := range want {
		sorted = append(sorted, told(e))
	}
	slices.Sort(sorted)
	f.same("entries", sorted, f.entries())
}

func listsAll(f *fixture) {
	f.lists()
	n := f.declare(one).Number
	gap, err := f.Reserve(f.Context(), two)
	f.must(err)
	key := of(1, "group\x00a")
	f.commit(
		store.Commit{Incident: one, Claims: []store.Claim{{Key: key}}},
		store.Commit{Incident: neighbour, Claims: []store.Claim{{Key: key, From: one}}, Requests: []string{"r\x00/1"}},
		store.Commit{Incident: three, Requests: []string{"r\x00/1"}},
	)
	f.receive(request("open"), true)
	f.receive(request("closed"), true)
	f.must(f.CloseRequests(f.Context(), "closed"))
	f.put("person", "ana", "1")
	f.put("person", "bo", "1")
	f.put("personal", "bo", "1")
	near := of(incident.ShardOf("person"), "person\x01")
	f.put(near, "ana", "1")
	f.put("gone", "x", "1")
	f.must(f.DeleteRecord(f.Context(), "gone", "x"))
	f.reopen()
	f.lists(
		store.Entry{Kind: store.NumberEntry, Number: n, Incident: one},
		store.Entry{Kind: store.NumberEntry, Number: gap, Incident: two},
		store.Entry{Kind: store.ClaimEntry, Key: key, Incident: neighbour},
		store.Entry{Kind: store.AnsweredEntry, Shard: 1, Key: "r\x00/1"},
		store.Entry{Kind: store.AnsweredEntry, Shard: 63, Key: "r\x00/1"},
		store.Entry{Kind: store.ClosedEntry, Key: "closed"},
		store.Entry{Kind: store.KindEntry, Key: "person"},
		store.Entry{Kind: store.KindEntry, Key: "personal"},
		store.Entry{Kind: store.KindEntry, Key: near},
	)
}

func listsMany(f *fixture) {
	var want []store.Entry
	for i := range 700 {
		c := store.Commit{Incident: one, Requests: []string{fmt.Sprint("r", i)}, Claims: []store.Claim{{Key: of(1, fmt.Sprint("k", i))}}}
		f.commit(c)
		want = append(want, store.Entry{Kind: store.AnsweredEntry, Shard: 1, Key: c.Requests[0]},
			store.Entry{Kind: store.ClaimEntry, Key: c.Claims[0].Key, Incident: one})
	}
	f.lists(want...)
}

func listStops(f *fixture) {
	for i := range 5 {
		_, err := f.Reserve(f.Context(), incident.ID(fmt.Sprint("s01-", i)))
		f.must(err)
	}
	enough := errors.New("enough")
	n := 0
	err := f.Each(f.Context(), func(store.Entry) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	})
	if err != enough || n != 3 {
		f.Errorf("got %v after %d entries, want %v after 3", err, n, enough)
	}
}
