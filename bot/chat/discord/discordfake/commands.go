package discordfake

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"sitrep/bot/chat"
)

type command struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Type        int      `json:"type"`
	Description string   `json:"description"`
	Options     []option `json:"options"`
}

type option struct {
	Name         string   `json:"name"`
	Type         int      `json:"type"`
	Description  string   `json:"description"`
	Required     bool     `json:"required,omitempty"`
	Autocomplete bool     `json:"autocomplete,omitempty"`
	Choices      []Choice `json:"choices,omitempty"`
	Options      []option `json:"options,omitempty"`
}

func (f *Fake) putCommands(c call) (int, any, *problem) {
	var in []command
	if p := c.into(&in); p != nil {
		return 0, nil, p
	}
	for i := range in {
		in[i].ID = f.id()
		if wrong := in[i].wrong(); wrong != "" {
			return 0, nil, f.invalid("commands", wrong)
		}
	}
	f.commands = in
	return 200, f.commandsJSON(), nil
}

func (f *Fake) commandsJSON() []object {
	out := []object{}
	for _, c := range f.commands {
		o := object{
			"id": c.ID, "application_id": f.app, "version": c.ID, "default_member_permissions": nil, "type": c.Type,
			"name": c.Name, "description": c.Description, "guild_id": f.guild, "nsfw": false,
		}
		if len(c.Options) > 0 {
			o["options"] = c.Options
		}
		out = append(out, o)
	}
	return out
}

var commandName = regexp.MustCompile(`^[-_'\p{Ll}\p{Lo}\p{N}]{1,32}$`)

// wrong says which of Discord's rules a command breaks.
func (c command) wrong() string {
	if c.Type == 3 {
		if c.Description != "" || len(c.Options) > 0 || length(c.Name) > 32 {
			return c.Name
		}
		return ""
	}
	root := option{Name: c.Name, Description: c.Description, Options: c.Options}
	if n := root.length(); n > 8000 {
		return fmt.Sprintf("%s has %d characters", c.Name, n)
	}
	return root.wrong()
}

func (o option) wrong() string {
	if !commandName.MatchString(o.Name) || length(o.Description) < 1 || length(o.Description) > 100 || len(o.Options) > 25 || len(o.Choices) > 25 {
		return o.Name
	}
	if o.Autocomplete && len(o.Choices) > 0 {
		return o.Name + " has both choices and suggestions"
	}
	for _, c := range o.Choices {
		if length(c.Name) < 1 || length(c.Name) > 100 || length(c.Value) > 100 {
			return o.Name + " " + c.Name
		}
	}
	optional, names := false, map[string]bool{}
	for _, sub := range o.Options {
		if optional && sub.Required || names[sub.Name] {
			return sub.Name
		}
		optional, names[sub.Name] = optional || !sub.Required, true
		if wrong := sub.wrong(); wrong != "" {
			return o.Name + ": " + wrong
		}
	}
	return ""
}

func (o option) length() int {
	n := length(o.Name) + length(o.Description)
	for _, c := range o.Choices {
		n += length(c.Name) + length(c.Value)
	}
	for _, sub := range o.Options {
		n += sub.length()
	}
	return n
}

// root returns the first slash command and one of its sub-commands.
func (f *Fake) root(sub string) (command, option, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.commands {
		for _, o := range c.Options {
			if c.Type == 1 && o.Name == sub {
				return c, o, true
			}
		}
	}
	return command{}, option{}, false
}

// Type has a person type a verb freely, through the sub-command that takes every verb.
func (f *Fake) Type(user chat.UserID, room chat.RoomID, text string) {
	f.slash(user, room, "do", map[string]string{"": text}, "", askCommand)
}

// TypeOptions has a person use a sub-command with its options filled in.
func (f *Fake) TypeOptions(user chat.UserID, room chat.RoomID, verb string, values map[string]string) {
	f.slash(user, room, verb, values, "", askCommand)
}

