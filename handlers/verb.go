package handlers

import (
	"context"
	"slices"
	"strings"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
)

// Verb is one thing that a person can ask for. All that help, forms, completion and the documentation say of it is here.
type Verb struct {
	Name     string
	Synonyms []string
	Group    Group
	Summary  string // what it does, at most 100 characters, no full stop
	Usage    string // what follows the name: `"title" [sev2]`
	Title    string // of its form, at most 16 characters; empty for the name
	Submit   string // the label of its form's button; empty for the name
	Examples []string
	Args     []Arg
	Subject  Subject
	// Private says whether the answer is for the asker alone; nil means that it is for the room.
	Private func(Args) bool
	// Danger marks what tells many people or cannot be undone.
	Danger bool
	// Ask returns what a form should ask for, and nothing when no form is needed; nil means all arguments, when a required one is missing.
	Ask func(*Call) []Arg
	// Settle looks again at the arguments once the incident is known; nil means that they stand.
	Settle func(*Call) error
	// Fill suggests what a form is filled in with, beside what was typed; nil means nothing.
	Fill func(*Call) map[string]string
	Run  func(context.Context, *Call) (Answer, error)
}

// Group is the moment of an incident at which a verb is of use.
type Group string

// The groups, in the order in which help shows them.
const (
	GroupDeclare Group = "declare"
	GroupRun     Group = "run"
	GroupPeople  Group = "people"
	GroupLook    Group = "look"
	GroupTell    Group = "tell"
	GroupRecord  Group = "record"
	GroupCare    Group = "care"
)

// Groups lists the groups in order.
func Groups() []Group {
	return []Group{GroupDeclare, GroupRun, GroupPeople, GroupLook, GroupTell, GroupRecord, GroupCare}
}

// Subject says whether a verb is about an incident.
type Subject uint8

// The subjects.
const (
	NoIncident Subject = iota
	Needed             // it must be known which incident
	IfAny              // the incident of the room or that was named, else the only open one unless a service was named
	ClosedToo          // Needed, and a closed incident will do: without a room or a number, the last one is meant if none is open
)

// Kind is what an argument's words mean.
type Kind uint8

// The kinds of argument.
const (
	Text Kind = iota
	Title
	User
	ServiceName
	SeverityName
	Choice
	Span  // a length of time
	Past  // a moment that has been
	Day   // a day to come
	Other // the number of another incident
	Yes   // a flag without a value
)

// Arg is one argument of a verb.
type Arg struct {
	Name     string
	Kind     Kind
	Flag     bool // given as --name, or in a form, and never by its place alone
	Required bool
	Rest     bool // takes all words that are left
	Phrases  bool // with Rest: what was quoted stays quoted
	Long     bool // may have several lines
	Choices  []string
	Also     []string // further words that are understood and not offered
	Label    string   // in a form, at most 45 characters
	Hint     string   // in a form and in completion, at most 100 characters
	Max      int      // characters at most; 0 for no limit but the parser's
}

// named reports whether the verb goes by that name.
func (v *Verb) named(name string) bool {
	return v.Name == name || slices.Contains(v.Synonyms, name)
}

func (v *Verb) arg(name string) (Arg, bool) {
	i := slices.IndexFunc(v.Args, func(a Arg) bool { return a.Name == name })
	if i < 0 {
		return Arg{}, false
	}
	return v.Args[i], true
}

// rest returns the argument that takes all words that are left.
func (v *Verb) rest() (Arg, bool) {
	i := slices.IndexFunc(v.Args, func(a Arg) bool { return a.Rest })
	if i < 0 {
		return Arg{}, false
	}
	return v.Args[i], true
}

// label is how a form names an argument.
func (a Arg) label() string {
	if a.Label != "" {
		return a.Label
	}
	return strings.ToUpper(a.Name[:1]) + a.Name[1:]
}

// choices are the fixed values of an argument.
func (a Arg) choices() []string {
	switch a.Kind {
	case SeverityName:
		var names []string
		for _, s := range incident.Severities() {
			names = append(names, s.String())
		}
		return names
	case Yes:
		return []string{"yes"}
	}
	return a.Choices
}

// chooses reports whether a word is one of a fixed choice, ignoring case.
func (a Arg) chooses(word string) bool {
	word = strings.ToLower(word)
	return slices.Contains(a.Choices, word) || slices.Contains(a.Also, word)
}

func asker(Args) bool { return true }

// Call is one verb on its way to an answer.
type Call struct {
	Verb    *Verb
	Typed   string // the name that was used
	Args    Args
	In      chat.Inbound
	Actor   incident.Person
	State   incident.State // the incident that it is about; not declared when it is about none
	Counts  map[string]int64
	Guessed bool // the incident was neither named nor implied by the room
	NoForm  bool // --no-form was typed
	Notes   []string

	router   *Router
	quoted   bool            // some of what was typed was in quotes
	other    incident.Number // another incident that was named, and is not the one that the call is about
	clock    clock
	progress func(chat.Message)
}
