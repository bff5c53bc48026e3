package bolt

import (
	"fmt"
	"sync/atomic"
	"testing"

	"sitrep/bot/store"
)

// A commit as an alert makes it, from one caller: what one fsync allows.
func BenchmarkCommit(b *testing.B) {
	s, _ := newStore(b)
	for i := 0; b.Loop(); i++ {
		if err := s.Commit(b.Context(), declare(i)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

// The same from 64 callers at once.
func BenchmarkCommitParallel(b *testing.B) {
	s, _ := newStore(b)
	parallel(b, func(i int) error { return s.Commit(b.Context(), declare(i)) })
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

// Requests of 2 KiB from 64 callers at once.
func BenchmarkReceive(b *testing.B) {
	s, _ := newStore(b)
	body := make([]byte, 2<<10)
	parallel(b, func(i int) error {
		_, err := s.Receive(b.Context(), store.Request{ID: fmt.Sprint("alertmanager:", i), Source: "alertmanager", Body: body})
		return err
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
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
