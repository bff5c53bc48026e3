package main

import (
	"bytes"
	"fmt"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"sitrep/bot/chat/chattest"
	"sitrep/bot/incident"
)

// TestStory plays one incident, from its alert to its postmortem, on every platform and in every way in which it can be reached.
func TestStory(t *testing.T) {
	for name, sides := range map[string][]backdrop{
		"console":                    {consoleSide},
		"Slack, Socket Mode":         {slackSocket},
		"Slack, HTTP":                {slackHTTP},
		"Discord, gateway":           {discordGateway},
		"Discord, HTTP":              {discordHTTP},
		"Slack and Discord mirrored": {slackSocket, discordGateway},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := raise(t, set{sides: sides})
			play := &play{stage: s, here: s.sides[0], there: s.sides[len(s.sides)-1]}
			play.all()
		})
	}
}

// play is the story of one incident. Ana and bo act on the first platform; what they do is seen on the last one, which may be the same.
type play struct {
	*stage
	here, there *side
}

func (p *play) all() {
	p.Helper()
	p.alarm()
	p.investigation()
	p.communication()
	p.record()
	p.recovery()
	p.aftermath()
}

const trouble = "Checkout latency is above 1 s"

func (p *play) rooms() []spot {
	rooms := []spot{p.Room(p.here, "inc-1")}
	if p.there != p.here {
		rooms = append(rooms, p.Room(p.there, "inc-1"))
	}
	return rooms
}

// alarm: the room opens with its card, and who is on call is in it.
func (p *play) alarm() {
	p.Helper()
	p.shop.ShipBad()
	p.Advance(2 * time.Minute)
	p.Alert(trouble)
	for _, room := range p.rooms() {
		p.until("the card is pinned", func() bool {
			return slices.ContainsFunc(room.find(trouble), func(m chattest.Seen) bool { return m.Pinned })
		})
		p.until("who is on call is invited", func() bool {
			members := room.side.world.Rooms()[room.id].Members
			return slices.Contains(members, room.side.users["ana"]) && slices.Contains(members, room.side.users["bo"])
		})
		p.Channel(room.side, "incidents").Sees(trouble)
	}
	room := p.Room(p.here, "inc-1")
	card := room.Sees(trouble)
	room.Presses("ana", card, "Ack", "Ana is on")
	room.Types("ana", "lead me", "Ana leads")
	p.mirrored("Ana is lead")
	for _, room := range p.rooms() {
		room.Sees(trouble, "Lead", "Ana", "investigating")
	}
}

// mirrored holds that what was said here is told there, once, with who said it.
func (p *play) mirrored(words ...string) {
	p.Helper()
	if p.there == p.here {
		return
	}
	room := p.Room(p.there, "inc-1")
	room.Sees(words...)
	room.Times(1, words...)
}

// investigation: metrics with a picture, logs, deploys.
func (p *play) investigation() {
	p.Helper()
	p.Advance(time.Minute)
	room := p.Room(p.here, "inc-1")
	answer := room.Types("ana", "metrics", "latency", "checkout")
	var chart chattest.SeenFile
	p.until("the chart is there", func() bool {
		for _, m := range room.find("latency", "checkout") {
			for _, f := range m.Files {
				chart = f
			}
		}
		return chart.Data != nil
	})
	if _, err := png.Decode(bytes.NewReader(chart.Data)); err != nil || !strings.Contains(chart.Alt, "checkout") {
		p.Errorf("the chart %q with the text %q: %v; the answer was %q", chart.Name, chart.Alt, err, answer.Text)
	}
	room.Types("bo", "logs timeout", "waiting for a connection")
	room.Types("bo", "deploys", "v1.42.0")
}

