package slackfake

import (
	"sitrep/bot/chat"
)

// Type has a person type a verb with the slash command.
func (s *Server) Type(user chat.UserID, room chat.RoomID, typed string) {
	s.mu.Lock()
	c, who := s.channels[bare(room)], bare(user)
	name := c.name
	switch {
	case c.direct != "":
		name = "directmessage"
	case c.private:
		name = "privategroup"
	}
	payload := result{
		"team_id": team, "team_domain": "fake", "channel_id": c.id, "channel_name": name, "user_id": who, "user_name": s.users[who].name,
		"command": s.opts.Command, "text": s.mentions(typed), "api_app_id": appID, "is_enterprise_install": "false",
		"response_url": s.newResponse(c.id, who, ""), "trigger_id": s.newTrigger(who),
	}
	s.mu.Unlock()
	if !s.ask(slashCommands, payload) {
		s.tell(c, who, s.opts.Command+" failed with the error \"operation_timeout\"")
	}
}

// tell shows a person a word of Slack's own.
func (s *Server) tell(c *channel, who, words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(c, &message{user: "USLACKBOT", text: words, only: who})
}

func (s *Server) person(who string) result {
	return result{"id": who, "username": s.users[who].name, "name": s.users[who].name, "team_id": team}
}

// Press has a person press the button with that label. A label that is not there is a Violation.
func (s *Server) Press(user chat.UserID, room chat.RoomID, id chat.MessageID, label string) {
	s.mu.Lock()
	c, who := s.channels[bare(room)], bare(user)
	var m *message
	for _, x := range c.messages {
		if x.ts == string(id) && (x.only == "" || x.only == who) {
			m = x
		}
	}
	e := button(m, label)
	if e == nil {
		s.violatedLocked("there is no button %q on message %s", label, id)
		s.mu.Unlock()
		return
	}
	payload := result{
		"type": "block_actions", "team": result{"id": team}, "user": s.person(who), "channel": result{"id": c.id, "name": c.name}, "api_app_id": appID,
		"container": result{"type": "message", "message_ts": m.ts, "channel_id": c.id, "is_ephemeral": m.only != ""},
		"actions":   []result{{"type": "button", "block_id": "b1", "action_id": e.ActionID, "value": e.Value, "action_ts": s.ts(), "text": result{"type": "plain_text", "text": e.Text}}},
		"message":   s.wire(m, false), "response_url": s.newResponse(c.id, who, m.ts), "trigger_id": s.newTrigger(who),
	}
	if m.thread != "" {
		payload["container"].(result)["thread_ts"] = m.thread
	}
	s.mu.Unlock()
	if !s.ask(interactive, payload) {
		s.tell(c, who, "the button failed: the app did not answer in time")
	}
}

func button(m *message, label string) *element {
	if m == nil {
		return nil
	}
	for _, b := range m.blocks {
		for i, e := range b.Elements {
			if e.Type == "button" && entities.Replace(string(e.Text)) == label {
				return &b.Elements[i]
			}
		}
	}
	return nil
}

// Shortcut has a person choose "Add to timeline" in a message's menu. callback is the shortcut's id in the manifest.
func (s *Server) Shortcut(user chat.UserID, room chat.RoomID, id chat.MessageID, callback string) {
	s.mu.Lock()
	c, who := s.channels[bare(room)], bare(user)
	payload := result{
		"type": "message_action", "callback_id": callback, "team": result{"id": team}, "user": s.person(who), "channel": result{"id": c.id, "name": c.name},
		"message_ts": string(id), "message": s.wire(c.find(string(id)), false), "response_url": s.newResponse(c.id, who, ""), "trigger_id": s.newTrigger(who),
	}
	s.mu.Unlock()
	if !s.ask(interactive, payload) {
		s.tell(c, who, "the shortcut failed: the app did not answer in time")
	}
}

// Form returns the form that is open before a person. Its Verb is not to be seen there.
func (s *Server) Form(user chat.UserID) (chat.Form, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.forms[bare(user)]
	if v == nil {
		return chat.Form{}, false
	}
	f := chat.Form{Title: entities.Replace(string(v.Title.Text)), Submit: entities.Replace(string(v.Submit.Text))}
	for _, b := range v.Blocks {
		if b.Element != nil {
			f.Fields = append(f.Fields, formField(b))
		}
	}
	return f, true
}

func formField(b block) chat.FormField {
	e := b.Element
	f := chat.FormField{
		Name: b.BlockID, Label: entities.Replace(string(b.Label.Text)), Value: e.InitialValue, Required: !b.Optional, Long: e.Multiline, Max: e.MaxLength,
	}
	if b.Hint != nil {
		f.Hint = entities.Replace(string(b.Hint.Text))
	}
	for _, o := range e.Options {
		f.Choices = append(f.Choices, chat.Choice{Label: entities.Replace(string(o.Text)), Value: o.Value})
	}
	if e.Initial != nil {
		f.Value = e.Initial.Value
	}
	return f
}

// Submit sends the form that is open before a person. It stays open when the app does not take it.
func (s *Server) Submit(user chat.UserID, values map[string]string) {
	s.mu.Lock()
	who := bare(user)
	v := s.forms[who]
	if v == nil {
		s.violatedLocked("%s has no form open", s.users[who].name)
		s.mu.Unlock()
		return
	}
	state, missing := fill(v, values)
	if missing != "" {
		s.violatedLocked("the form's field %q must be filled in", missing)
		s.mu.Unlock()
		return
	}
	payload := result{
		"type": "view_submission", "team": result{"id": team}, "user": s.person(who), "api_app_id": appID, "trigger_id": s.newTrigger(who),
		"view": result{"id": v.ID, "type": "modal", "callback_id": v.CallbackID, "private_metadata": v.PrivateMetadata, "state": result{"values": state}},
	}
	s.mu.Unlock()
	if !s.ask(interactive, payload) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forms[who] == v {
		delete(s.forms, who)
	}
}

// fill makes a view's state, and returns a required field that would stay empty.
func fill(v *view, values map[string]string) (state result, missing string) {
	state = result{}
	for _, b := range v.Blocks {
		if b.Element == nil {
			continue
		}
		value, ok := values[b.BlockID]
		if !ok {
			value = formField(b).Value
		}
		if value == "" && !b.Optional {
			return nil, b.BlockID
		}
		answer := result{"type": b.Element.Type}
		switch {
		case b.Element.Type != "static_select":
			answer["value"] = any(value)
			if value == "" {
				answer["value"] = nil
			}
		case value != "":
			answer["selected_option"] = result{"value": value, "text": result{"type": "plain_text", "text": value}}
		}
		state[b.BlockID] = result{b.Element.ActionID: answer}
	}
	return state, ""
}
