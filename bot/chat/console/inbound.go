package console

import (
	"encoding/json"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// The kinds of Request that the console hands in.
const (
	actCommand    = "command" // typed, pressed or sent as a form
	actNote       = "note"    // a message was put on the timeline
	actRewrite    = "rewrite"
	actErase      = "erase"
	actDeleteRoom = "delete_room"
	actArchive    = "archive_room"
	actLeave      = "leave"
)

var actKinds = map[string]chat.InboundKind{
	actCommand: chat.Command, actNote: chat.Pinned, actRewrite: chat.PinEdited, actErase: chat.PinDeleted,
	actDeleteRoom: chat.RoomGone, actArchive: chat.RoomGone, actLeave: chat.UserLeft,
}

var goneReasons = map[string]string{actDeleteRoom: "deleted", actArchive: "archived"}

// act is the body of a Request: what a person did.
type act struct {
	User     chat.User         `json:"user"`
	Room     chat.RoomID       `json:"room,omitempty"`
	RoomName string            `json:"room_name,omitempty"`
	Thread   chat.MessageID    `json:"thread,omitempty"`
	Message  chat.MessageID    `json:"message,omitempty"`
	Link     string            `json:"link,omitempty"`
	Author   chat.User         `json:"author,omitzero"`
	Text     string            `json:"text,omitempty"`
	Values   map[string]string `json:"values,omitempty"`
	Private  bool              `json:"private,omitempty"`
	At       time.Time         `json:"at,omitzero"` // when it happened, if not when it was received
}

// Decode implements chat.Platform.
func (c *Console) Decode(r chat.Request) (chat.Inbound, error) {
	const op = "console.Decode"
	kind, ok := actKinds[r.Kind]
	if !ok {
		return chat.Inbound{}, invalid(op, "The console knows no request of the kind "+r.Kind+".")
	}
	var a act
	if err := json.Unmarshal(r.Body, &a); err != nil {
		return chat.Inbound{}, &ops.Error{Op: op, Kind: ops.Invalid, Msg: "The request is not what the console writes.", Err: err}
	}
	in := chat.Inbound{
		Kind: kind, Request: r.ID, Platform: c.cfg.Name, User: a.User, Room: a.Room, RoomName: a.RoomName, Text: a.Text, Values: a.Values,
		Message: a.Message, Permalink: a.Link, Author: a.Author, At: a.At, Reason: goneReasons[r.Kind],
	}
	if in.At.IsZero() {
		in.At = r.At
	}
	if kind == chat.Command || kind == chat.Pinned {
		in.Reply = chat.ReplyTo{
			Platform: c.cfg.Name, Room: a.Room, Thread: a.Thread, User: a.User.ID, Token: r.ID, Private: a.Private,
		}
	}
	return in, nil
}

func (c *Console) request(id, kind string, a act) (chat.Request, error) {
	body, err := json.Marshal(a)
	return chat.Request{ID: c.cfg.Name + ":" + id, Source: c.cfg.Name, Kind: kind, Body: body, At: c.cfg.Now()}, err
}

// command returns what follows the command word or the mention in a line, and false when it has neither.
func (c *Console) command(line string) (string, bool) {
	line = strings.TrimSpace(line)
	for _, word := range append([]string{"@" + c.cfg.Bot}, c.cfg.Commands...) {
		if len(line) < len(word) || !strings.EqualFold(line[:len(word)], word) {
			continue
		}
		rest := line[len(word):]
		if rest == "" || strings.ContainsAny(rest[:1], " \t\n") {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}
