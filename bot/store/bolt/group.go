package bolt

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// largest is how many steps share a transaction at most, which bounds how long the first of them waits for the last.
const largest = 1024

// errNothing is a check's way to say that all is well and there is nothing to write.
var errNothing = errors.New("nothing to write")

// errNotWritten is what a group gets that did not come to its end.
var errNotWritten = errors.New("the transaction was broken off")

// step is one caller's write.
type step struct {
	check func(*bbolt.Tx) error // writes nothing; its error concerns this step alone. May be nil
	write func(*bbolt.Tx) error
	err   error
	leads bool      // was told to lead; guarded by group.mu
	wake  chan bool // true: lead the next group; false: done, err has the outcome
}

// group makes one transaction of the writes that come while the one before is syncing. There is no goroutine of its own: the first
// caller leads, all who come meanwhile queue up, and when the leader's transaction is done the first of the queue leads the next.
type group struct {
	db     *bbolt.DB
	mu     sync.Mutex
	idle   *sync.Cond // busy has become false
	queue  []*step
	busy   bool // somebody leads
	closed bool
}

func newGroup(db *bbolt.DB) *group {
	g := &group{db: db}
	g.idle = sync.NewCond(&g.mu)
	return g
}

// do writes a step together with others, and returns when it is on the disk, or refused. An error of ctx means that it was
// taken out of the queue; once its transaction has begun the outcome is waited for.
func (g *group) do(ctx context.Context, s *step) error {
	s.wake = make(chan bool, 1)
	lead, err := g.enter(ctx, s)
	if err != nil {
		return err
	}
	if !lead {
		select {
		case lead = <-s.wake:
		case <-ctx.Done():
			if g.withdraw(s) {
				return ctx.Err()
			}
			lead = <-s.wake
		}
	}
	if lead {
		g.lead()
	}
	if errors.Is(s.err, errNothing) {
		return nil
	}
	return s.err
}

// enter puts a step in the queue, and reports whether its caller must lead.
func (g *group) enter(ctx context.Context, s *step) (lead bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if g.closed {
		return false, berrors.ErrDatabaseNotOpen
	}
	g.queue = append(g.queue, s)
	if g.busy {
		return false, nil
	}
	g.busy, s.leads = true, true
	return true, nil
}

// withdraw takes a step out of the queue, unless it has been taken up or is to lead.
func (g *group) withdraw(s *step) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, q := range g.queue {
		if q == s && !s.leads {
			g.queue = append(g.queue[:i:i], g.queue[i+1:]...)
			return true
		}
	}
	return false
}

// lead runs what has queued up, the caller's own step first.
func (g *group) lead() {
	g.gather()
	g.mu.Lock()
	n := min(len(g.queue), largest)
	batch := g.queue[:n:n]
	g.queue = g.queue[n:]
	g.mu.Unlock()
	for _, s := range batch {
		s.err = errNotWritten
	}
	// Deferred so that a panic, which a web server would survive, does not leave the others waiting for ever.
	defer g.handOver(batch)
	g.run(batch)
}

// gather lets others come in for as long as more of them do: those whose steps have just been written often have the next ones ready.
// A caller who is alone goes on at once.
func (g *group) gather() {
	for before := 0; ; {
		g.mu.Lock()
		n := len(g.queue)
		g.mu.Unlock()
		if n == before || n >= largest {
			return
		}
		before = n
		runtime.Gosched()
	}
}

func (g *group) handOver(batch []*step) {
	for _, s := range batch {
		s.wake <- false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 {
		g.queue = nil
		g.busy = false
		g.idle.Broadcast()
		return
	}
	next := g.queue[0]
	next.leads = true
	next.wake <- true
}

// run writes a batch in one transaction. A step that breaks in the middle of its writing takes the transaction with it: it is left
// out, and the others are run again.
func (g *group) run(batch []*step) {
	for {
		var broken *step
		results := make([]error, len(batch))
		err := g.db.Update(func(tx *bbolt.Tx) error {
			wrote := false
			for i, s := range batch {
				if results[i] = s.refused(tx); results[i] != nil {
					continue
				}
				wrote = true
				if err := s.write(tx); err != nil {
					broken = s
					return err
				}
			}
			if !wrote {
				return errNothing
			}
			return nil
		})
		if broken == nil {
			settle(batch, results, err)
			return
		}
		broken.err = err
		batch = without(batch, broken)
	}
}

func (s *step) refused(tx *bbolt.Tx) error {
	if s.check == nil {
		return nil
	}
	return s.check(tx)
}

// settle gives each step its outcome. When the transaction failed, a refusal may rest on what was not written after all, so that it
// goes the way of the others.
func settle(batch []*step, results []error, err error) {
	for i, s := range batch {
		s.err = err
		if err == nil || errors.Is(err, errNothing) {
			s.err = results[i]
		}
	}
}

func without(batch []*step, gone *step) []*step {
	rest := make([]*step, 0, len(batch))
	for _, s := range batch {
		if s != gone {
			rest = append(rest, s)
		}
	}
	return rest
}

// close lets what has been queued be written, and nothing that comes after it.
func (g *group) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for g.busy {
		g.idle.Wait()
	}
}
