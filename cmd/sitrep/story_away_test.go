package main

import (
	"net/http"
	"testing"
	"time"

	"sitrep/bot/chat/chattest"
)

// TestAway: sitrep was not there when two updates came due. It posts one, which says that it is late, and tells the room that it was away.
func TestAway(t *testing.T) {
	for platform, b := range everywhere {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			s := raise(t, set{sides: []backdrop{b}})
			s.Alert(trouble)
			room, status := s.opened(s.sides[0]), s.Channel(s.sides[0], "status")
			room.Types("ana", `status identified "We are on it."`, "Next update")
			status.Sees("We are on it.")
			s.Away(70 * time.Minute)
			status.Sees("m late")
			status.Times(2, "Next update")
			status.Times(1, "m late")
			room.Sees("away")
			s.Advance(21 * time.Minute)
			status.Times(3, "Next update")
			status.Times(1, "m late")
		})
	}
}

// TestOnePlatformIsDown: the incident goes on in the mirror, and what was missed comes after, in order and once.
func TestOnePlatformIsDown(t *testing.T) {
	t.Parallel()
	s := raise(t, set{sides: []backdrop{slackSocket, discordGateway}})
	s.Alert(trouble)
	down, up := s.opened(s.side("slack")), s.opened(s.side("discord"))
	down.side.world.SetFault(chattest.Fault{Status: http.StatusServiceUnavailable})
	up.Types("bo", "lead me", "Bo leads")
	up.Types("bo", `status identified "A pool is full."`, "Next update")
	s.Channel(up.side, "status").Sees("A pool is full.")
	s.Advance(2 * time.Minute)
	up.Sees("slack")
	down.Never("A pool is full.")
	down.side.world.SetFault(chattest.Fault{})
	s.Advance(3 * time.Minute)
	for _, words := range []string{"Bo is lead", "→ identified"} {
		down.Sees(words)
		down.Times(1, words)
	}
	s.Channel(down.side, "status").Times(1, "A pool is full.")
}
