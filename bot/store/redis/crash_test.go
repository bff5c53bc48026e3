package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/store"
)

// writer commits to one incident until the server dies, and remembers what was acknowledged.
type writer struct {
	id       incident.ID
	acked    incident.Version
	requests []string
}

func (w *writer) write(ctx context.Context, s *Store, acks *atomic.Int64) {
	state, _, err := s.Load(ctx, w.id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return
	}
	for {
		request := fmt.Sprintf("%s/%d", w.id, state.Version)
		if _, err := s.Receive(ctx, store.Request{ID: request}); err != nil {
			return
		}
		w.requests = append(w.requests, request)
		state.ID = w.id
		c := note(state)
		c.Tasks = []store.Task{{ID: store.TaskID(request), Incident: w.id}}
		c.Counts = map[string]int64{"notes": 1}
		if s.Commit(ctx, c) != nil {
			return
		}
		state = c.State
		w.acked = state.Version
		acks.Add(1)
	}
}

func TestWhatWasAcknowledgedOutlivesKill9(t *testing.T) {
	srv := newServer(t)
	s := open(t, Options{URL: srv.url()})
	writers := make([]*writer, 8)
	for i := range writers {
		writers[i] = &writer{id: incident.ID(fmt.Sprintf("s%02d-w", i*7))}
	}
	for range 4 {
		var acks atomic.Int64
		var wg sync.WaitGroup
		for _, w := range writers {
			wg.Go(func() { w.write(t.Context(), s, &acks) })
		}
		eventually(t, "some hundred commits", func() bool { return acks.Load() > 400 })
		srv.kill()
		wg.Wait()
		srv.start(t)
		for _, w := range writers {
			w.check(t, s)
		}
	}
}

// check wants all of each commit, or nothing: as many tasks and counted notes as versions, and everything that was acknowledged.
func (w *writer) check(t *testing.T, s *Store) {
	t.Helper()
	state, counts, err := s.Load(t.Context(), w.id)
	must(t, err)
	recorded, err := s.Events(t.Context(), w.id, 0, 0)
	must(t, err)
	tasks, err := s.Tasks(t.Context(), store.Cursor{w.id.Shard(): 0}, 0)
	must(t, err)
	if state.Version < w.acked {
		t.Errorf("%s is at version %d, and %d was acknowledged", w.id, state.Version, w.acked)
	}
	if n := int(state.Version); len(recorded) != n || len(tasks) != n || int(counts["notes"]) != n {
		t.Errorf("%s at version %d has %d events, %d tasks and %d counted notes", w.id, n, len(recorded), len(tasks), counts["notes"])
	}
	for _, r := range w.requests {
		if fresh, err := s.Receive(t.Context(), store.Request{ID: r}); err != nil || fresh {
			t.Fatalf("request %s was acknowledged, and is not there: %v", r, err)
		}
	}
}

// wire stands between a store and its server.
type wire struct {
	l    net.Listener
	to   string
	mute atomic.Bool // what the server answers is thrown away
	mu   sync.Mutex
	ends []net.Conn
	wg   sync.WaitGroup
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w := &wire{l: l, to: to}
	w.wg.Go(w.accept)
	t.Cleanup(func() {
		_ = l.Close()
		w.cut()
		w.wg.Wait()
	})
	return w
}

func (w *wire) accept() {
	for {
		near, err := w.l.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		w.mu.Lock()
		w.ends = append(w.ends, near, far)
		w.mu.Unlock()
		w.wg.Go(func() { _, _ = io.Copy(far, near); _ = far.Close() })
		w.wg.Go(func() { w.answers(near, far) })
	}
}

func (w *wire) answers(near, far net.Conn) {
	defer near.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := far.Read(buf)
		if err != nil {
			return
		}
		if !w.mute.Load() {
			if _, err := near.Write(buf[:n]); err != nil {
				return
			}
		}
	}
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.ends {
		_ = c.Close()
	}
	w.ends = nil
}

func TestALostConnectionIsAnErrorAndThenIsMended(t *testing.T) {
	srv := newServer(t)
	w := newWire(t, srv.addr)
	s := open(t, Options{URL: "redis://" + w.l.Addr().String(), Timeout: 200 * time.Millisecond})
	c := declare(1)
	must(t, s.Commit(t.Context(), c))
	for range 3 {
		w.cut()
		eventually(t, "it works again", func() bool {
			_, _, err := s.Load(t.Context(), c.Incident)
			if err != nil && ops.KindOf(err) != ops.Unavailable {
				t.Fatal(err)
			}
			return err == nil
		})
	}

	w.mute.Store(true)
	if _, _, err := s.Load(t.Context(), c.Incident); ops.KindOf(err) != ops.Unavailable {
		t.Errorf("a server that does not answer: got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Open(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a server that does not answer in time: got %v", err)
	}
}

