package handlers

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/templates"
)

// Deps is what the verbs work with. All but Access, Zone, Platforms, Instance and Log must be set.
type Deps struct {
	Engine    Engine
	Catalog   func() ops.Catalog
	Set       func() ops.Set
	Templates *templates.Set
	Access    Access
	Root      string         // the command, "/inc"
	Instance  string         // the name of the installation, shown by help; may be empty
	Zone      *time.Location // for times of people whose own zone is not known; nil is UTC
	Platforms []string       // where rooms are opened when a triage is accepted
	Now       func() time.Time
	Log       *zap.Logger
	Patience  time.Duration // how long each source may take to answer; 0 means 10 s
}

// Router finds out what a person asks for, and has it done. It may be used concurrently.
type Router struct {
	deps  Deps
	verbs []*Verb
}

// New makes a router with all verbs.
func New(d Deps) *Router {
	if d.Zone == nil {
		d.Zone = time.UTC
	}
	if d.Log == nil {
		d.Log = zap.NewNop()
	}
	if d.Patience == 0 {
		d.Patience = 10 * time.Second
	}
	if d.Root == "" {
		d.Root = "/inc"
	}
	return &Router{deps: d, verbs: allVerbs()}
}

// Verbs returns all verbs, those of one group together, in the order of Groups. They must not be changed.
func (r *Router) Verbs() []*Verb { return r.verbs }

// Handle carries out what a person asked for and returns the answer. What goes wrong is told in the answer, to the asker alone.
// progress, which may be nil, is given what is known so far while the answer is awaited; the answer then takes its place.
func (r *Router) Handle(ctx context.Context, in chat.Inbound, progress func(chat.Message)) Answer {
	c, err := r.prepare(ctx, in)
	if err != nil {
		return r.refusal(in, err)
	}
	if missing := c.missing(); len(missing) > 0 {
		return r.refusal(in, improper("%s Usage: `%s`", needs(missing), r.usage(c.Verb)))
	}
	c.progress = progress
	if progress == nil {
		c.progress = func(chat.Message) {}
	}
	a, err := c.Verb.Run(ctx, c)
	if err != nil {
		return r.refusal(in, err)
	}
	a.Private = a.Private || c.private()
	a.Message = c.finish(a.Message)
	return a
}

func needs(missing []Arg) string {
	var names []string
	for _, a := range missing {
		names = append(names, a.Name)
	}
	return "Still needed: " + strings.Join(names, ", ") + "."
}

// prepare reads a command, finds the incident that it is about, and checks who asks.
func (r *Router) prepare(ctx context.Context, in chat.Inbound) (*Call, error) {
	if in.User.ID == "" {
		return nil, improper("%s did not say who you are, so sitrep can do nothing for you here.", in.Platform)
	}
	name, number, words := verbOf(split(in.Text))
	if name == "" && number != 0 {
		name = "info"
	}
	if name == "" {
		name = "help"
	}
	v, ok := r.verb(name)
	if !ok {
		return nil, r.unknown(name)
	}
	c := &Call{Verb: v, Typed: name, In: in, Actor: r.Person(in.Platform, in.User), Args: Args{values: make(map[string]value)}, router: r}
	c.clock = r.clockOf(in)
	t, err := v.sort(words, number, c.clock)
	if err != nil {
		return nil, err
	}
	c.named(&t)
	c.NoForm = t.noForm
	for _, a := range v.Args {
		if a.Kind == Other {
			c.other, _ = numberOf(t.given[a.Name])
		}
	}
	if v.Subject == Needed || v.Subject == ClosedToo {
		if err := c.find(ctx, t.number); err != nil {
			return nil, err
		}
	}
	if err := c.bind(t); err != nil {
		return nil, err
	}
	if v.Subject == IfAny {
		if err := c.find(ctx, t.number); err != nil {
			return nil, err
		}
	}
	if v.Settle != nil {
		if err := v.Settle(c); err != nil {
			return nil, err
		}
	}
	return c, r.allow(c)
}

