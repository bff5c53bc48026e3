package discordfake

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
)

const (
	flagEphemeral, flagLoading = 1 << 6, 1 << 7
	nonceLife                  = 2 * time.Minute
)

type message struct {
	id, channel, author string
	content             string
	embeds              []embed
	rows                []row
	files               []attached
	nonce               string
	at, edited          time.Time
	flags               int
	meant               string // whom an ephemeral message is shown to
	pinned              bool
	pings               []string
	webhook             bool
	reference           string
}

type embed struct {
	Type        string  `json:"type"`
	URL         string  `json:"url,omitempty"`
	Title       string  `json:"title,omitempty"`
	Description string  `json:"description,omitempty"`
	Color       int     `json:"color,omitempty"`
	Fields      []field `json:"fields,omitempty"`
}

type field struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Inline bool   `json:"inline"`
}

type row struct {
	Type       int      `json:"type"`
	ID         int      `json:"id"`
	Components []button `json:"components"`
}

type button struct {
	Type     int    `json:"type"`
	ID       int    `json:"id"`
	CustomID string `json:"custom_id,omitempty"`
	Style    int    `json:"style"`
	Label    string `json:"label,omitempty"`
	URL      string `json:"url,omitempty"`
	Disabled bool   `json:"disabled,omitempty"`
}

type attached struct {
	id, name, alt string
	data          []byte
}

func (f *Fake) seen(m *message) chattest.Seen {
	s := chattest.Seen{
		ID: f.name(m), FromBot: m.author == f.bot, Text: m.text(), Private: m.flags&flagEphemeral != 0, Pinned: m.pinned, Edited: !m.edited.IsZero(),
	}
	if c := f.channels[m.channel]; c != nil && c.kind == kindThread {
		s.Thread = chat.MessageID(c.id)
	}
	if !s.FromBot {
		s.Author = chat.UserID(m.author)
	}
	for _, id := range m.pings {
		s.Pings = append(s.Pings, chat.UserID(id))
	}
	for _, r := range m.rows {
		for _, b := range r.Components {
			s.Buttons = append(s.Buttons, b.Label)
		}
	}
	for _, a := range m.files {
		s.Files = append(s.Files, chattest.SeenFile{Name: a.name, Alt: a.alt, Data: a.data})
	}
	return s
}

func (m *message) text() string {
	if m.flags&flagLoading != 0 {
		return "is thinking…"
	}
	var parts []string
	if m.content != "" {
		parts = append(parts, m.content)
	}
	for _, e := range m.embeds {
		for _, s := range []string{e.Title, e.Description} {
			if s != "" {
				parts = append(parts, s)
			}
		}
		for _, x := range e.Fields {
			parts = append(parts, x.Name+": "+x.Value)
		}
	}
	return unmark(strings.Join(parts, "\n"))
}

var (
	mask     = regexp.MustCompile(`\[((?:\\.|[^\]\\])*)\]\(<?([^)>]*)>?\)`)
	stamp    = regexp.MustCompile(`<t:(-?\d+)(:\w)?>`)
	mentions = regexp.MustCompile(`<@!?(\d+)>`)
	begins   = regexp.MustCompile(`(?m)^(### |-# |> )+`)
	escaped  = regexp.MustCompile(`\\([^0-9A-Za-z\s])`)
	marks    = strings.NewReplacer("***", "", "**", "", "~~", "", "```\n", "", "\n```", "", "`", "", "\u200b", "", "__", "")
	italics  = regexp.MustCompile(`\*([^*\n]+)\*`)
)

// unmark shows text as people read it. What was escaped is put aside while markup is taken away.
func unmark(s string) string {
	var kept []string
	s = escaped.ReplaceAllStringFunc(s, func(e string) string {
		kept = append(kept, e[1:])
		return "\x00"
	})
	s = mask.ReplaceAllString(s, "$1 ($2)")
	s = stamp.ReplaceAllString(s, "<time $1>")
	s = begins.ReplaceAllString(s, "")
	s = italics.ReplaceAllString(marks.Replace(s), "$1")
	for _, k := range kept {
		s = strings.Replace(s, "\x00", k, 1)
	}
	return s
}

// Say has a person write a message; "@sitrep" mentions the bot, and "@name" a person.
func (f *Fake) Say(user chat.UserID, room chat.RoomID, text string) chat.MessageID {
	f.mu.Lock()
	defer f.mu.Unlock()
	text = strings.ReplaceAll(text, "@sitrep", "<@"+f.bot+">")
	c := f.channels[string(room)]
	m := f.write(c, &message{author: string(user), content: text})
	f.dispatch("MESSAGE_CREATE", f.event(m))
	return f.name(m)
}

// Rewrite has a person edit a message of theirs.
func (f *Fake) Rewrite(user chat.UserID, room chat.RoomID, id chat.MessageID, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.message(room, id)
	m.content, m.edited = text, f.clock()
	f.dispatch("MESSAGE_UPDATE", f.event(m))
}

// Erase has a person delete a message of theirs.
func (f *Fake) Erase(user chat.UserID, room chat.RoomID, id chat.MessageID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.message(room, id)
	f.remove(m)
	f.dispatch("MESSAGE_DELETE", map[string]any{"id": m.id, "channel_id": m.channel, "guild_id": f.guild})
}

// PinWithReaction has a person put 📌 on a message.
func (f *Fake) PinWithReaction(user chat.UserID, room chat.RoomID, id chat.MessageID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.message(room, id)
	f.dispatch("MESSAGE_REACTION_ADD", map[string]any{
		"user_id": string(user), "channel_id": m.channel, "message_id": m.id, "guild_id": f.guild, "message_author_id": m.author,
		"member": f.member(string(user)), "emoji": map[string]any{"id": nil, "name": "📌"}, "burst": false, "type": 0,
	})
}

func (f *Fake) write(c *channel, m *message) *message {
	m.id, m.channel, m.at = f.id(), c.id, f.clock()
	c.messages, c.last = append(c.messages, m), m.id
	return m
}

func (f *Fake) remove(m *message) {
	c := f.channels[m.channel]
	c.messages = slices.DeleteFunc(c.messages, func(o *message) bool { return o == m })
}

// event is a message as the gateway tells it.
func (f *Fake) event(m *message) map[string]any {
	e := f.messageJSON(m)
	if c := f.channels[m.channel]; c != nil && c.kind != kindDM {
		e["guild_id"] = f.guild
		e["member"] = f.bareMember(m.author)
	}
	return e
}

func containsWord(content, word string) bool {
	return regexp.MustCompile(regexp.QuoteMeta(word) + `\b`).MatchString(content)
}
