package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"

	"sitrep/bot/chat"
)

func (c *Console) getRooms(v visit) (answer, error) {
	user := personID(v.URL.Query().Get("user"))
	c.mu.RLock()
	defer c.mu.RUnlock()
	rooms := []roomView{}
	for _, r := range c.mem.rooms {
		if !r.Deleted && r.sees(user) {
			rooms = append(rooms, c.viewRoom(r, user))
		}
	}
	slices.SortFunc(rooms, func(a, b roomView) int { return cmp.Or(b.Opened.Compare(a.Opened), cmp.Compare(a.ID, b.ID)) })
	people := []chat.User{}
	for _, p := range c.mem.people {
		if !p.Left {
			people = append(people, chat.User{ID: p.ID, Name: p.Name})
		}
	}
	slices.SortFunc(people, func(a, b chat.User) int { return cmp.Compare(a.ID, b.ID) })
	return answer{http.StatusOK, map[string]any{"rooms": rooms, "people": people, "rev": c.mem.rev}}, nil
}

func (c *Console) getMessages(v visit) (answer, error) {
	const op = "console.getMessages"
	q := v.URL.Query()
	user := personID(q.Get("user"))
	r, err := c.enterable(op, chat.RoomID(v.PathValue("room")), user)
	if err != nil {
		return answer{}, err
	}
	after, before, err := bounds(q.Get("after"), q.Get("before"))
	if err != nil {
		return answer{}, err
	}
	messages, more, rev := c.page(r.ID, user, after, before)
	return answer{http.StatusOK, map[string]any{"messages": messages, "more": more, "rev": rev}}, nil
}

const pageSize = 200

// page returns the first messages after a place, or, where that is 0, the last ones before a place; more says that others lie beyond.
func (c *Console) page(in chat.RoomID, user chat.UserID, after, before uint64) (chosen []messageView, more bool, rev uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	chosen = []messageView{}
	all := slices.Clone(c.mem.messages[in])
	if after == 0 {
		slices.Reverse(all)
	}
	for _, m := range all {
		if m.Deleted || !m.sees(user) || m.Seq <= after || m.Seq >= before {
			continue
		}
		if len(chosen) == pageSize {
			more = true
			break
		}
		chosen = append(chosen, c.viewMessage(m))
	}
	if after == 0 {
		slices.Reverse(chosen)
	}
	return chosen, more, c.mem.rev
}

func bounds(after, before string) (from, to uint64, err error) {
	to = 1 << 62
	if after != "" {
		from, err = strconv.ParseUint(after, 10, 62)
	}
	if before != "" && err == nil {
		to, err = strconv.ParseUint(before, 10, 62)
	}
	if err != nil {
		return 0, 0, invalid("console.getMessages", "after and before are the seq of a message.")
	}
	return from, to, nil
}

func (c *Console) postRoom(v visit) (answer, error) {
	var s struct {
		User string `json:"user"`
		Name string `json:"name"`
	}
	if err := read(v, &s); err != nil {
		return answer{}, err
	}
	id := chat.RoomID("#" + s.Name)
	if !isChannel(id) {
		return answer{}, invalid("console.postRoom", "A channel's name has letters, digits, \"-\" and \"_\", at most 80.")
	}
	if _, err := c.person(v.Context(), s.User); err != nil {
		return answer{}, err
	}
	r, err := c.channel(v.Context(), id)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusCreated, c.viewRoom(&r, "")}, nil
}

func (c *Console) archiveRoom(v visit) (answer, error) {
	return c.closeRoom(v, actArchive, func(r *room) error { r.Archived = true; return nil })
}

func (c *Console) deleteRoom(v visit) (answer, error) {
	return c.closeRoom(v, actDeleteRoom, func(r *room) error {
		r.Deleted, r.Topic = true, ""
		return c.forget(v.Context(), r.ID)
	})
}

// forget erases the messages and files of a room; c.writing is held. Done again after it failed half way, it goes on.
func (c *Console) forget(ctx context.Context, in chat.RoomID) error {
	c.mu.RLock()
	all := slices.Clone(c.mem.messages[in])
	c.mu.RUnlock()
	for _, m := range all {
		for _, id := range m.Files {
			if err := c.keep.DeleteRecord(ctx, kindFile, id); err != nil {
				return err
			}
		}
		if err := c.keep.DeleteRecord(ctx, kindMessage, m.recordKey()); err != nil {
			return err
		}
		c.mu.Lock()
		c.mem.dropMessage(m)
		c.mu.Unlock()
	}
	return nil
}

// closeRoom does by hand to a room what the bot did not ask for, and tells it.
func (c *Console) closeRoom(v visit, kind string, change func(*room) error) (answer, error) {
	op := "console." + kind
	s, _, a, err := c.begin(v, op)
	if err != nil {
		return answer{}, err
	}
	if err := c.hand(v, s.ID, kind, a); err != nil {
		return answer{}, err
	}
	err = c.changeRoom(v.Context(), op, a.Room, change)
	return answer{http.StatusAccepted, accepted{ID: s.ID}}, err
}

func (c *Console) postPerson(v visit) (answer, error) {
	var s struct {
		Name string `json:"name"`
	}
	if err := read(v, &s); err != nil {
		return answer{}, err
	}
	user, err := c.person(v.Context(), s.Name)
	return answer{http.StatusOK, user}, err
}

func (c *Console) deletePerson(v visit) (answer, error) {
	const op = "console.deletePerson"
	s, _, err := c.hear(v)
	if err != nil {
		return answer{}, err
	}
	p, ok := c.findPerson(chat.UserID(v.PathValue("user")))
	if !ok {
		return answer{}, notFound(op, "There is nobody of that name.")
	}
	if err := c.hand(v, s.ID, actLeave, act{User: chat.User{ID: p.ID, Name: p.Name}}); err != nil {
		return answer{}, err
	}
	p.Left = true
	err = c.write(v.Context(), op, func() error { return c.savePerson(v.Context(), p) })
	return answer{http.StatusAccepted, accepted{ID: s.ID}}, err
}
