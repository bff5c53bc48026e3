package storetest

import (
	"fmt"
	"time"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

var inbox = []behaviour{
	{"a request is stored as it came, once", requestOnce},
	{"of the same request many times at once one is fresh", requestAtOnce},
	{"requests come in order, after a place, at most limit", requestsInOrder},
	{"pages over all shards hold each request once", requestPages},
	{"a closed request is gone, and remembered", requestClosed},
	{"places in the inbox are not given again", requestSeqRises},
	{"a request without an id is refused", requestNameless},
}

func request(id string) store.Request {
	return store.Request{
		ID: id, Source: "alertmanager", Kind: "alert", Header: map[string]string{"Content-Type": "application/json"},
		Body: []byte("{\"x\":\"\x00\xff\"}"), At: noon,
	}
}

func (f *fixture) receive(r store.Request, want bool) {
	f.Helper()
	fresh, err := f.Receive(f.Context(), r)
	f.must(err)
	f.same(r.ID+" is fresh", want, fresh)
}

// waiting fails unless exactly these requests are open, and returns them.
func (f *fixture) waiting(after store.Cursor, limit int, want ...string) []store.Request {
	f.Helper()
	got, err := f.Requests(f.Context(), after, limit)
	f.must(err)
	got = byShard(got, store.Request.Shard)
	var ids []string
	for _, r := range got {
		ids = append(ids, r.ID)
	}
	f.same("ids of requests", byShard(want, incident.ShardOf), ids)
	return got
}

func requestOnce(f *fixture) {
	want := request("slack:Ev1")
	f.receive(want, true)
	other := want
	other.Body = []byte("delivered again")
	f.receive(other, false)
	f.reopen()
	f.receive(other, false)
	got := f.waiting(nil, 10, "slack:Ev1")[0]
	want.Seq = got.Seq
	f.same("request", want, got)
	got.Body[0], got.Header["Content-Type"] = 'X', "X"
	f.same("request after an answer was changed", want, f.waiting(nil, 10, "slack:Ev1")[0])
}

func requestAtOnce(f *fixture) {
	fresh := make([]bool, 32)
	for _, err := range together(len(fresh), func(i int) (err error) {
		fresh[i], err = f.Receive(f.Context(), request(fmt.Sprint("test:", i%2)))
		return err
	}) {
		f.must(err)
	}
	n := 0
	for _, yes := range fresh {
		if yes {
			n++
		}
	}
	f.same("how many were fresh", 2, n)
	got, err := f.Requests(f.Context(), nil, 100)
	f.must(err)
	f.same("how many are open", 2, len(got))
}

func requestsInOrder(f *fixture) {
	f.waiting(nil, 10)
	z, a, m, other := of(7, "z"), of(7, "a"), of(7, "m"), of(8, "other")
	for _, id := range []string{z, a, other, m} {
		r := request(id)
		r.At = noon.Add(-time.Duration(id[0]) * time.Hour)
		f.receive(r, true)
	}
	got := f.waiting(store.Cursor{7: 0}, 10, z, a, m)
	f.waiting(store.Cursor{7: got[0].Seq}, 10, a, m)
	f.waiting(store.Cursor{7: got[0].Seq}, 1, a)
	f.waiting(store.Cursor{7: got[2].Seq}, 10)
	f.waiting(store.Cursor{7: got[1].Seq, 8: 0}, 10, m, other)
	f.waiting(store.Cursor{7: got[1].Seq}, 0, m)
	f.waiting(store.Cursor{}, 10)
	f.waiting(nil, 0, z, a, m, other)
}

func requestPages(f *fixture) {
	var want, got []string
	for i := range 150 {
		want = append(want, fmt.Sprint("test:", i))
		f.receive(request(want[i]), true)
	}
	at := store.FromStart(nil)
	for {
		page, err := f.Requests(f.Context(), at, 7)
		f.must(err)
		for _, r := range page {
			if at[r.Shard()] >= r.Seq {
				f.Fatalf("%s has seq %d after %d", r.ID, r.Seq, at[r.Shard()])
			}
			at[r.Shard()], got = r.Seq, append(got, r.ID)
		}
		if len(page) < 7 {
			break
		}
	}
	f.same("ids of requests", byShard(want, incident.ShardOf), byShard(got, incident.ShardOf))
}

func requestClosed(f *fixture) {
	for _, id := range []string{"a", "b", "c"} {
		f.receive(request(id), true)
	}
	f.must(f.CloseRequests(f.Context(), "b", "unknown", "b"))
	f.must(f.CloseRequests(f.Context(), "b"))
	f.must(f.CloseRequests(f.Context()))
	f.waiting(nil, 10, "a", "c")
	f.reopen()
	f.receive(request("b"), false)
	f.waiting(nil, 10, "a", "c")
	f.must(f.CloseRequests(f.Context(), "a", "c"))
	f.waiting(nil, 10)
	f.receive(request("unknown"), true)
}

func requestSeqRises(f *fixture) {
	a, b := of(3, "a"), of(3, "b")
	f.receive(request(a), true)
	first := f.waiting(nil, 10, a)[0].Seq
	f.must(f.CloseRequests(f.Context(), a))
	f.reopen()
	f.receive(request(b), true)
	if again := f.waiting(nil, 10, b)[0].Seq; again <= first {
		f.Errorf("seq %d after %d", again, first)
	}
}

func requestNameless(f *fixture) {
	if _, err := f.Receive(f.Context(), request("")); err == nil {
		f.Error("no error")
	}
	f.waiting(nil, 10)
}
