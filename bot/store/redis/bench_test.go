package redis

import (
	"fmt"
	"sync/atomic"
	"testing"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// onEach runs a benchmark on a real server that puts each write on the disk, and on a real cluster whose replicas acknowledge each.
func onEach(b *testing.B, f func(b *testing.B, s *Store)) {
	for name, o := range map[string]func(*testing.B) Options{
		"server": func(b *testing.B) Options { return Options{URL: newServer(b).url()} },
		"cluster": func(b *testing.B) Options {
			url, _ := newCluster(b)
			return Options{URL: url, AckedReplicas: 1}
		},
	} {
		b.Run(name, func(b *testing.B) {
			o := o(b)
			n := 0
			b.Run("calls", func(b *testing.B) {
				n++
				o.Instance = fmt.Sprint("bench", n)
				f(b, open(b, o))
			})
		})
	}
}

// A commit as an alert makes it, from one caller: what one round trip and one fsync allow.
func BenchmarkCommit(b *testing.B) {
	onEach(b, func(b *testing.B, s *Store) {
		for i := 0; b.Loop(); i++ {
			must(b, s.Commit(b.Context(), declare(i)))
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
	})
}

// The same from 64 callers at once.
func BenchmarkCommitParallel(b *testing.B) {
	onEach(b, func(b *testing.B, s *Store) {
		parallel(b, func(i int) error { return s.Commit(b.Context(), declare(i)) })
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
	})
}

// Requests of 2 KiB from 64 callers at once.
func BenchmarkReceive(b *testing.B) {
	onEach(b, func(b *testing.B, s *Store) {
		body := make([]byte, 2<<10)
		parallel(b, func(i int) error {
			_, err := s.Receive(b.Context(), store.Request{ID: fmt.Sprint("alertmanager:", i), Source: "alertmanager", Body: body})
			return err
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	})
}

// Where a message came from, which is asked of every shard.
func BenchmarkRoom(b *testing.B) {
	onEach(b, func(b *testing.B, s *Store) {
		for i := range 500 {
			c := declare(i)
			c.State.Rooms = map[string]incident.Room{"slack": {Generation: 1, ID: fmt.Sprint("C", i)}}
			must(b, s.Commit(b.Context(), c))
		}
		for i := 0; b.Loop(); i++ {
			_, err := s.Room(b.Context(), "slack", fmt.Sprint("C", i%500))
			must(b, err)
		}
	})
}

// parallel runs f from 64 callers, b.N times in all.
func parallel(b *testing.B, f func(i int) error) {
	var n atomic.Int64
	b.SetParallelism(32) // times GOMAXPROCS, which is 2 where the figures were taken
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := f(int(n.Add(1))); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