// communication: a person says how it stands; then sitrep keeps the promise by itself, to the minute.
func (p *play) communication() {
	p.Helper()
	room := p.Room(p.here, "inc-1")
	room.Types("ana", `status identified "The new version runs out of connections." --impact "One order in ten fails."`, "identified", "Next update")
	p.mirrored("→ identified", "— Ana")
	for _, room := range p.rooms() {
		p.Channel(room.side, "status").Sees("runs out of connections", "One order in ten fails.")
		p.Channel(room.side, "status").Times(1, "Next update")
	}
	state, _ := p.Incident(1)
	due := plan(state).Next
	p.Advance(due.Add(-5 * time.Minute).Sub(p.clock.Now()))
	p.DirectTo(p.there, "ana").Sees("draft", p.there.clock(due))
	p.Channel(p.here, "status").Times(1, "Next update")
	p.Advance(due.Sub(p.clock.Now()))
	for _, room := range p.rooms() {
		status := p.Channel(room.side, "status")
		status.Sees("Work goes on", "Next update")
		status.Times(2, "Next update")
	}
	p.postedAt(due)
}

// postedAt holds that the last update was composed at its promised time, and not late.
func (p *play) postedAt(due time.Time) {
	p.Helper()
	_, events := p.Incident(1)
	for _, r := range slices.Backward(events) {
		if e, ok := r.Event.(incident.UpdateComposed); ok {
			if !r.At.Equal(due) || !e.Update.At.Equal(due) {
				p.Errorf("the update that was promised for %v was posted at %v", due, r.At)
			}
			return
		}
	}
	p.Error("no update is recorded")
}

// record: what people note, and what they pin, is on the record, and told where it was not said.
func (p *play) record() {
	p.Helper()
	here, there := p.Room(p.here, "inc-1"), p.Room(p.there, "inc-1")
	there.Types("bo", `note "Rolling back now"`, "Rolling back now")
	said := p.here.world.Say(p.here.users["bo"], here.id, "The pool was full")
	p.here.world.PinWithReaction(p.here.users["ana"], here.id, said)
	p.until("both are on the record", func() bool {
		_, events := p.Incident(1)
		return count[incident.NoteAdded](events) == 1 && count[incident.Pinned](events) == 1
	})
	if p.there != p.here {
		here.Sees("Rolling back now", "Bo")
		there.Sees("The pool was full", "Bo")
	}
}

// recovery: the deploy is taken back, and the alert clears.
func (p *play) recovery() {
	p.Helper()
	p.shop.Rollback()
	p.Advance(2 * time.Minute)
	p.Clears(trouble)
	for _, room := range p.rooms() {
		room.Sees("No alert fires any more")
	}
	room := p.Room(p.here, "inc-1")
	room.Types("bo", `followup "Limit connections per order" @bo due:fri`, "Limit connections per order", "Bo")
	p.mirrored("Limit connections per order", "Bo")
}

// aftermath: it is resolved, and the postmortem stands in the room as a file.
func (p *play) aftermath() {
	p.Helper()
	room := p.Room(p.here, "inc-1")
	room.Types("ana", `resolve "The old version is running."`, "resolved")
	for _, room := range p.rooms() {
		p.Channel(room.side, "status").Sees("resolved", "The old version is running.")
	}
	p.mirrored("esolved", "old version", "— Ana")
	room.Types("ana", "postmortem", "ostmortem")
	for _, room := range p.rooms() {
		m := room.Sees("postmortem-1.md")
		if text := string(m.Files[0].Data); !strings.Contains(text, `v1\.42\.0`) || !strings.Contains(text, "[T1]") {
			p.Errorf("the postmortem in the room is\n%s", text)
		}
	}
}

// plan is how the stakeholders are told.
func plan(s incident.State) incident.Plan {
	i := slices.IndexFunc(s.Plans, func(p incident.Plan) bool { return p.Audience == "stakeholders" })
	return s.Plans[i]
}

// clock is how the platform's people read a moment: in words, or where the platform knows their zone, as a moment of its own.
func (s *side) clock(t time.Time) string {
	if s.name == "discord" {
		return fmt.Sprintf("<time %d>", t.Unix())
	}
	return t.Format("15:04")
}
