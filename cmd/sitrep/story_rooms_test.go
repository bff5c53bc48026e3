package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
)

// losses are the ways in which a room is lost.
var losses = map[string]func(chattest.World, chat.RoomID){
	"deleted by hand":  chattest.World.DeleteRoom,
	"archived by hand": chattest.World.ArchiveRoom,
	"the bot removed":  chattest.World.RemoveBot,
}

// TestARoomIsLost: the incident goes on in a new room, once, and says so.
func TestARoomIsLost(t *testing.T) {
	for platform, b := range map[string]backdrop{"console": consoleSide, "slack": slackSocket, "discord": discordGateway} {
		for how, lose := range losses {
			if platform == "console" && how == "the bot removed" {
				continue // it is the bot's own house
			}
			t.Run(how+" on "+platform, func(t *testing.T) {
				t.Parallel()
				s := raise(t, set{sides: []backdrop{b}})
				s.Alert(trouble)
				first := s.opened(s.sides[0])
				first.Types("ana", "lead me", "Ana leads")
				s.settle()
				lose(first.side.world, first.id)
				second := s.reopened(first)
				second.Sees("new room")
				second.Types("ana", `note "we go on here"`, "we go on here")
				lose(second.side.world, second.id)
				s.Advance(time.Minute)
				if rooms := s.usable(s.sides[0]); len(rooms) != 0 {
					t.Errorf("it moved more than once: %v", rooms)
				}
				s.Channel(s.sides[0], "incidents").Sees(trouble)
			})
		}
	}
}

// opened waits for the incident's room, with its card.
func (s *stage) opened(side *side) spot {
	s.Helper()
	room := s.Room(side, "inc-1")
	room.Sees(trouble)
	s.settle()
	return room
}

// reopened waits for the room in which the incident goes on.
func (s *stage) reopened(lost spot) spot {
	s.Helper()
	next := lost
	s.until("a new room is open", func() bool {
		rooms := s.usable(lost.side)
		rooms = slices.DeleteFunc(rooms, func(id chat.RoomID) bool { return id == lost.id })
		if len(rooms) == 1 {
			next.id = rooms[0]
		}
		return len(rooms) == 1
	})
	next.Sees(trouble, "Lead", "Ana")
	s.until("its people are in it", func() bool {
		return slices.Contains(next.side.world.Rooms()[next.id].Members, next.side.users["bo"])
	})
	return next
}

// usable returns the rooms of the incident that the record takes for usable.
func (s *stage) usable(side *side) []chat.RoomID {
	s.Helper()
	state, _ := s.Incident(1)
	if r := state.Rooms[side.name]; r.Usable() {
		return []chat.RoomID{chat.RoomID(r.ID)}
	}
	return nil
}

// TestARoomIsLostInAMirror: the incident goes on in the other room, says so there, and opens no new one.
func TestARoomIsLostInAMirror(t *testing.T) {
	for how, lose := range losses {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := raise(t, set{sides: []backdrop{slackSocket, discordGateway}})
			s.Alert(trouble)
			lost, other := s.opened(s.side("slack")), s.opened(s.side("discord"))
			before := len(lost.side.world.Rooms())
			lose(lost.side.world, lost.id)
			other.Sees("slack", "goes on")
			other.Types("bo", "lead me", "Bo leads")
			s.Advance(time.Minute)
			if rooms := s.usable(lost.side); len(rooms) != 0 || len(lost.side.world.Rooms()) > before {
				t.Errorf("another room was opened: %v", lost.side.world.Rooms())
			}
			other.Times(1, "goes on")
		})
	}
}

// TestSomeoneLeaves: who left for good leads no longer, and people are asked again for a lead.
func TestSomeoneLeaves(t *testing.T) {
	for platform, b := range map[string]backdrop{"console": consoleSide, "slack": slackSocket, "discord": discordGateway} {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			s := raise(t, set{sides: []backdrop{b}})
			s.Alert(trouble)
			room := s.opened(s.sides[0]).As("bo")
			room.Types("ana", "lead me", "Ana leads")
			s.Advance(6 * time.Minute)
			room.Never("Nobody leads")
			room.side.world.Leave(room.side.users["ana"])
			room.Sees("Ana is no longer lead", "left the organisation")
			s.Advance(6 * time.Minute)
			room.Sees("Nobody leads")
			state, _ := s.Incident(1)
			if len(state.Roles) != 0 {
				t.Errorf("roles are %+v", state.Roles)
			}
			room.Types("bo", "lead me", "Bo leads")
			s.Advance(20 * time.Minute)
			room.Times(1, "Nobody leads")
			if card := room.find(trouble, "Lead"); len(card) == 0 || !strings.Contains(card[0].Text, "Bo") {
				t.Errorf("the card says\n%s", room.transcript())
			}
		})
	}
}