// clockOf is the clock by which a person reads times: in their own zone where the directory has it.
func (r *Router) clockOf(in chat.Inbound) clock {
	c := clock{now: r.deps.Now(), zone: r.deps.Zone}
	if p, ok := r.deps.Catalog().Account(in.Platform, string(in.User.ID)); ok && p.Timezone != "" {
		if zone, err := time.LoadLocation(p.Timezone); err == nil {
			c.zone = zone
		}
	}
	return c
}

// private reports whether the answer is for the asker alone. What is private stays so outside its room.
func (c *Call) private() bool {
	if c.Verb.Private != nil && c.Verb.Private(c.Args) {
		return true
	}
	return c.secret()
}

// secret reports whether the answer must not be seen by others, whatever the verb: the incident is private, and this is not its room.
func (c *Call) secret() bool {
	return c.State.Private && !c.inItsRoom() || c.Args.Has("private")
}

// finish adds what was taken for granted to an answer.
func (c *Call) finish(m chat.Message) chat.Message {
	notes := c.Notes
	if c.Guessed && c.State.Declared() {
		notes = append([]string{fmt.Sprintf("Meant %s %s, %s.", c.State.Number, c.State.Title, c.guess())}, notes...)
	}
	if len(notes) > 0 {
		m.Blocks = append(m.Blocks, chat.Block{Context: chat.Escape(strings.Join(notes, " "))})
	}
	return m
}

func (c *Call) guess() string {
	if c.Verb.Subject == ClosedToo && !c.State.Open() {
		return "the last incident"
	}
	return "the only open incident"
}

// do carries out a command on the call's incident. A call that gives several commands tells them apart by suffix.
func (c *Call) do(ctx context.Context, intent incident.Intent, suffix ...string) error {
	s, err := c.on(ctx, c.State.ID, intent, suffix...)
	if err == nil {
		c.State = s
	}
	return err
}

func (c *Call) on(ctx context.Context, id incident.ID, intent incident.Intent, suffix ...string) (incident.State, error) {
	return c.router.deps.Engine.Do(ctx, id, incident.Command{Meta: c.meta(suffix...), Intent: intent})
}

func (c *Call) meta(suffix ...string) incident.Meta {
	m := incident.Meta{At: c.In.At, Actor: c.Actor, Source: c.In.Platform, Room: string(c.In.Room), Request: c.In.Request, Permalink: c.In.Permalink}
	if m.At.IsZero() {
		m.At = c.clock.now
	}
	if m.Request != "" && len(suffix) > 0 {
		m.Request += "/" + strings.Join(suffix, "/")
	}
	return m
}

// refusal is the answer to what was not done. Faults of our own are told by a reference, under which the log has the cause.
func (r *Router) refusal(in chat.Inbound, err error) Answer {
	var refused *incident.Refused
	var ask *question
	switch {
	case errors.As(err, &ask):
		return Answer{Message: ask.message, Private: true}
	case errors.As(err, &refused):
		return Answer{Message: chat.Text(refused.Msg), Private: true}
	}
	if told := ops.Tell(err); told != "" && ops.KindOf(err) != ops.Internal {
		return Answer{Message: chat.Text(chat.Escape(told)), Private: true}
	}
	ref := reference(in)
	r.deps.Log.Error("a command failed", zap.String("ref", ref), zap.String("platform", in.Platform), zap.String("request", in.Request), zap.Error(err))
	return Answer{Message: chat.Text("sitrep could not do that (ref " + ref + "). Whoever runs it finds the cause under that reference in its log."), Private: true}
}

// reference is short enough to be read out, and the same when a request is handled again.
func reference(in chat.Inbound) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(in.Request + in.Text + in.At.String()))
	return fmt.Sprintf("%04x", h.Sum32()&0xffff)
}

// question is an error that asks something back.
type question struct{ message chat.Message }

func (q *question) Error() string { return q.message.Plain() }
