package slack

import (
	"container/list"
	"sync"
)

// recent remembers the values that were set last, at most limit of them. It spares calls and is never the only place
// where something is known. It may be used concurrently.
type recent[K comparable, V any] struct {
	mu    sync.Mutex
	limit int
	order *list.List // of entry[K, V], newest first
	items map[K]*list.Element
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](limit int) *recent[K, V] {
	return &recent[K, V]{limit: limit, order: list.New(), items: map[K]*list.Element{}}
}

func (r *recent[K, V]) get(k K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.items[k]
	if !ok {
		var zero V
		return zero, false
	}
	r.order.MoveToFront(e)
	return e.Value.(entry[K, V]).value, true
}

func (r *recent[K, V]) set(k K, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.items[k]; ok {
		r.order.Remove(e)
	}
	r.items[k] = r.order.PushFront(entry[K, V]{k, v})
	if r.order.Len() > r.limit {
		last := r.order.Back()
		r.order.Remove(last)
		delete(r.items, last.Value.(entry[K, V]).key)
	}
}
