package slack

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// tokenLife is how long Slack takes answers at a response URL.
const tokenLife = 30 * time.Minute

// buttonToken marks the response URL of a pressed button: "replace" there means the message with the button, not the answer.
const buttonToken = "button "

const pushpin = "pushpin"

// Decode says what a stored request means. It is pure; its error is of kind Invalid.
func (s *Slack) Decode(r chat.Request) (chat.Inbound, error) {
	var st stored
	if err := json.Unmarshal(r.Body, &st); err != nil {
		return chat.Inbound{}, undecodable(r, err)
	}
	d := decoder{instance: s.cfg.Instance, stored: st, at: r.At}
	var in chat.Inbound
	var err error
	switch r.Kind {
	case kindEvent:
		in, err = decodeAs(st.Payload, d.event)
	case kindCommand:
		in, err = decodeAs(st.Payload, d.command)
	case kindInteraction:
		in, err = decodeAs(st.Payload, d.interaction)
	default:
		err = errors.New("unknown kind")
	}
	if err != nil {
		return chat.Inbound{}, undecodable(r, err)
	}
	in.Request, in.Platform = r.ID, Name
	if in.At.IsZero() {
		in.At = r.At
	}
	return in, nil
}

func undecodable(r chat.Request, err error) error {
	return &ops.Error{Op: "slack.Decode", Kind: ops.Invalid, Msg: "Slack sent what cannot be read (" + r.Kind + ").", Err: err}
}

func decodeAs[T any](raw []byte, read func(T) (chat.Inbound, error)) (chat.Inbound, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return chat.Inbound{}, err
	}
	return read(v)
}

var nothing = chat.Inbound{Kind: chat.Nothing}

type decoder struct {
	instance string
	stored   stored
	at       time.Time
}

func (d decoder) command(c wireCommand) (chat.Inbound, error) {
	if c.UserID == "" || c.TriggerID == "" {
		return chat.Inbound{}, errors.New("a command without user_id or trigger_id")
	}
	in := chat.Inbound{
		Kind: chat.Command, User: chat.User{ID: userID(c.TeamID, c.UserID), Name: c.UserName},
		Room: roomID(c.TeamID, c.ChannelID), RoomName: roomName(c.ChannelName), Text: strings.TrimSpace(readable(c.TeamID, c.Text)),
	}
	in.Reply = d.reply(in, c.ResponseURL, "")
	return in, nil
}

// reply says how the asker is answered. Expires is set without a token too: it tells when was asked.
func (d decoder) reply(in chat.Inbound, token, thread string) chat.ReplyTo {
	return chat.ReplyTo{
		Platform: Name, Room: in.Room, Thread: chat.MessageID(thread), User: in.User.ID, Token: token,
		Private: d.stored.Private, Expires: d.at.Add(tokenLife),
	}
}

func (d decoder) interaction(w wireInteraction) (chat.Inbound, error) {
	if w.User.ID == "" {
		return chat.Inbound{}, errors.New("an interaction without user")
	}
	team := w.User.TeamID
	if team == "" {
		team = w.Team.ID
	}
	name := w.User.Username
	if name == "" {
		name = w.User.Name
	}
	in := chat.Inbound{User: chat.User{ID: userID(team, w.User.ID), Name: name}, Room: roomID(w.Team.ID, w.Channel.ID), RoomName: roomName(w.Channel.Name)}
	switch w.Type {
	case "block_actions":
		return d.pressed(in, w), nil
	case "view_submission":
		return d.submitted(in, w)
	case "message_action":
		return d.shortcut(in, w), nil
	}
	return nothing, nil
}

func (d decoder) pressed(in chat.Inbound, w wireInteraction) chat.Inbound {
	if len(w.Actions) == 0 || !ours(d.instance, w.Actions[0].ActionID) || w.Actions[0].Value == "" {
		return nothing
	}
	in.Kind, in.Text = chat.Command, w.Actions[0].Value
	if in.Room == "" {
		in.Room = roomID(w.Team.ID, w.Container.ChannelID)
	}
	in.Message = chat.MessageID(w.Container.MessageTS)
	in.At = stamp(w.Actions[0].ActionTS)
	thread := w.Container.ThreadTS
	if thread == "" && w.Message != nil {
		thread = w.Message.ThreadTS
	}
	if thread == w.Container.MessageTS {
		thread = "" // a card that heads a thread is answered in the room
	}
	token := ""
	if w.ResponseURL != "" {
		token = buttonToken + w.ResponseURL
	}
	in.Reply = d.reply(in, token, thread)
	return in
}

func (d decoder) submitted(in chat.Inbound, w wireInteraction) (chat.Inbound, error) {
	if !ours(d.instance, w.View.CallbackID) {
		return nothing, nil
	}
	var from formOrigin
	if err := json.Unmarshal([]byte(w.View.PrivateMetadata), &from); err != nil {
		return chat.Inbound{}, err
	}
	in.Kind, in.Text, in.Room, in.Values = chat.Command, from.Verb, from.Room, map[string]string{}
	for name, answers := range w.View.State.Values {
		for _, a := range answers {
			if a.Selected != nil {
				a.Value = a.Selected.Value
			}
			if a.Value != "" {
				in.Values[name] = a.Value
			}
		}
	}
	in.Reply = d.reply(in, from.Token, string(from.Thread))
	return in, nil
}

func (d decoder) shortcut(in chat.Inbound, w wireInteraction) chat.Inbound {
	if w.CallbackID != shortcutID(d.instance) || w.Message == nil {
		return nothing
	}
	in = d.pinned(in, w.Team.ID, w.Channel.ID, *w.Message)
	// A shortcut's response URL stands beside the message and not in it, as a command's does.
	in.Reply = d.reply(in, w.ResponseURL, w.Message.ThreadTS)
	return in
}

func (d decoder) pinned(in chat.Inbound, team, channel string, m wireMessage) chat.Inbound {
	in.Kind, in.Text = chat.Pinned, readable(team, m.Text)
	in.Message = chat.MessageID(m.TS)
	in.Author = chat.User{ID: userID(team, m.User)}
	in.Permalink = permalink(d.stored.Site, channel, m.TS, m.ThreadTS)
	return in
}

func shortcutID(instance string) string { return actionPrefix + instance + ":timeline" }
