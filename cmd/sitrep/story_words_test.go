package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
)

// place is a room of a platform, as one of the people there sees it.
type spot struct {
	*stage
	side *side
	id   chat.RoomID
	eyes chat.UserID
}

// Room waits for the room of an incident, whose name begins so.
func (s *stage) Room(side *side, prefix string) spot {
	s.Helper()
	p := spot{stage: s, side: side, eyes: side.users["ana"]}
	s.until(side.name+" has a room "+prefix+"…", func() bool {
		found := side.rooms(prefix)
		if len(found) > 0 {
			p.id = found[0]
		}
		return len(found) > 0
	})
	return p
}

// rooms returns the rooms whose name begins so.
func (s *side) rooms(prefix string) []chat.RoomID {
	var ids []chat.RoomID
	for id, info := range s.world.Rooms() {
		if info.Name == prefix || strings.HasPrefix(info.Name, prefix+"-") {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Channel is one of the channels that were there before.
func (s *stage) Channel(side *side, name string) spot {
	return spot{stage: s, side: side, id: side.channels[name], eyes: side.users["ana"]}
}

// DirectTo is what sitrep writes to one person.
func (s *stage) DirectTo(side *side, who string) spot {
	s.Helper()
	p := spot{stage: s, side: side, eyes: side.users[who]}
	s.until(who+" is written to directly", func() bool {
		id, ok := side.world.Direct(p.eyes)
		p.id = id
		return ok
	})
	return p
}

// As is the same room through somebody else's eyes.
func (p spot) As(who string) spot {
	p.eyes = p.side.users[who]
	return p
}

func (p spot) all() []chattest.Seen { return p.side.world.Messages(p.id, p.eyes) }

// find returns sitrep's messages with all of the words.
func (p spot) find(words ...string) []chattest.Seen {
	return containing(slices.DeleteFunc(p.all(), func(m chattest.Seen) bool { return !m.FromBot }), words...)
}

func containing(all []chattest.Seen, words ...string) []chattest.Seen {
	var found []chattest.Seen
	for _, m := range all {
		text := m.Text
		for _, f := range m.Files {
			text += "\n" + f.Name + "\n" + f.Alt
		}
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			found = append(found, m)
		}
	}
	return found
}

// Sees waits for a message of sitrep's that has all of the words, and returns the newest such.
func (p spot) Sees(words ...string) chattest.Seen {
	p.Helper()
	var found []chattest.Seen
	deadline := fmt.Sprintf("%s shows %q in %s", p.side.name, words, p.id)
	defer func() {
		if len(found) == 0 {
			p.Logf("what stands there is\n%s", p.transcript())
		}
	}()
	p.until(deadline, func() bool { found = p.find(words...); return len(found) > 0 })
	return found[len(found)-1]
}

// Times holds that so many messages of sitrep's have the words, once it has come to rest.
func (p spot) Times(n int, words ...string) {
	p.Helper()
	p.settle()
	if got := p.find(words...); len(got) != n {
		p.Fatalf("%s shows %q %d times, want %d:\n%s", p.side.name, words, len(got), n, p.transcript())
	}
}

// Never holds that nothing there has the words.
func (p spot) Never(words ...string) {
	p.Helper()
	p.Times(0, words...)
}

// transcript is what stands in a room, for a person to read.
func (p spot) transcript() string {
	var b strings.Builder
	for _, m := range p.all() {
		who := string(m.Author)
		if m.FromBot {
			who = "sitrep"
		}
		if m.Private {
			who += " (privately)"
		}
		fmt.Fprintf(&b, "%s: %s\n", who, m.Text)
		for _, f := range m.Files {
			fmt.Fprintf(&b, "  [%s: %s]\n", f.Name, f.Alt)
		}
	}
	return b.String()
}

// Types has a person type a verb, and waits for an answer with the words, which it returns.
func (p spot) Types(who, line string, words ...string) chattest.Seen {
	p.Helper()
	p = p.As(who)
	before := len(p.find(words...))
	p.side.world.Type(p.eyes, p.id, line)
	return p.answered(line, before, words...)
}

// Presses has a person press a button on a message of sitrep's, and waits for an answer with the words.
func (p spot) Presses(who string, on chattest.Seen, label string, words ...string) chattest.Seen {
	p.Helper()
	p = p.As(who)
	before := len(p.find(words...))
	p.side.world.Press(p.eyes, p.id, on.ID, label)
	return p.answered("["+label+"]", before, words...)
}

func (p spot) answered(what string, before int, words ...string) chattest.Seen {
	p.Helper()
	var found []chattest.Seen
	defer func() {
		if len(found) <= before {
			p.Logf("what stands there is\n%s", p.transcript())
		}
	}()
	p.until(fmt.Sprintf("%s is answered on %s with %q", what, p.side.name, words), func() bool {
		found = p.find(words...)
		return len(found) > before
	})
	return found[len(found)-1]
}

func toJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
