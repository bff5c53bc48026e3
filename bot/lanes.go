package bot

import (
	"context"
	"sync"

	"sitrep/bot/store"
)

// lanes keeps tasks in the order of their lane. One goroutine works a lane for as long as it has tasks; lanes are worked side by side.
type lanes struct {
	work func(ctx context.Context, l *lane)
	wg   sync.WaitGroup

	mu   sync.Mutex
	open map[string]*lane
}

// lane is the tasks that wait for one place.
type lane struct {
	name string
	all  *lanes

	mu    sync.Mutex
	tasks []*item
	added chan struct{} // receives after a task was added
}

// item is a task with what its worker knows of earlier tries.
type item struct {
	store.Task
	unsure bool // an earlier try may have come through
	tries  int
}

func newLanes(work func(ctx context.Context, l *lane)) *lanes {
	return &lanes{work: work, open: make(map[string]*lane)}
}

// add puts a task at the end of its lane.
func (ls *lanes) add(ctx context.Context, it *item) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l, ok := ls.open[it.Lane]
	if !ok {
		l = &lane{name: it.Lane, all: ls, added: make(chan struct{}, 1)}
		ls.open[it.Lane] = l
		ls.wg.Go(func() { ls.work(ctx, l) })
	}
	l.mu.Lock()
	l.tasks = append(l.tasks, it)
	l.mu.Unlock()
	select {
	case l.added <- struct{}{}:
	default:
	}
}

// pending returns how many tasks wait or are being worked.
func (ls *lanes) pending() int {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	n := 0
	for _, l := range ls.open {
		l.mu.Lock()
		n += len(l.tasks)
		l.mu.Unlock()
	}
	return n
}

// end closes an empty lane, and reports false when a task was added meanwhile.
func (l *lane) end() bool {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tasks) > 0 {
		return false
	}
	delete(l.all.open, l.name)
	return true
}

// next returns what is to be done now: an urgent task first, then the earliest, but a card that must wait lets messages pass.
// It returns nil when the lane is empty.
func (l *lane) next(cardWaits bool) *item {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tasks) == 0 {
		return nil
	}
	for _, t := range l.tasks {
		if t.Urgent {
			return t
		}
	}
	if cardWaits {
		for _, t := range l.tasks {
			if t.Kind != taskCard {
				return t
			}
		}
	}
	return l.tasks[0]
}

// group returns the tasks that are done in one when head, the first of them, is done: those that may be merged, up to the last one that may
// have been done already, since that one stood for all before it; else up to the newest. The last of the group is the one to do.
func (l *lane) group(head *item) []*item {
	l.mu.Lock()
	defer l.mu.Unlock()
	if head.Merge == "" {
		return []*item{head}
	}
	var group []*item
	unsure := 0
	for _, t := range l.tasks {
		if t.Merge != head.Merge {
			continue
		}
		if group = append(group, t); t.unsure {
			unsure = len(group)
		}
	}
	if unsure > 0 {
		return group[:unsure]
	}
	return group
}

func idsOf(group []*item) []store.TaskID {
	ids := make([]store.TaskID, len(group))
	for i, t := range group {
		ids[i] = t.ID
	}
	return ids
}

// remove takes finished tasks out.
func (l *lane) remove(ids []store.TaskID) {
	gone := make(map[store.TaskID]bool, len(ids))
	for _, id := range ids {
		gone[id] = true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.tasks[:0]
	for _, t := range l.tasks {
		if !gone[t.ID] {
			kept = append(kept, t)
		}
	}
	clear(l.tasks[len(kept):])
	l.tasks = kept
}
