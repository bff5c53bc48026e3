package console

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"time"

	"sitrep/bot/chat"
)

// roomView and messageView are rooms and messages as the API shows them.
type roomView struct {
	ID       chat.RoomID   `json:"id"`
	Kind     string        `json:"kind"`
	Name     string        `json:"name"`
	Topic    string        `json:"topic,omitempty"`
	Private  bool          `json:"private"`
	Archived bool          `json:"archived"`
	Members  []chat.UserID `json:"members"`
	Opened   time.Time     `json:"opened"`
	Last     uint64        `json:"last"`           // seq of the newest message that the asker sees
	Tone     chat.Tone     `json:"tone,omitempty"` // of the newest pinned message, which is the incident's card
}

type messageView struct {
	ID      chat.MessageID `json:"id"`
	Room    chat.RoomID    `json:"room"`
	Thread  chat.MessageID `json:"thread,omitempty"`
	Seq     uint64         `json:"seq"`
	Bot     bool           `json:"bot"`
	Author  chat.User      `json:"author"`
	At      time.Time      `json:"at"`
	Edited  *time.Time     `json:"edited,omitempty"`
	Text    string         `json:"text"` // all of it, plain
	Tone    chat.Tone      `json:"tone,omitempty"`
	Summary string         `json:"summary,omitempty"`
	Blocks  []blockView    `json:"blocks,omitempty"`
	Notify  []chat.UserID  `json:"notify,omitempty"`
	Private bool           `json:"private"`
	Pinned  bool           `json:"pinned"`
	Noted   bool           `json:"noted"`
	URL     string         `json:"url"`
}

type blockView struct {
	Header  string        `json:"header,omitempty"`
	HTML    string        `json:"html,omitempty"`
	Fields  []fieldView   `json:"fields,omitempty"`
	Code    string        `json:"code,omitempty"`
	Image   *fileView     `json:"image,omitempty"`
	File    *fileView     `json:"file,omitempty"`
	Context string        `json:"context,omitempty"` // HTML
	Buttons []chat.Button `json:"buttons,omitempty"`
}

type fieldView struct {
	Name string `json:"name"`
	HTML string `json:"html"`
}

type fileView struct {
	URL   string `json:"url"`
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	Alt   string `json:"alt,omitempty"`
}

// viewRoom shows a room; c.mu is held where r is in memory.
func (c *Console) viewRoom(r *room, user chat.UserID) roomView {
	v := roomView{
		ID: r.ID, Kind: r.Kind, Name: r.Name, Topic: r.Topic, Private: r.Private, Archived: r.Archived,
		Members: append([]chat.UserID{}, r.Members...), Opened: r.Opened,
	}
	all := c.mem.messages[r.ID]
	for i := len(all) - 1; i >= 0; i-- {
		m := all[i]
		if m.Deleted || !m.sees(user) {
			continue
		}
		v.Last = max(v.Last, m.Seq)
		if m.Pinned {
			v.Tone = m.Message.Tone
			break
		}
	}
	return v
}

func (c *Console) viewMessage(m *message) messageView {
	v := messageView{
		ID: m.ID, Room: m.Room, Thread: m.Thread, Seq: m.Seq, Bot: m.Bot, Author: m.Author, At: m.At, Text: m.plain(), Tone: m.Message.Tone,
		Summary: m.Message.Summary, Notify: m.Message.Notify, Private: m.Only != "", Pinned: m.Pinned, Noted: m.Noted, URL: c.link(m.Room, m.ID),
	}
	if m.Bot {
		v.Author = chat.User{Name: c.cfg.Bot}
	}
	if !m.Edited.IsZero() {
		v.Edited = &m.Edited
	}
	n := 0
	file := func(f *chat.File) *fileView {
		if f == nil {
			return nil
		}
		n++
		return &fileView{URL: "/console/api/files/" + m.Files[n-1] + "?name=" + url.QueryEscape(f.Name), Name: f.Name, Title: f.Title, Alt: f.Alt}
	}
	for _, b := range m.Message.Blocks {
		shown := blockView{
			Header: b.Header, Code: b.Code, HTML: toHTML(b.Text), Context: toHTML(b.Context), Image: file(b.Image), File: file(b.File), Buttons: safeButtons(b.Buttons),
		}
		for _, f := range b.Fields {
			shown.Fields = append(shown.Fields, fieldView{Name: f.Name, HTML: toHTML(f.Value)})
		}
		v.Blocks = append(v.Blocks, shown)
	}
	return v
}

// safeButtons leaves out links to anything but the web and mail.
func safeButtons(all []chat.Button) []chat.Button {
	var safe []chat.Button
	for _, b := range all {
		u, err := url.Parse(b.URL)
		if b.URL == "" || err == nil && (u.Scheme == "https" || u.Scheme == "http" || u.Scheme == "mailto") {
			safe = append(safe, b)
		}
	}
	return safe
}

var asHTML = chat.Markup{
	Escape: html.EscapeString,
	Code:   func(raw string) string { return "<code>" + html.EscapeString(raw) + "</code>" },
	// A line break in a block of code is written so that toHTML leaves it alone.
	Pre: func(raw string) string {
		return "<pre>" + strings.ReplaceAll(html.EscapeString(raw), "\n", "&#10;") + "</pre>"
	},
	Bold:   func(s string) string { return "<strong>" + s + "</strong>" },
	Italic: func(s string) string { return "<em>" + s + "</em>" },
	Strike: func(s string) string { return "<s>" + s + "</s>" },
	Quote:  func(s string) string { return "<blockquote>" + s + "</blockquote>" },
	Link: func(label, target string) string {
		return fmt.Sprintf(`<a href="%s" target="_blank" rel="noopener noreferrer">%s</a>`, html.EscapeString(target), label)
	},
	Time: func(t time.Time, fallback string) string {
		return fmt.Sprintf(`<time datetime="%s">%s</time>`, t.Format(time.RFC3339), html.EscapeString(fallback))
	},
	Item: func(marker, s string) string {
		return fmt.Sprintf(`<div class="item"><span>%s</span><div>%s</div></div>`, marker, s)
	},
}

// Around a block of its own no line is broken a second time: the page keeps the line breaks of a text.
var aroundBlocks = regexp.MustCompile(`\n*(</?(?:div|pre|blockquote)[^>]*>)\n*`)

func toHTML(markdown string) string {
	if markdown == "" {
		return ""
	}
	parts := strings.Split(aroundBlocks.ReplaceAllString(chat.Render(markdown, asHTML), "$1"), "\n\n")
	return strings.Join(parts, `<span class="gap"></span>`)
}