// Complete returns what is suggested to a person who types word as an option of a sub-command, and nil when nothing came in time.
func (f *Fake) Complete(user chat.UserID, room chat.RoomID, verb, option, word string) []Choice {
	i := f.slash(user, room, verb, map[string]string{option: word}, option, askComplete)
	if i == nil {
		return nil
	}
	select {
	case found := <-i.choices:
		return found
	case <-time.After(answerIn):
		return nil
	}
}

func (f *Fake) slash(user chat.UserID, room chat.RoomID, verb string, values map[string]string, typing string, kind int) *interaction {
	c, sub, ok := f.root(verb)
	if !ok {
		return nil
	}
	var options []object
	for _, o := range sub.Options {
		value, given := values[o.Name]
		if free, all := values[""]; all {
			value, given = free, true
		}
		if !given {
			continue
		}
		filled := object{"name": o.Name, "type": o.Type, "value": value}
		if kind == askComplete && (o.Name == typing || typing == "") {
			filled["focused"] = true
		}
		options = append(options, filled)
	}
	data := object{"id": c.ID, "name": c.Name, "type": 1, "guild_id": f.guild, "options": []object{
		{"name": sub.Name, "type": 1, "options": options},
	}}
	return f.interact(string(user), string(room), kind, data, nil)
}

// Shortcut has a person choose an entry of a message's menu.
func (f *Fake) Shortcut(user chat.UserID, room chat.RoomID, id chat.MessageID, name string) {
	f.mu.Lock()
	m := f.message(room, id)
	data := object{"id": f.id(), "name": name, "type": 3, "guild_id": f.guild, "target_id": m.id, "resolved": object{"messages": object{m.id: f.messageJSON(m)}}}
	f.mu.Unlock()
	f.interact(string(user), m.channel, askCommand, data, nil)
}

// Press has a person press a button.
func (f *Fake) Press(user chat.UserID, room chat.RoomID, id chat.MessageID, label string) {
	f.mu.Lock()
	m := f.message(room, id)
	var pressed *button
	for _, r := range m.rows {
		for i := range r.Components {
			if strings.EqualFold(r.Components[i].Label, label) {
				pressed = &r.Components[i]
			}
		}
	}
	f.mu.Unlock()
	if pressed == nil || pressed.CustomID == "" {
		return
	}
	f.interact(string(user), m.channel, askButton, object{"custom_id": pressed.CustomID, "component_type": 2, "id": pressed.ID}, m)
}

// Form returns the form that is open before a person.
func (f *Fake) Form(user chat.UserID) (chat.Form, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	open := f.forms[string(user)]
	if open == nil {
		return chat.Form{}, false
	}
	form := chat.Form{Title: open.data.Title}
	for _, r := range open.data.Components {
		for _, x := range r.Components {
			form.Fields = append(form.Fields, chat.FormField{
				Name: x.CustomID, Label: x.Label, Hint: x.Placeholder, Value: x.Value, Long: x.Style == 2, Max: x.MaxLength,
				Required: x.Required == nil || *x.Required,
			})
		}
	}
	return form, true
}

// Submit sends the form that is open before a person. Discord keeps one open in which something required is missing.
func (f *Fake) Submit(user chat.UserID, values map[string]string) {
	f.mu.Lock()
	open := f.forms[string(user)]
	if open == nil {
		f.mu.Unlock()
		return
	}
	var rows []object
	for _, r := range open.data.Components {
		for _, x := range r.Components {
			if v, ok := values[x.CustomID]; ok {
				x.Value = v
			}
			if x.Value == "" && (x.Required == nil || *x.Required) {
				f.mu.Unlock()
				return
			}
			rows = append(rows, object{"type": 1, "id": 1, "components": []object{{"type": 4, "id": 2, "custom_id": x.CustomID, "value": x.Value}}})
		}
	}
	delete(f.forms, string(user))
	f.mu.Unlock()
	f.interact(string(user), open.from.channel.id, askForm, object{"custom_id": open.data.CustomID, "components": rows}, nil)
}
