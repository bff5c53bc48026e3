package redis

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/alicebob/miniredis/v2"

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
