package handlers

import (
	"fmt"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
)

// say is an answer of one paragraph of CommonMark.
func say(format string, args ...any) Answer {
	return Answer{Message: chat.Text(fmt.Sprintf(format, args...))}
}

// esc makes words that a person or a machine wrote safe in CommonMark.
func esc(text string) string { return chat.Escape(text) }

// name is how a person is shown, in CommonMark.
func name(p incident.Person) string { return "**" + esc(p.Shown()) + "**" }

// at writes a moment in CommonMark.
func (c *Call) at(t time.Time) string { return chat.Time(t, c.clock.show(t)) }

// title is the incident's number and title, in CommonMark.
func title(s incident.State) string {
	if s.Drill {
		return fmt.Sprintf("**%s** drill: %s", s.Number, esc(chat.Cut(s.Title, 200)))
	}
	return fmt.Sprintf("**%s** %s", s.Number, esc(chat.Cut(s.Title, 200)))
}

// told says which audiences a command has told at once, and when each hears next.
func (c *Call) told(before incident.State) string {
	var now, next []string
	for _, p := range c.State.Plans {
		if old, _ := before.Plan(p.Audience); p.Seq > old.Seq {
			now = append(now, esc(p.Audience))
		}
		if !p.Next.IsZero() {
			next = append(next, esc(p.Audience)+" at "+c.at(p.Next))
		}
	}
	var s string
	if len(now) > 0 {
		s += " Told: " + strings.Join(now, ", ") + "."
	}
	if len(next) > 0 {
		s += " Next update: " + strings.Join(next, ", ") + "."
	}
	return s
}

// notify calls a person to a message, unless it is they who asked.
func (c *Call) notify(m *chat.Message, p incident.Person) {
	if account := p.Accounts[c.In.Platform]; account != "" && p.ID != c.Actor.ID {
		m.Notify = append(m.Notify, chat.UserID(account))
	}
}

// room links to the incident's room, and is empty while there is none or when one is in it.
func (c *Call) room() string {
	r := c.State.Rooms[c.In.Platform]
	if !r.Usable() || c.inItsRoom() {
		return ""
	}
	if r.URL == "" {
		return esc(r.Name)
	}
	return link(r.Name, r.URL)
}

// link writes a link in CommonMark, and the label alone when the address is not one of the web.
func link(label, address string) string {
	if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") || strings.ContainsAny(address, " \n\r\t") {
		return esc(label)
	}
	return "[" + esc(label) + "](<" + inAddress.Replace(address) + ">)"
}

var inAddress = strings.NewReplacer(`\`, "%5C", "<", "%3C", ">", "%3E", "&", "&amp;", "|", "%7C", "`", "%60")

// began is when the incident began, as far as that is known.
func began(s incident.State) time.Time {
	for _, m := range []incident.Milestone{incident.Started, incident.Detected, incident.Declared} {
		if t := s.Milestones[m]; !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// since is how long ago the incident began, to its end if it has ended.
func (c *Call) since(s incident.State) string {
	end := s.ClosedAt
	if end.IsZero() {
		end = c.clock.now
	}
	return incident.Span(max(0, end.Sub(began(s))))
}

// lines is an answer of several lines. It is in parts that each fit into one block on every platform.
func lines(all []string) Answer { return Answer{Message: chat.Message{Blocks: paragraphs(all)}} }

// mostInBlock is how many characters of CommonMark stand in one block; a moment takes more of them once a platform has written it.
const mostInBlock = 1800

func paragraphs(all []string) []chat.Block {
	var blocks []chat.Block
	var part []string
	size := 0
	for _, l := range all {
		if size += len(l) + 1; size > mostInBlock && len(part) > 0 {
			blocks = append(blocks, chat.Block{Text: strings.Join(part, "\n")})
			part, size = nil, len(l)+1
		}
		part = append(part, l)
	}
	return append(blocks, chat.Block{Text: strings.Join(part, "\n")})
}
