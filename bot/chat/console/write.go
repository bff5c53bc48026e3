package console

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"sitrep/bot/chat"
)

// write runs f while nobody else changes records. What f reads of the memory cannot change under it.
func (c *Console) write(ctx context.Context, op string, f func() error) error {
	select {
	case c.writing <- struct{}{}:
	case <-ctx.Done():
		return fault(op, ctx.Err())
	}
	defer func() { <-c.writing }()
	if c.stale {
		if err := c.reload(ctx); err != nil {
			return fault(op, err)
		}
	}
	if err := f(); err != nil {
		return fault(op, err)
	}
	return nil
}

// reload reads everything again, since a write that failed may have been done all the same.
func (c *Console) reload(ctx context.Context) error {
	mem, err := load(ctx, c.keep)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// The counter does not go back: a place that was given out is not given out again.
	mem.rev = max(mem.rev, c.mem.rev)
	c.mem, c.stale = mem, false
	c.announce()
	return nil
}

// announce wakes whoever waits for a change; c.mu is held.
func (c *Console) announce() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// next gives out the next number of the one counter for places, ids and changes.
func (c *Console) next() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mem.rev++
	return c.mem.rev
}

func (c *Console) save(ctx context.Context, kind, key string, record any, apply func()) error {
	value, err := json.Marshal(record)
	if err != nil {
		return err
	}
	if err := c.keep.PutRecord(ctx, kind, key, value); err != nil {
		c.stale = true
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	apply()
	c.announce()
	return nil
}

func (c *Console) saveRoom(ctx context.Context, r room) error {
	r.Rev = c.next()
	r.Members = slices.Clone(r.Members)
	return c.save(ctx, kindRoom, string(r.ID), r, func() { c.mem.addRoom(&r) })
}

func (c *Console) savePerson(ctx context.Context, p person) error {
	p.Rev = c.next()
	return c.save(ctx, kindPerson, string(p.ID), p, func() { c.mem.addPerson(&p) })
}

func (c *Console) saveMessage(ctx context.Context, m message) (message, error) {
	m.Rev = c.next()
	if m.Seq == 0 {
		m.Seq = m.Rev
	}
	if m.ID == "" {
		m.ID = chat.MessageID("m" + strconv.FormatUint(m.Seq, 10))
	}
	return m, c.save(ctx, kindMessage, m.recordKey(), m, func() { c.mem.addMessage(&m) })
}

func (c *Console) findRoom(id chat.RoomID) (room, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	r, ok := c.mem.rooms[id]
	if !ok || r.Deleted {
		return room{}, false
	}
	return *r, true
}

func (c *Console) findMessage(in chat.RoomID, id chat.MessageID) (message, bool) {
	if _, ok := c.findRoom(in); !ok {
		return message{}, false
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	m, ok := c.mem.byID[id]
	if !ok || m.Deleted || m.Room != in {
		return message{}, false
	}
	return *m, true
}

func (c *Console) findKey(in chat.RoomID, key string) (message, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	m, ok := c.mem.byKey[(&message{Room: in, Key: key}).keyInRoom()]
	if !ok || m.Deleted {
		return message{}, false
	}
	return *m, true
}

func (c *Console) findPerson(id chat.UserID) (person, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	p, ok := c.mem.people[id]
	if !ok || p.Left {
		return person{}, false
	}
	return *p, true
}
