package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/redact"
)

var (
	lookedAt = Arg{Name: "service", Kind: ServiceName, Label: "Which service?", Hint: "A service of the catalog; the incident's own when not given"}
	sinceArg = Arg{Name: "since", Kind: Past, Flag: true, Label: "Since when?", Hint: "30m, 2h, 14:05, yesterday 14:05"}
)

func lookVerbs() []*Verb {
	return []*Verb{logsVerb(), metricsVerb(), deploysVerb(), alertsVerb(), whyVerb()}
}

// reply is what one source answered.
type reply[T any] struct {
	source ops.Source
	value  T
	err    error
	done   bool
}

// ask asks all sources at once, each with its own time to answer, and returns when every one has. arrived is called after each
// answer but the last, with what has come so far.
func ask[T any](ctx context.Context, patience time.Duration, sources []ops.Source, one func(context.Context, ops.Source) (T, error), arrived func([]reply[T])) []reply[T] {
	type answer struct {
		i     int
		value T
		err   error
	}
	answers := make(chan answer, len(sources))
	for i, s := range sources {
		go func() {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			v, err := one(ctx, s)
			answers <- answer{i, v, err}
		}()
	}
	replies := make([]reply[T], len(sources))
	for i, s := range sources {
		replies[i].source = s
	}
	for n := range sources {
		a := <-answers
		replies[a.i].value, replies[a.i].err, replies[a.i].done = a.value, a.err, true
		if n < len(sources)-1 {
			arrived(replies)
		}
	}
	return replies
}

// together runs f for each number below n at once, and returns when all have ended.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// offering are the sources that offer something.
func (r *Router) offering(has func(ops.Offer) bool) []ops.Source {
	var out []ops.Source
	for _, s := range r.deps.Set() {
		if has(s.Offer) {
			out = append(out, s)
		}
	}
	return out
}

// asking says what is being asked, while nothing has come yet.
func asking(what string, sources []ops.Source) chat.Message {
	var names []string
	for _, s := range sources {
		names = append(names, s.Name)
	}
	return chat.Text("Asking " + esc(strings.Join(names, ", ")) + " for " + what + "…")
}

// trouble says, for each source that failed, why; and which have not answered yet.
func trouble[T any](c *Call, replies []reply[T]) []chat.Block {
	var lines []string
	for _, r := range replies {
		switch {
		case !r.done:
			lines = append(lines, esc(r.source.Name)+": no answer yet")
		case r.err != nil:
			lines = append(lines, "⚠ "+esc(r.source.Name)+": "+esc(c.why(r.source, r.err)))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return []chat.Block{{Context: strings.Join(lines, " · ")}}
}

// why is what a person may be told of a source's failure.
func (c *Call) why(s ops.Source, err error) string {
	if told := ops.Tell(err); told != "" && ops.KindOf(err) != ops.Internal {
		return told
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer within " + incident.Span(c.router.deps.Patience)
	}
	ref := reference(c.In)
	c.router.deps.Log.Error("a source failed", zap.String("ref", ref), zap.String("source", s.Name), zap.Error(err))
	return "could not be asked (ref " + ref + ")"
}

// allFailed reports whether no source answered.
func allFailed[T any](replies []reply[T]) bool {
	for _, r := range replies {
		if r.err == nil {
			return false
		}
	}
	return true
}

// look is what was asked of a source, for the record.
type look struct {
	verb, source, query, finding, link string
	window                             ops.Window
	result                             any
}

// evidence puts what was looked at on the incident's timeline. A look that cannot be recorded is still shown.
func (c *Call) evidence(ctx context.Context, l look) {
	if !c.State.Declared() {
		return
	}
	service, _ := c.service()
	e := incident.EvidenceRecorded{
		Look: l.verb, Service: service.Name, Source: l.source, Query: chat.Cut(redact.Machine(l.query), 1000), From: l.window.From, To: l.window.To,
		Finding: chat.Cut(redact.Machine(l.finding), 500), Digest: digest(l.result), Link: l.link,
	}
	if err := c.do(ctx, incident.RecordEvidence{EvidenceRecorded: e}, l.verb, l.source); err != nil {
		ref := reference(c.In)
		c.router.deps.Log.Error("evidence was not recorded", zap.String("ref", ref), zap.String("source", l.source), zap.Error(err))
		c.note("This could not be put on the timeline (ref %s).", ref)
	}
}

// digest is the SHA-256 of a result, by which one can tell later that it was this one.
func digest(result any) string {
	data, err := json.Marshal(result)
	if err != nil {
		data = []byte(err.Error())
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// window is from what was asked for, else from the fallback, to now.
func (c *Call) window(fallback time.Time) ops.Window {
	from := fallback
	if c.Args.Has("since") {
		from = c.Args.at("since")
	}
	if !from.Before(c.clock.now) {
		from = c.clock.now.Add(-time.Minute)
		c.note("A window needs a length; took the last minute.")
	}
	return ops.Window{From: from, To: c.clock.now}
}

// subject is the service that is looked at; without one, what to type.
func (c *Call) subject() (ops.Service, error) {
	s, ok := c.service()
	if ok {
		return s, nil
	}
	return s, improper("Which service? Type `%s %s checkout`, with a service of yours. %s", c.router.deps.Root, c.Verb.Name, c.router.nearService(""))
}

func noSource(of string) error {
	return improper("No source of %s is configured. Add one under `integrations` in the configuration.", of)
}
