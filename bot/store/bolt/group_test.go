package bolt

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

// hold occupies the leader until release is called; what comes meanwhile queues up.
func hold(t *testing.T, g *group) (release func()) {
	t.Helper()
	entered, gate, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = g.do(context.Background(), &step{write: func(*bbolt.Tx) error {
			close(entered)
			<-gate
			return nil
		}})
	}()
	<-entered
	return func() {
		close(gate)
		<-done
	}
}

// queued waits until n steps are in the queue.
func queued(t *testing.T, g *group, n int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		g.mu.Lock()
		have := len(g.queue)
		g.mu.Unlock()
		if have == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d steps in the queue, want %d", have, n)
		}
	}
}

// enqueueSteps starts n steps one after the other, so that their order in the queue is known.
func enqueueSteps(t *testing.T, g *group, n int, each func(i int) *step) (outcomes []chan error) {
	t.Helper()
	for i := range n {
		out := newOutcome()
		s := each(i)
		go func() {
			defer func() {
				if p := recover(); p != nil {
					out <- fmt.Errorf("panic: %v", p)
				}
			}()
			out <- g.do(context.Background(), s)
		}()
		queued(t, g, i+1)
		outcomes = append(outcomes, out)
	}
	return outcomes
}

func newOutcome() chan error { return make(chan error, 1) }

func put(key string) *step {
	return &step{write: func(tx *bbolt.Tx) error { return tx.Bucket(records).Put([]byte(key), []byte("v")) }}
}

// has lists which of the keys are written.
func has(t *testing.T, s *Store, keys ...string) (found []string) {
	t.Helper()
	if err := s.db.View(func(tx *bbolt.Tx) error {
		for _, k := range keys {
			if tx.Bucket(records).Get([]byte(k)) != nil {
				found = append(found, k)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWhatQueuesUpSharesOneTransaction(t *testing.T) {
	s, _ := newStore(t)
	release := hold(t, s.writes)
	seen := make([]int, 10)
	outcomes := enqueueSteps(t, s.writes, len(seen), func(i int) *step {
		return &step{write: func(tx *bbolt.Tx) error { seen[i] = tx.ID(); return nil }}
	})
	release()
	for _, out := range outcomes {
		if err := <-out; err != nil {
			t.Error(err)
		}
	}
	for _, id := range seen {
		if id == 0 || id != seen[0] {
			t.Fatalf("steps ran in transactions %v, want one", seen)
		}
	}
}

func TestABrokenStepIsLeftOutAndTheOthersAreWritten(t *testing.T) {
	s, _ := newStore(t)
	broken, refused := errors.New("broken"), errors.New("refused")
	steps := []*step{put("a"), put("b"), put("c"), put("d")}
	steps[1].write = func(tx *bbolt.Tx) error {
		return errors.Join(tx.Bucket(records).Put([]byte("b"), nil), broken)
	}
	steps[2].check = func(*bbolt.Tx) error { return refused }
	release := hold(t, s.writes)
	outcomes := enqueueSteps(t, s.writes, len(steps), func(i int) *step { return steps[i] })
	release()
	for i, want := range []error{nil, broken, refused, nil} {
		if err := <-outcomes[i]; !errors.Is(err, want) {
			t.Errorf("step %d: got %v, want %v", i, err, want)
		}
	}
	if diff := cmp.Diff([]string{"a", "d"}, has(t, s, "a", "b", "c", "d")); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

func TestAPanicLeavesNobodyWaiting(t *testing.T) {
	s, _ := newStore(t)
	steps := []*step{put("a"), {write: func(*bbolt.Tx) error { panic("a programmer's mistake") }}, put("c")}
	release := hold(t, s.writes)
	outcomes := enqueueSteps(t, s.writes, len(steps), func(i int) *step { return steps[i] })
	release()
	for i, out := range outcomes {
		if err := <-out; err == nil {
			t.Errorf("step %d: no error", i)
		}
	}
	if err := s.writes.do(t.Context(), put("d")); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"d"}, has(t, s, "a", "c", "d")); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

func TestACancelledStepIsTakenOutOfTheQueue(t *testing.T) {
	s, _ := newStore(t)
	release := hold(t, s.writes)
	ctx, cancel := context.WithCancel(t.Context())
	out := newOutcome()
	go func() { out <- s.writes.do(ctx, put("a")) }()
	queued(t, s.writes, 1)
	cancel()
	if err := <-out; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	queued(t, s.writes, 0)
	release()
	if found := has(t, s, "a"); found != nil {
		t.Errorf("%v was written", found)
	}
}

func TestCloseWaitsForWhatIsInFlight(t *testing.T) {
	s, path := newStore(t)
	release := hold(t, s.writes)
	outcomes := enqueueSteps(t, s.writes, 3, func(i int) *step { return put(fmt.Sprint(i)) })
	closing := newOutcome()
	go func() { closing <- s.Close() }()
	for closed := false; !closed; time.Sleep(time.Millisecond) {
		s.writes.mu.Lock()
		closed = s.writes.closed
		s.writes.mu.Unlock()
	}
	if err := s.Commit(t.Context(), declare(1)); err == nil {
		t.Error("a commit that came after Close was taken")
	}
	release()
	for _, out := range append(outcomes, closing) {
		if err := <-out; err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"0", "1", "2"}, has(t, open(t, path), "0", "1", "2")); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}
