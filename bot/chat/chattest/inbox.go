package chattest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// Patience is how long the suite waits for what a platform is to do. It is generous: only a failing test waits so long.
const Patience = 20 * time.Second

// Inbox is a chat.Intake that remembers what it was handed. Its zero value is not usable; see NewInbox.
type Inbox struct {
	decode func(chat.Request) (chat.Inbound, error)

	mu       sync.Mutex
	received []chat.Request
	taken    map[string]bool
	refused  int
	fail     error
	plan     func(chat.Inbound) chat.Plan
	complete func(in chat.Inbound, option, word string) []chat.Choice
}

// NewInbox makes an Inbox that reads requests with a platform's Decode.
func NewInbox(decode func(chat.Request) (chat.Inbound, error)) *Inbox {
	return &Inbox{decode: decode, taken: map[string]bool{}}
}

// Receive stores a request, or refuses it while Fail is in force.
func (b *Inbox) Receive(ctx context.Context, r chat.Request) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		b.refused++
		return b.fail
	}
	b.received = append(b.received, r)
	return ctx.Err()
}

// Plan answers as SetPlan said; without it, the answer is public and there is no form.
func (b *Inbox) Plan(_ context.Context, in chat.Inbound) chat.Plan {
	b.mu.Lock()
	plan := b.plan
	b.mu.Unlock()
	if plan == nil {
		return chat.Plan{}
	}
	return plan(in)
}

// Complete answers as SetComplete said; without it there are no suggestions.
func (b *Inbox) Complete(_ context.Context, in chat.Inbound, option, word string) []chat.Choice {
	b.mu.Lock()
	complete := b.complete
	b.mu.Unlock()
	if complete == nil {
		return nil
	}
	return complete(in, option, word)
}

// SetPlan sets what Plan answers from now on.
func (b *Inbox) SetPlan(plan func(chat.Inbound) chat.Plan) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.plan = plan
}

// SetComplete sets what Complete answers from now on.
func (b *Inbox) SetComplete(complete func(in chat.Inbound, option, word string) []chat.Choice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complete = complete
}

// Fail makes Receive refuse every request with err, the way a full disk would; nil ends it.
func (b *Inbox) Fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = err
}

// Refused returns how many requests were refused because of Fail.
func (b *Inbox) Refused() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refused
}

// Requests returns every request that was stored, in order; one that was delivered twice is there twice.
func (b *Inbox) Requests() []chat.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]chat.Request(nil), b.received...)
}

// Inbounds returns what the stored requests mean, each ID once, in order.
func (b *Inbox) Inbounds(t testing.TB) []chat.Inbound {
	t.Helper()
	seen := map[string]bool{}
	var all []chat.Inbound
	for _, r := range b.Requests() {
		if seen[r.ID] {
			continue
		}
		seen[r.ID] = true
		in, err := b.decode(r)
		if err != nil {
			t.Fatalf("a stored request cannot be decoded: kind %q, body %s: %v", r.Kind, r.Body, err)
		}
		if in.Request != r.ID {
			t.Fatalf("Inbound.Request = %q, want the Request's ID %q", in.Request, r.ID)
		}
		all = append(all, in)
	}
	return all
}

// Wait returns the first Inbound of a kind that Wait has not returned before, and waits until there is one.
func (b *Inbox) Wait(t testing.TB, kind chat.InboundKind) chat.Inbound {
	t.Helper()
	in, ok := b.WaitWithin(t, kind, Patience)
	if !ok {
		t.Fatalf("no %s came; what came is %+v", kind, b.Inbounds(t))
	}
	return in
}

// WaitWithin is Wait with a limit of its own; it returns false when nothing came.
func (b *Inbox) WaitWithin(t testing.TB, kind chat.InboundKind, limit time.Duration) (chat.Inbound, bool) {
	t.Helper()
	var found chat.Inbound
	ok := poll(limit, func() bool {
		for _, in := range b.Inbounds(t) {
			if in.Kind == kind && b.take(in.Request) {
				found = in
				return true
			}
		}
		return false
	})
	return found, ok
}

func (b *Inbox) take(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken[id] {
		return false
	}
	b.taken[id] = true
	return true
}

var errFull = &ops.Error{Op: "chattest.Receive", Kind: ops.Unavailable, Msg: "The inbox is full.", Err: errors.New("no space left on device")}

func poll(limit time.Duration, done func() bool) bool {
	deadline := time.Now().Add(limit)
	for {
		if done() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(5 * time.Millisecond)
	}
}
