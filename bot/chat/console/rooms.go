package console

import (
	"context"
	"regexp"
	"slices"
	"strconv"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

const roomName = 80 // characters at most

var channelName = regexp.MustCompile(`^#[\p{L}\p{N}_-]{1,80}$`)

func isChannel(id chat.RoomID) bool { return channelName.MatchString(string(id)) }

// OpenRoom implements chat.Rooms. With a Key that has a room already it returns that room.
func (c *Console) OpenRoom(ctx context.Context, spec chat.RoomSpec) (chat.Room, error) {
	const op = "console.OpenRoom"
	var opened room
	err := c.write(ctx, op, func() error {
		if r, ok := c.roomOf(spec.Key); ok {
			opened = r
			return nil
		}
		opened = room{
			ID: chat.RoomID("r" + strconv.FormatUint(c.next(), 10)), Kind: kindIncident, Name: c.freeName(spec.Name),
			Topic: chat.Cut(spec.Topic, 250), Key: spec.Key, Private: spec.Private, Opened: c.cfg.Now(),
		}
		return c.saveRoom(ctx, opened)
	})
	if err != nil {
		return chat.Room{}, err
	}
	return c.shown(opened), nil
}

// FindRoom implements chat.Rooms.
func (c *Console) FindRoom(ctx context.Context, spec chat.RoomSpec) (chat.Room, error) {
	const op = "console.FindRoom"
	var found room
	err := c.write(ctx, op, func() error {
		r, ok := c.roomOf(spec.Key)
		if !ok {
			return notFound(op, "There is no such room.")
		}
		found = r
		return nil
	})
	if err != nil {
		return chat.Room{}, err
	}
	return c.shown(found), nil
}

func (c *Console) roomOf(key chat.Key) (room, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, r := range c.mem.rooms {
		if key != "" && r.Key == key && !r.Deleted {
			return *r, true
		}
	}
	return room{}, false
}

func (c *Console) freeName(want string) string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if want == "" {
		want = "room"
	}
	name := cut(want, roomName)
	for n := 2; c.mem.taken(name); n++ {
		suffix := "-" + strconv.Itoa(n)
		name = cut(want, roomName-len(suffix)) + suffix
	}
	return name
}

func cut(s string, limit int) string {
	runes := []rune(s)
	return string(runes[:min(limit, len(runes))])
}

func (c *Console) shown(r room) chat.Room {
	return chat.Room{ID: r.ID, Name: r.Name, URL: c.link(r.ID, "")}
}

func (c *Console) changeRoom(ctx context.Context, op string, id chat.RoomID, change func(*room) error) error {
	return c.write(ctx, op, func() error {
		r, ok := c.findRoom(id)
		if !ok {
			return notFound(op, "The room is gone.")
		}
		if err := change(&r); err != nil {
			return err
		}
		return c.saveRoom(ctx, r)
	})
}

// RenameRoom implements chat.Rooms.
func (c *Console) RenameRoom(ctx context.Context, id chat.RoomID, name string) error {
	return c.changeRoom(ctx, "console.RenameRoom", id, func(r *room) error {
		if r.Name != name {
			r.Name = c.freeName(name)
		}
		return nil
	})
}

// ArchiveRoom implements chat.Rooms.
func (c *Console) ArchiveRoom(ctx context.Context, id chat.RoomID) error {
	return c.changeRoom(ctx, "console.ArchiveRoom", id, func(r *room) error { r.Archived = true; return nil })
}

// ReopenRoom implements chat.Rooms.
func (c *Console) ReopenRoom(ctx context.Context, id chat.RoomID) error {
	return c.changeRoom(ctx, "console.ReopenRoom", id, func(r *room) error { r.Archived = false; return nil })
}

// SetPrivate implements chat.Rooms.
func (c *Console) SetPrivate(ctx context.Context, id chat.RoomID, private bool) error {
	return c.changeRoom(ctx, "console.SetPrivate", id, func(r *room) error {
		if r.Kind == kindDirect {
			return invalid("console.SetPrivate", "A room of two people is always private.")
		}
		r.Private = private
		return nil
	})
}

// Invite implements chat.Rooms. Someone who has never opened the console finds the room when they do.
func (c *Console) Invite(ctx context.Context, id chat.RoomID, users []chat.UserID) error {
	return c.changeRoom(ctx, "console.Invite", id, func(r *room) error {
		members := slices.Clone(r.Members)
		for _, user := range users {
			if !slices.Contains(members, user) {
				members = append(members, user)
			}
		}
		r.Members = members
		return nil
	})
}

// Direct implements chat.Rooms.
func (c *Console) Direct(ctx context.Context, user chat.UserID) (chat.RoomID, error) {
	id := chat.RoomID("@" + string(user))
	err := c.write(ctx, "console.Direct", func() error {
		if _, ok := c.findRoom(id); ok {
			return nil
		}
		return c.saveRoom(ctx, room{
			ID: id, Kind: kindDirect, Name: c.cfg.Bot, Private: true, Members: []chat.UserID{user}, Opened: c.cfg.Now(),
		})
	})
	return id, err
}

// Lookup implements chat.Rooms.
func (c *Console) Lookup(_ context.Context, user chat.UserID) (chat.User, error) {
	p, ok := c.findPerson(user)
	if !ok {
		return chat.User{}, notFound("console.Lookup", "Nobody of that name has opened the console.")
	}
	return chat.User{ID: p.ID, Name: p.Name}, nil
}

// channel returns the channel with that id, and makes it when it has never been there.
func (c *Console) channel(ctx context.Context, id chat.RoomID) (room, error) {
	const op = "console.channel"
	var made room
	err := c.write(ctx, op, func() error {
		var err error
		made, err = c.channelLocked(ctx, op, id)
		return err
	})
	return made, err
}

// channelLocked is channel for who holds c.writing.
func (c *Console) channelLocked(ctx context.Context, op string, id chat.RoomID) (room, error) {
	if r, ok := c.findRoom(id); ok {
		return r, nil
	}
	c.mu.RLock()
	_, deleted := c.mem.rooms[id]
	c.mu.RUnlock()
	if deleted || !isChannel(id) {
		return room{}, &ops.Error{Op: op, Kind: ops.NotFound, Msg: "The room is gone."}
	}
	r := room{ID: id, Kind: kindChannel, Name: string(id)[1:], Opened: c.cfg.Now()}
	return r, c.saveRoom(ctx, r)
}
