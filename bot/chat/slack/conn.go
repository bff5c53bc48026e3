package slack

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	api "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// maxPause is the longest pause between two attempts to connect: Slack being back should not go unnoticed for minutes.
const maxPause = 20 * time.Second

// maxAsking is how many things heard may be asking Slack something at once.
const maxAsking = 16

// maxFrame is far above what Slack sends, and keeps a frame from taking all memory.
const maxFrame = 4 << 20

// Run holds the connection until ctx ends.
func (s *Slack) Run(ctx context.Context, in chat.Intake) error {
	defer s.http.CloseIdleConnections()
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 200*time.Millisecond, maxPause
	for ctx.Err() == nil {
		began := time.Now()
		err := s.connect(ctx, in)
		if ctx.Err() != nil {
			return nil
		}
		if fatal(err) {
			return err
		}
		if time.Since(began) > maxPause {
			pause.Reset()
		}
		wait := max(pause.NextBackOff(), retryAfter(err))
		s.log.Warn("slack connection lost", zap.Error(err), zap.Duration("again_in", wait))
		rest(ctx, wait)
	}
	return nil
}

func retryAfter(err error) time.Duration {
	var e *ops.Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// rest waits for d or for ctx, and reports whether d passed.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Slack) connect(ctx context.Context, in chat.Intake) error {
	if _, err := s.whoami(ctx); err != nil {
		return err
	}
	if s.cfg.Mode == HTTP {
		s.serving.during(ctx, in)
		return nil
	}
	return s.listen(ctx, in)
}

// listen runs one Socket Mode client until it gives up, which it does when a reconnect fails.
func (s *Slack) listen(ctx context.Context, in chat.Intake) error {
	ctx, cancel := context.WithCancel(ctx)
	client := socketmode.New(s.api, socketmode.OptionReadLimit(maxFrame))
	ear := &ear{Slack: s, client: client, in: in, asking: make(chan struct{}, maxAsking)}
	var heard sync.WaitGroup
	heard.Go(func() { ear.hear(ctx, cancel) })
	err := client.RunContext(ctx)
	cancel()
	heard.Wait()
	ear.wg.Wait()
	if ear.err != nil {
		err = ear.err
	}
	return fault("slack.apps.connections.open", err)
}

// ear hears what one client brings. What it hears is stored in the order in which it came.
type ear struct {
	*Slack
	client *socketmode.Client
	in     chat.Intake
	wg     sync.WaitGroup
	asking chan struct{}
	err    error // why the client could not connect; read after hear has returned
}

func (e *ear) hear(ctx context.Context, cancel context.CancelFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case evt := <-e.client.Events:
			if !e.take(ctx, evt) {
				cancel()
				return
			}
		}
	}
}

// take returns false when the client is of no more use.
func (e *ear) take(ctx context.Context, evt socketmode.Event) bool {
	switch evt.Type {
	case socketmode.EventTypeEventsAPI:
		e.handle(ctx, kindEvent, evt)
	case socketmode.EventTypeSlashCommand:
		e.handle(ctx, kindCommand, evt)
	case socketmode.EventTypeInteractive:
		e.handle(ctx, kindInteraction, evt)
	case socketmode.EventTypeConnected:
		e.log.Info("connected to slack")
	case socketmode.EventTypeConnectionError:
		// Left alone, the client would pause up to five minutes between attempts: Run's own pauses are shorter.
		if failed, ok := evt.Data.(*api.ConnectionErrorEvent); ok {
			e.err = fault("slack.apps.connections.open", failed.ErrorObj)
		}
		return false
	case socketmode.EventTypeErrorBadMessage:
		if bad, ok := evt.Data.(*socketmode.ErrorBadMessage); ok {
			e.log.Warn("slack sent what the client cannot read", zap.Error(bad.Cause))
		}
	}
	return true
}

func (e *ear) handle(ctx context.Context, kind string, evt socketmode.Event) {
	if evt.Request == nil {
		return
	}
	w := e.plan(ctx, e.in, kind, evt.Request.Payload)
	finish := func() {
		if err := w.do(ctx); err != nil {
			e.log.Warn("not stored, slack is not told that it arrived", zap.String("kind", kind), zap.Error(err))
			return
		}
		if err := e.client.AckCtx(ctx, evt.Request.EnvelopeID, nil); err != nil {
			e.log.Warn("slack is not told that it arrived", zap.String("kind", kind), zap.Error(err))
		}
	}
	if !w.calls {
		finish()
		return
	}
	select {
	case e.asking <- struct{}{}:
	case <-ctx.Done():
		return
	}
	e.wg.Go(func() {
		defer func() { <-e.asking }()
		finish()
	})
}
