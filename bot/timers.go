package bot

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

const (
	timersAtOnce = 256
	lookAgain    = time.Minute // how long the timers sleep at most, in case that a wake-up was missed
)

// runTimers fires what comes due, until ctx ends. A timer that could not be fired stays due, and is fired again.
func (b *Bot) runTimers(ctx context.Context, woken <-chan struct{}) {
	for try := 0; ctx.Err() == nil; {
		n, err := b.fireDue(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			b.log.Warn("timers could not be fired", zap.Error(err))
			try++
			_ = b.deps.Clock.Wait(ctx, b.deps.Clock.Now().Add(backoff(try))) // the loop looks at ctx
		case n < timersAtOnce:
			try = 0
			b.sleepUntilDue(ctx, woken)
		}
	}
}

func (b *Bot) sleepUntilDue(ctx context.Context, woken <-chan struct{}) {
	until := b.deps.Clock.Now().Add(lookAgain)
	if next, ok, err := b.deps.Store.Next(ctx, nil); err == nil && ok && next.Before(until) {
		until = next
	}
	_ = waitOr(ctx, b.deps.Clock, until, woken) // the caller looks at ctx
}

// fireDue fires the timers that are due, and returns how many there were.
func (b *Bot) fireDue(ctx context.Context) (int, error) {
	due, err := b.deps.Store.Due(ctx, nil, b.deps.Clock.Now(), timersAtOnce)
	if err != nil {
		return 0, err
	}
	var g errgroup.Group
	g.SetLimit(32)
	for _, t := range due {
		g.Go(func() error { return b.fire(ctx, t) })
	}
	return len(due), g.Wait()
}

// fire lets the incident decide what a timer means. One that was overtaken is put right. One that cannot be fired though the store works is
// put off, so that it holds up no other.
func (b *Bot) fire(ctx context.Context, t store.Timer) error {
	now := b.deps.Clock.Now()
	cmd := incident.Command{
		Meta:   incident.Meta{At: now, Source: "timer"},
		Intent: incident.Fire{Name: t.Name, Due: t.Due},
	}
	_, err := b.engine.Do(ctx, t.Incident, cmd)
	if refused := (*incident.Refused)(nil); errors.As(err, &refused) {
		err = b.engine.mendTimer(ctx, t.Incident, t.Name)
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	b.log.Error("timer could not be fired; it is put off", zap.String("incident", string(t.Incident)), zap.String("timer", t.Name), zap.Error(err))
	t.Due = now.Add(lookAgain)
	return b.deps.Store.Commit(ctx, store.Commit{Incident: t.Incident, Set: []store.Timer{t}})
}