// The answer is lost and the commit stands: it must not be carried out again by the client, and the caller must be able to find out.
func TestACommitWhoseAnswerIsLostIsCarriedOutOnce(t *testing.T) {
	srv := newServer(t)
	w := newWire(t, srv.addr)
	s := open(t, Options{URL: "redis://" + w.l.Addr().String(), Timeout: 200 * time.Millisecond})
	first := declare(1)
	must(t, s.Commit(t.Context(), first))
	c := store.Commit{Incident: first.Incident, Counts: map[string]int64{"alerts": 1}}
	asked := note(first.State)
	asked.Requests = []string{"asked"}

	w.mute.Store(true)
	for _, c := range []store.Commit{c, asked} {
		if err := s.Commit(t.Context(), c); ops.KindOf(err) != ops.Unavailable {
			t.Fatalf("got %v, want that it is not known", err)
		}
	}
	w.cut()
	w.mute.Store(false)
	eventually(t, "it works again", func() bool { _, err := s.Open(t.Context()); return err == nil })
	if err := s.Commit(t.Context(), asked); !errors.Is(err, store.ErrReplayed) {
		t.Errorf("asked again: got %v, want ErrReplayed", err)
	}
	state, counts, err := s.Load(t.Context(), first.Incident)
	must(t, err)
	if state.Version != 2 || counts["alerts"] != 1 {
		t.Errorf("version %d, %d alerts; want each once", state.Version, counts["alerts"])
	}
}

func TestAFullRedisSaysSoAndKeepsNoHalves(t *testing.T) {
	srv := newServer(t)
	s := open(t, Options{URL: srv.url()})
	c := declare(1)
	must(t, s.Commit(t.Context(), c))
	admin := srv.client()
	defer admin.Close()
	must(t, admin.ConfigSet(t.Context(), "maxmemory", "1").Err())
	next := note(c.State)
	next.Done = []store.TaskID{c.Tasks[0].ID}
	next.Clear = []string{"update"}
	_, errReceive := s.Receive(t.Context(), store.Request{ID: "r"})
	for what, err := range map[string]error{
		"a commit": s.Commit(t.Context(), next), "one without events": s.Commit(t.Context(), store.Commit{Incident: c.Incident, Done: next.Done}),
		"a request": errReceive,
	} {
		if !errors.Is(err, store.ErrFull) {
			t.Errorf("%s: got %v, want ErrFull", what, err)
		}
	}
	must(t, admin.ConfigSet(t.Context(), "maxmemory", "0").Err())
	tasks, err := s.Tasks(t.Context(), nil, 0)
	must(t, err)
	if _, timer, _ := s.Next(t.Context(), nil); len(tasks) != 1 || !timer {
		t.Errorf("%d tasks, a timer: %v; nothing was to be taken away", len(tasks), timer)
	}
	must(t, s.Commit(t.Context(), next))
}

func TestAClusterGoesOnAfterItsPrimaryDied(t *testing.T) {
	url, nodes := newCluster(t)
	s := open(t, Options{URL: url, AckedReplicas: 1, Timeout: 300 * time.Millisecond})
	var last []store.Commit
	for i := range 30 {
		c := declare(i)
		must(t, s.Commit(t.Context(), c))
		last = append(last, c)
	}
	nodes[0].kill()
	for _, c := range last {
		next := note(c.State)
		eventually(t, "its shard has a new primary", func() bool {
			err := s.Commit(t.Context(), next)
			// With one replica gone, some shards have nobody left who could acknowledge; the write stands.
			return err == nil || errors.Is(err, errFewReplicas) || errors.Is(err, store.ErrConflict)
		})
		state, _, err := s.Load(t.Context(), c.Incident)
		must(t, err)
		if state.Version != 2 {
			t.Errorf("%s is at version %d, want 2", c.Incident, state.Version)
		}
	}
	if open, err := s.Open(t.Context()); err != nil || len(open) != len(last) {
		t.Errorf("%d incidents are open, %v, want %d", len(open), err, len(last))
	}
}

func TestAWriteThatTooFewReplicasHaveIsNotAcknowledged(t *testing.T) {
	srv := newServer(t)
	s := open(t, Options{URL: srv.url()})
	s.replicas = 1
	c := declare(1)
	if err := s.Commit(t.Context(), c); !errors.Is(err, errFewReplicas) || ops.KindOf(err) != ops.Unavailable {
		t.Errorf("got %v", err)
	}
	host, port, _ := net.SplitHostPort(srv.addr)
	newServer(t, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	eventually(t, "the replica acknowledges", func() bool {
		return s.PutRecord(t.Context(), "k", "k", nil) == nil
	})
	must(t, s.Commit(t.Context(), note(c.State)))
}
