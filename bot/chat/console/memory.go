package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sitrep/bot/chat"
)

// The kinds of record that the console keeps.
const (
	kindRoom    = "console.room"    // key: the room's id
	kindPerson  = "console.person"  // key: the person's id
	kindMessage = "console.message" // key: the room's id, "/", the position
	kindFile    = "console.file"    // key: the file's id; the value is the file
)

// The kinds of room.
const (
	kindIncident = "incident"
	kindChannel  = "channel"
	kindDirect   = "direct"
)

// room, person and message are records. One that is in memory is never changed, only replaced.
type room struct {
	ID       chat.RoomID   `json:"id"`
	Rev      uint64        `json:"rev"` // of its last change
	Kind     string        `json:"kind"`
	Name     string        `json:"name"`
	Topic    string        `json:"topic,omitempty"`
	Key      chat.Key      `json:"key,omitempty"`
	Private  bool          `json:"private,omitempty"`
	Archived bool          `json:"archived,omitempty"`
	Deleted  bool          `json:"deleted,omitempty"`
	Members  []chat.UserID `json:"members,omitempty"`
	Opened   time.Time     `json:"opened"`
}

type person struct {
	ID   chat.UserID `json:"id"`
	Name string      `json:"name"`
	Rev  uint64      `json:"rev"`
	Left bool        `json:"left,omitempty"`
}

type message struct {
	ID      chat.MessageID `json:"id"`
	Room    chat.RoomID    `json:"room"`
	Thread  chat.MessageID `json:"thread,omitempty"`
	Seq     uint64         `json:"seq"` // its place in the room
	Rev     uint64         `json:"rev"` // of its last change
	Key     string         `json:"key,omitempty"`
	Bot     bool           `json:"bot,omitempty"`
	Author  chat.User      `json:"author,omitzero"`
	Only    chat.UserID    `json:"only,omitempty"` // who alone sees it
	At      time.Time      `json:"at"`
	Edited  time.Time      `json:"edited,omitzero"`
	Text    string         `json:"text,omitempty"`    // what a person wrote
	Message chat.Message   `json:"message,omitzero"`  // what the bot wrote, its files without their data
	Files   []string       `json:"files,omitempty"`   // the ids of Message's pictures and files, in their order
	Pinned  bool           `json:"pinned,omitempty"`  // kept at the top of the room
	Noted   bool           `json:"noted,omitempty"`   // a person has put it on the timeline
	Deleted bool           `json:"deleted,omitempty"` //
}

func (m *message) recordKey() string { return fmt.Sprintf("%s/%012d", m.Room, m.Seq) }

// memory is all records but the files, and an index of their changes.
type memory struct {
	rev      uint64
	rooms    map[chat.RoomID]*room
	people   map[chat.UserID]*person
	messages map[chat.RoomID][]*message // by Seq
	byID     map[chat.MessageID]*message
	byKey    map[string]*message // by room and key
	log      []change            // by rev; a change that a later one of the same record has replaced stays until tidied
}

type change struct {
	rev     uint64
	room    chat.RoomID
	message chat.MessageID // empty when the room itself changed
}

func load(ctx context.Context, keep Keeper) (memory, error) {
	mem := memory{
		rooms: map[chat.RoomID]*room{}, people: map[chat.UserID]*person{},
		messages: map[chat.RoomID][]*message{}, byID: map[chat.MessageID]*message{}, byKey: map[string]*message{},
	}
	err := each(ctx, keep, kindPerson, mem.addPerson)
	if err == nil {
		err = each(ctx, keep, kindRoom, mem.addRoom)
	}
	if err == nil {
		err = each(ctx, keep, kindMessage, mem.addMessage)
	}
	slices.SortFunc(mem.log, func(a, b change) int { return cmp.Compare(a.rev, b.rev) })
	return mem, err
}

func each[R any](ctx context.Context, keep Keeper, kind string, add func(*R)) error {
	return keep.EachRecord(ctx, kind, "", func(key string, value []byte) error {
		r := new(R)
		if err := json.Unmarshal(value, r); err != nil {
			return fmt.Errorf("record %s %s: %w", kind, key, err)
		}
		add(r)
		return nil
	})
}

func (mem *memory) addPerson(p *person) {
	mem.people[p.ID] = p
	mem.rev = max(mem.rev, p.Rev)
}

func (mem *memory) addRoom(r *room) {
	mem.rooms[r.ID] = r
	mem.changed(change{rev: r.Rev, room: r.ID})
}

func (mem *memory) addMessage(m *message) {
	if before := mem.byKey[m.keyInRoom()]; m.Key != "" && before != nil && before.ID != m.ID {
		return // written a second time after an answer that came too late
	}
	all := mem.messages[m.Room]
	i, there := slices.BinarySearchFunc(all, m.Seq, func(x *message, seq uint64) int { return cmp.Compare(x.Seq, seq) })
	if there {
		all[i] = m
	} else {
		mem.messages[m.Room] = slices.Insert(all, i, m)
	}
	mem.byID[m.ID] = m
	if m.Key != "" {
		mem.byKey[m.keyInRoom()] = m
	}
	mem.changed(change{rev: m.Rev, room: m.Room, message: m.ID})
	mem.rev = max(mem.rev, m.Seq)
}

func (mem *memory) dropMessage(m *message) {
	mem.messages[m.Room] = slices.DeleteFunc(mem.messages[m.Room], func(x *message) bool { return x.ID == m.ID })
	delete(mem.byID, m.ID)
	delete(mem.byKey, m.keyInRoom())
}

func (m *message) keyInRoom() string { return string(m.Room) + " " + m.Key }

func (mem *memory) changed(ch change) {
	mem.rev = max(mem.rev, ch.rev)
	mem.log = append(mem.log, ch)
	if live := len(mem.byID) + len(mem.rooms); len(mem.log) > 2*live+100 {
		mem.log = slices.DeleteFunc(mem.log, func(ch change) bool { return !mem.current(ch) })
	}
}

func (mem *memory) current(ch change) bool {
	if ch.message != "" {
		m := mem.byID[ch.message]
		return m != nil && m.Rev == ch.rev
	}
	r := mem.rooms[ch.room]
	return r != nil && r.Rev == ch.rev
}

// since returns the changes after rev that still hold, oldest first.
func (mem *memory) since(rev uint64) []change {
	i, _ := slices.BinarySearchFunc(mem.log, rev+1, func(ch change, rev uint64) int { return cmp.Compare(ch.rev, rev) })
	var all []change
	for _, ch := range mem.log[i:] {
		if mem.current(ch) {
			all = append(all, ch)
		}
	}
	return all
}

// taken says whether a room of that name exists, archived ones included.
func (mem *memory) taken(name string) bool {
	for _, r := range mem.rooms {
		if !r.Deleted && r.Kind != kindDirect && strings.EqualFold(r.Name, name) {
			return true
		}
	}
	return false
}

// sees says whether a person sees a room in their list; the empty user is whoever holds the token, and sees all.
func (r *room) sees(user chat.UserID) bool {
	return user == "" || !r.Private || slices.Contains(r.Members, user)
}

func (m *message) sees(user chat.UserID) bool { return m.Only == "" || m.Only == user }
