package discord

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"sitrep/bot/chat"
)

// Discord waits three seconds for an answer.
const answerTimeout = 2500 * time.Millisecond

// interact says how an interaction is to be answered at once. What needs work is stored first, and only then acknowledged.
func (d *Discord) interact(ctx context.Context, in chat.Intake, raw []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var i interaction
	if err := json.Unmarshal(raw, &i); err != nil {
		return answer{}, invalid("discord.interact", "The body is no interaction.")
	}
	if i.Type == askPing {
		return answer{Type: answerPong}, nil
	}
	r := chat.Request{ID: i.ID, Source: Name, Kind: kindInteraction, Body: raw, At: d.cfg.Now()}
	asked, err := d.Decode(r)
	if err != nil {
		return answer{}, err
	}
	switch {
	case i.GuildID != "" && i.GuildID != d.cfg.GuildID:
		return aside("This bot serves another server."), nil
	case i.Type == askComplete:
		return d.complete(ctx, in, i, asked), nil
	case asked.Kind == chat.Nothing:
		return aside("This belongs to another bot, or to an older version of this one."), nil
	}
	return d.accept(ctx, in, r, asked), nil
}

func (d *Discord) accept(ctx context.Context, in chat.Intake, r chat.Request, asked chat.Inbound) answer {
	plan := chat.Plan{Private: true}
	if asked.Kind == chat.Command {
		plan = in.Plan(ctx, asked)
	}
	if plan.Form != nil {
		form, err := renderForm(*plan.Form, d.cfg.Instance)
		if err != nil {
			return aside("That is too long to open a form for: type a shorter command, and the rest into the form.")
		}
		return form
	}
	if plan.Private {
		r.Header = map[string]string{private: "1"}
	}
	if asked.Reply.Token != "" {
		d.acks.expect(asked.Reply.Token)
	}
	if err := in.Receive(ctx, r); err != nil {
		d.log.Error("an interaction could not be stored", zap.String("request", r.ID), zap.Error(err))
		return aside("sitrep cannot take that down just now, and has not done it. Try again in a moment.")
	}
	switch {
	case asked.Kind == chat.Pinned:
		return aside("📌 Noted for the timeline.")
	case plan.Private:
		return answer{Type: answerDeferred, Data: map[string]any{"flags": flagEphemeral}}
	}
	return answer{Type: answerDeferred}
}

// aside answers at once, to the asker alone.
func aside(text string) answer {
	return answer{Type: answerMessage, Data: map[string]any{
		"content": text, "flags": flagEphemeral, "allowed_mentions": mentions{Parse: []string{}},
	}}
}

// hearInteraction takes an interaction that came over the gateway, and returns how to acknowledge it.
func (d *Discord) hearInteraction(ctx context.Context, in chat.Intake, raw json.RawMessage) (func(context.Context) error, error) {
	a, err := d.interact(ctx, in, raw)
	if err != nil {
		return nil, err
	}
	var i interaction
	if err := json.Unmarshal(raw, &i); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		defer d.acks.done(i.Token)
		path := "interactions/" + i.ID + "/" + i.Token + "/callback"
		err := d.do(ctx, request{op: "discord.answer", method: http.MethodPost, path: path, body: a}, nil)
		if hasCode(err, alreadyAcknowledged) {
			return nil
		}
		return err
	}, nil
}

// acks knows the interactions whose acknowledgement is under way, for an answer must not overtake it. Its zero value is ready.
type acks struct {
	mu      sync.Mutex
	pending map[string]chan struct{}
}

func (a *acks) expect(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pending == nil {
		a.pending = map[string]chan struct{}{}
	}
	if a.pending[token] == nil {
		a.pending[token] = make(chan struct{})
	}
}

func (a *acks) done(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.pending[token]; c != nil {
		close(c)
		delete(a.pending, token)
	}
}

func (a *acks) wait(ctx context.Context, token string) {
	a.mu.Lock()
	c := a.pending[token]
	a.mu.Unlock()
	if c == nil {
		return
	}
	select {
	case <-c:
	case <-ctx.Done():
	}
}
