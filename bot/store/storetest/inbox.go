package storetest

import (
	"fmt"
	"time"

	"sitrep/bot/store"
)

var inbox = []behaviour{
	{"a request is stored as it came, once", requestOnce},
	{"of the same request many times at once one is fresh", requestAtOnce},
	{"requests come in order, after a place, at most limit", requestsInOrder},
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
func (f *fixture) waiting(after uint64, limit int, want ...string) []store.Request {
	f.Helper()
	got, err := f.Requests(f.Context(), after, limit)
	f.must(err)
	var ids []string
	for _, r := range got {
		ids = append(ids, r.ID)
	}
	f.same("ids of requests", want, ids)
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
	got := f.waiting(0, 10, "slack:Ev1")[0]
	want.Seq = got.Seq
	f.same("request", want, got)
	got.Body[0], got.Header["Content-Type"] = 'X', "X"
	f.same("request after an answer was changed", want, f.waiting(0, 10, "slack:Ev1")[0])
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
	got, err := f.Requests(f.Context(), 0, 100)
	f.must(err)
	f.same("how many are open", 2, len(got))
}

func requestsInOrder(f *fixture) {
	f.waiting(0, 10)
	for _, id := range []string{"z", "a", "m"} {
		r := request(id)
		r.At = noon.Add(-time.Duration(id[0]) * time.Hour)
		f.receive(r, true)
	}
	got := f.waiting(0, 10, "z", "a", "m")
	f.waiting(got[0].Seq, 10, "a", "m")
	f.waiting(got[0].Seq, 1, "a")
	f.waiting(got[2].Seq, 10)
}

func requestClosed(f *fixture) {
	for _, id := range []string{"a", "b", "c"} {
		f.receive(request(id), true)
	}
	f.must(f.CloseRequests(f.Context(), "b", "unknown", "b"))
	f.must(f.CloseRequests(f.Context(), "b"))
	f.must(f.CloseRequests(f.Context()))
	f.waiting(0, 10, "a", "c")
	f.reopen()
	f.receive(request("b"), false)
	f.waiting(0, 10, "a", "c")
	f.must(f.CloseRequests(f.Context(), "a", "c"))
	f.waiting(0, 10)
	f.receive(request("unknown"), true)
}

func requestSeqRises(f *fixture) {
	f.receive(request("a"), true)
	first := f.waiting(0, 10, "a")[0].Seq
	f.must(f.CloseRequests(f.Context(), "a"))
	f.reopen()
	f.receive(request("b"), true)
	if again := f.waiting(0, 10, "b")[0].Seq; again <= first {
		f.Errorf("seq %d after %d", again, first)
	}
}

func requestNameless(f *fixture) {
	if _, err := f.Receive(f.Context(), request("")); err == nil {
		f.Error("no error")
	}
	f.waiting(0, 10)
}
