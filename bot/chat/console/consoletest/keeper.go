// Package consoletest is the console's world as tests see it: a store that can fail, and people who use the console through its API.
//
// It is test equipment, and no production code imports it.
package consoletest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/bot/ops"
)

// Keeper is a console.Keeper in memory, which fails when it is told to. Its zero value is empty.
type Keeper struct {
	mu      sync.Mutex
	records map[string][]byte // by kind, a zero byte, and key
	fault   chattest.Fault
	calls   []chattest.Call
	onCall  func(chattest.Call)
}

// PutRecord implements console.Keeper.
func (k *Keeper) PutRecord(ctx context.Context, kind, key string, value []byte) error {
	return k.call(ctx, "put "+kind, textOf(kind, value), func() {
		if k.records == nil {
			k.records = map[string][]byte{}
		}
		k.records[kind+"\x00"+key] = slices.Clone(value)
	})
}

// DeleteRecord implements console.Keeper.
func (k *Keeper) DeleteRecord(ctx context.Context, kind, key string) error {
	return k.call(ctx, "delete "+kind, "", func() { delete(k.records, kind+"\x00"+key) })
}

// EachRecord implements console.Keeper.
func (k *Keeper) EachRecord(ctx context.Context, kind, prefix string, f func(key string, value []byte) error) error {
	type record struct {
		key   string
		value []byte
	}
	var found []record
	err := k.call(ctx, "each "+kind, "", func() {
		for key, value := range k.records {
			if rest, ok := strings.CutPrefix(key, kind+"\x00"); ok && strings.HasPrefix(rest, prefix) {
				found = append(found, record{rest, slices.Clone(value)})
			}
		}
	})
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b record) int { return strings.Compare(a.key, b.key) })
	for _, r := range found {
		if err := f(r.key, r.value); err != nil {
			return err
		}
	}
	return nil
}

// call does act between the hooks, and fails as the fault says. It returns when ctx ends, whether or not act was done.
func (k *Keeper) call(ctx context.Context, name, text string, act func()) error {
	done := make(chan error, 1)
	go func() {
		hook, err := k.note(chattest.Call{Name: name, Text: text, At: time.Now()})
		if err == nil {
			k.mu.Lock()
			act()
			k.mu.Unlock()
			if hook != nil {
				hook(chattest.Call{Name: name, Text: text, After: true, At: time.Now()})
			}
		}
		if !errors.Is(err, errHang) {
			done <- err
		}
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return &ops.Error{Op: "consoletest.Keeper", Kind: ops.Unavailable, Err: ctx.Err()}
	}
}

var errHang = errors.New("no answer")

// note records a call, and decides whether it fails.
func (k *Keeper) note(c chattest.Call) (func(chattest.Call), error) {
	k.mu.Lock()
	k.calls = append(k.calls, c)
	hook, fault := k.onCall, k.nextFault(c.Name)
	k.mu.Unlock()
	if hook != nil {
		hook(c)
	}
	time.Sleep(fault.Latency)
	switch {
	case fault.Hang:
		return nil, errHang
	case fault.Status == http.StatusTooManyRequests:
		return nil, &ops.Error{Op: "consoletest.Keeper", Kind: ops.Throttled, RetryAfter: fault.RetryAfter}
	case fault.Status != 0:
		return nil, errors.New(http.StatusText(fault.Status))
	}
	return hook, nil
}

// nextFault returns what happens to a call of that name, and counts it; k.mu is held.
func (k *Keeper) nextFault(name string) chattest.Fault {
	if k.fault == (chattest.Fault{}) || !strings.Contains(name, k.fault.Match) {
		return chattest.Fault{}
	}
	now := k.fault
	if k.fault.Times == 1 {
		k.fault = chattest.Fault{}
	} else if k.fault.Times > 1 {
		k.fault.Times--
	}
	return now
}

func textOf(kind string, value []byte) string {
	if kind != "console.message" {
		return ""
	}
	var m struct {
		Text    string       `json:"text"`
		Message chat.Message `json:"message"`
	}
	if err := json.Unmarshal(value, &m); err != nil {
		return ""
	}
	return m.Text + m.Message.Plain()
}
