package discord

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

const (
	// freeCommand is the sub-command through which every verb can be typed, because Discord takes 25 sub-commands and there are more verbs.
	freeCommand = "do"
	freeOption  = "command"
	shortcut    = "Add to timeline"

	subcommandsMax = 25
	choicesMax     = 25
	wordMax        = 100  // characters in a description, a choice's name and its value
	commandMax     = 8000 // characters in all names, descriptions and values of one command
)

type commandSpec struct {
	Name        string       `json:"name"`
	Type        int          `json:"type"`
	Description string       `json:"description,omitempty"`
	Options     []optionSpec `json:"options,omitempty"`
}

type optionSpec struct {
	Name         string       `json:"name"`
	Type         int          `json:"type"`
	Description  string       `json:"description"`
	Required     bool         `json:"required,omitempty"`
	Autocomplete bool         `json:"autocomplete,omitempty"`
	Choices      []choice     `json:"choices,omitempty"`
	Options      []optionSpec `json:"options,omitempty"`
}

type choice struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// register makes the server's commands what the configuration says. It may be repeated.
func (d *Discord) register(ctx context.Context) error {
	return d.do(ctx, request{
		op: "discord.register", method: http.MethodPut, path: d.commandsPath(), body: commands(d.cfg), need: "applications.commands (an OAuth2 scope)",
	}, nil)
}

func (d *Discord) commandsPath() string {
	return "applications/" + d.cfg.ApplicationID + "/guilds/" + d.cfg.GuildID + "/commands"
}

func commands(c Config) []commandSpec {
	subs := subcommands(c.Commands)
	about := "Incidents: declare, look, act, tell"
	return []commandSpec{
		{Name: c.Command, Type: commandChat, Description: about, Options: subs},
		{Name: c.Alias, Type: commandChat, Description: about, Options: subs},
		{Name: shortcut, Type: commandMessage},
	}
}

var commandName = regexp.MustCompile(`^[-_\p{Ll}\p{N}]{1,32}$`)

func subcommands(specs []chat.CommandSpec) []optionSpec {
	subs := []optionSpec{{
		Name: freeCommand, Type: optionSubcommand, Description: "Any command, typed freely",
		Options: []optionSpec{{Name: freeOption, Type: optionString, Description: "such as: status \"we roll back\"", Required: true, Autocomplete: true}},
	}}
	total := subs[0].length()
	for _, s := range specs {
		sub := subcommand(s)
		if !commandName.MatchString(s.Name) || s.Name == freeCommand {
			continue
		}
		if total += sub.length(); len(subs) == subcommandsMax || total > commandMax-200 {
			break
		}
		subs = append(subs, sub)
	}
	return subs
}

// Nothing is required here: sitrep opens a form for what is missing, filled in with what was given.
func subcommand(s chat.CommandSpec) optionSpec {
	sub := optionSpec{Name: s.Name, Type: optionSubcommand, Description: described(s.Summary, s.Name)}
	for _, o := range s.Options {
		if !commandName.MatchString(o.Name) || len(sub.Options) == 25 {
			continue
		}
		out := optionSpec{Name: o.Name, Type: optionString, Description: described(o.Summary, o.Name)}
		switch {
		case o.User:
			out.Type = optionUser
		case len(o.Choices) > 0 && len(o.Choices) <= choicesMax:
			out.Choices = choices(o.Choices)
		default:
			out.Autocomplete = o.Suggested || len(o.Choices) > 0
		}
		sub.Options = append(sub.Options, out)
	}
	return sub
}

func described(summary, name string) string {
	if strings.TrimSpace(summary) == "" {
		summary = name
	}
	return chat.Cut(oneLine(summary), wordMax)
}

// choices leaves out what Discord would refuse: a value that is empty or too long cannot be cut, for it is what is chosen.
func choices(in []chat.Choice) []choice {
	out := []choice{}
	for _, c := range in {
		if n := len([]rune(c.Value)); n == 0 || n > wordMax || len(out) == choicesMax {
			continue
		}
		label := chat.Cut(oneLine(c.Label), wordMax)
		if label == "" {
			label = c.Value
		}
		out = append(out, choice{Name: label, Value: c.Value})
	}
	return out
}

func (o optionSpec) length() int {
	n := len([]rune(o.Name)) + len([]rune(o.Description))
	for _, c := range o.Choices {
		n += len([]rune(c.Name)) + len([]rune(c.Value))
	}
	for _, sub := range o.Options {
		n += sub.length()
	}
	return n
}

// complete suggests values for the option that is being typed.
func (d *Discord) complete(ctx context.Context, in chat.Intake, i interaction, asked chat.Inbound) answer {
	option, word := focused(i)
	if option == freeOption && asked.Values == nil {
		option = ""
	}
	found := in.Complete(ctx, asked, option, word)
	return answer{Type: answerChoices, Data: map[string]any{"choices": choices(found)}}
}

func focused(i interaction) (option, word string) {
	for _, sub := range i.Data.Options {
		for _, o := range sub.Options {
			if o.Focused {
				return o.Name, strings.TrimPrefix(o.text(), "@")
			}
		}
	}
	return "", ""
}

// permanent says whether repeating a call cannot mend it.
func permanent(err error) bool {
	kind := ops.KindOf(err)
	return kind == ops.Denied || kind == ops.Invalid
}
