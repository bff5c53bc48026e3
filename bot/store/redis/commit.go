package redis

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// Commit writes one step of an incident, all of it or nothing. Without Events, and with Expect zero, the version is not looked at.
// A replay is told as such even when the incident has changed since. Of what is both taken away and added, the addition stays.
func (s *Store) Commit(ctx context.Context, c store.Commit) error {
	const op = "redis.Commit"
	if err := c.Check(); err != nil {
		return misuse(op, err)
	}
	args, err := s.arguments(c)
	if err != nil {
		return misuse(op, err)
	}
	v, err := s.run(ctx, op, commitScript, s.commitKeys(c), args...)
	if err != nil {
		return err
	}
	if err := outcome(v); err != nil {
		return fail(ctx, op, err)
	}
	if len(c.Tasks)+len(c.Set) > 0 {
		s.signal()
	}
	return nil
}

// commitKeys are the KEYS of commit.lua.
func (s *Store) commitKeys(c store.Commit) []string {
	lease := "lease:" // nobody's
	if c.Fence != nil {
		lease += c.Fence.Name
	}
	id := string(c.Incident)
	names := []string{
		"in:" + id, "ev:" + id, "rm:" + id, "sh", "tasks", "taskids", "due", "claims", "answered", "open", "list", "rooms", lease,
	}
	for i, n := range names {
		names[i] = s.key(c.Shard(), n)
	}
	return names
}

// list is what commit.lua reads with all and each: how many items there are, and then the items.
type list []any

func (l *list) items(n int, item func(i int) []any) {
	*l = append(*l, n)
	for i := range n {
		*l = append(*l, item(i)...)
	}
}

// arguments are the ARGV of commit.lua, in the order in which it takes them.
func (s *Store) arguments(c store.Commit) ([]any, error) {
	token := ""
	if c.Fence != nil {
		token = fmt.Sprint(c.Fence.Token)
	}
	recorded := make([][]byte, len(c.Events))
	for i, e := range c.Events {
		var err error
		if recorded[i], err = incident.Encode(e); err != nil {
			return nil, err
		}
	}
	l := list{string(c.Incident), s.channel(), flag(len(c.Events) > 0 || c.Expect != 0), int64(c.Expect), token}
	l.items(len(c.Requests), func(i int) []any { return []any{c.Requests[i]} })
	l.items(len(recorded), func(i int) []any { return []any{recorded[i]} })
	l.items(len(c.Claims), func(i int) []any { return []any{c.Claims[i].Key, string(c.Claims[i].From)} })
	if len(c.Events) > 0 {
		if err := l.state(c); err != nil {
			return nil, err
		}
	}
	return l, l.queue(c)
}

func flag(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

func (l *list) state(c store.Commit) error {
	st := c.State
	st.ID = c.Incident
	data, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	*l = append(*l, data, incident.FoldVersion, int64(st.Number), flag(st.Open()))
	var rooms []string
	for platform, room := range st.Rooms {
		if room.Usable() {
			rooms = append(rooms, pair(platform, room.ID))
		}
	}
	slices.Sort(rooms)
	l.items(len(rooms), func(i int) []any { return []any{rooms[i]} })
	return nil
}

func (l *list) queue(c store.Commit) error {
	tasks := make([][]byte, len(c.Tasks))
	for i, t := range c.Tasks {
		var err error
		if tasks[i], err = json.Marshal(t); err != nil {
			return fmt.Errorf("task %s: %w", t.ID, err)
		}
	}
	l.items(len(c.Done), func(i int) []any { return []any{string(c.Done[i])} })
	l.items(len(tasks), func(i int) []any { return []any{string(c.Tasks[i].ID), tasks[i]} })
	l.items(len(c.Clear), func(i int) []any { return []any{c.Clear[i]} })
	l.items(len(c.Set), func(i int) []any { return []any{c.Set[i].Name, moment(c.Set[i].Due)} })
	counters := make([]string, 0, len(c.Counts))
	for name := range c.Counts {
		counters = append(counters, name)
	}
	l.items(len(counters), func(i int) []any { return []any{counters[i], c.Counts[counters[i]]} })
	*l = append(*l, flag(len(c.Tasks)+len(c.Set) > 0))
	return nil
}

// outcome reads what commit.lua answers.
func outcome(v any) error {
	parts, _ := v.([]any)
	text := func(i int) string {
		if i >= len(parts) {
			return ""
		}
		return fmt.Sprint(parts[i])
	}
	switch text(0) {
	case "ok":
		return nil
	case "conflict":
		return store.ErrConflict
	case "replayed":
		return store.ErrReplayed
	case "fenced":
		return store.ErrFenced
	case "claimed":
		return &store.ClaimedError{Key: text(1), By: incident.ID(text(2))}
	case "torn":
		return fmt.Errorf("the incident is at version %s, and its last event is %s: they were not written by sitrep alone", text(1), text(2))
	}
	return fmt.Errorf("the script answered %v", v)
}
