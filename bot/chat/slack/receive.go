package slack

import (
	"context"
	"encoding/json"

	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// work is what is to be done for one thing heard, before Slack is told that it arrived.
type work struct {
	calls bool // it asks Slack something, so it must not hold up what comes after it
	do    func(context.Context) error
}

// plan says what is to be done for a payload. Its work's error means that Slack must not be told that it arrived.
func (s *Slack) plan(ctx context.Context, in chat.Intake, kind string, payload []byte) work {
	id, err := s.whoami(ctx)
	if err != nil {
		return work{do: func(context.Context) error { return err }}
	}
	st := stored{Payload: payload, Bot: id.User, Site: id.Site}
	heard, err := s.Decode(s.request(kind, st))
	if err != nil {
		s.log.Warn("slack sent what cannot be read", zap.String("kind", kind), zap.Error(err))
		return work{do: done}
	}
	switch heard.Kind {
	case chat.Nothing:
		return work{do: done}
	case chat.Command:
		plan := in.Plan(ctx, heard)
		if plan.Form != nil {
			return work{calls: true, do: func(ctx context.Context) error { return s.openForm(ctx, payload, heard, *plan.Form) }}
		}
		st.Private = plan.Private
	case chat.Pinned:
		if kind == kindEvent {
			return work{calls: true, do: func(ctx context.Context) error { return s.receivePinned(ctx, in, st, heard) }}
		}
	}
	return work{do: func(ctx context.Context) error { return in.Receive(ctx, s.request(kind, st)) }}
}

func done(context.Context) error { return nil }

// receivePinned stores a reaction together with the message that it was put on, which the event does not carry.
func (s *Slack) receivePinned(ctx context.Context, in chat.Intake, st stored, heard chat.Inbound) error {
	m, err := s.fetch(ctx, bare(heard.Room), string(heard.Message))
	if ops.KindOf(err) == ops.NotFound {
		return nil // deleted meanwhile: there is nothing to put on a timeline
	}
	if err != nil {
		return err
	}
	st.Message = &wireMessage{User: m.User, BotID: m.BotID, Text: m.Text, TS: m.Timestamp, ThreadTS: m.ThreadTimestamp}
	return in.Receive(ctx, s.request(kindEvent, st))
}

func (s *Slack) request(kind string, st stored) chat.Request {
	body, err := json.Marshal(st)
	if err != nil {
		// Only a payload that is no JSON cannot be marshalled; Decode will say so.
		body = st.Payload
	}
	return chat.Request{ID: requestID(kind, st.Payload), Source: Name, Kind: kind, Body: body, At: s.cfg.Now()}
}

// requestID is Slack's own id for what it sent: an envelope's id changes with each delivery, these do not.
func requestID(kind string, payload []byte) string {
	var ids struct {
		EventID   string `json:"event_id"`
		TriggerID string `json:"trigger_id"`
	}
	if json.Unmarshal(payload, &ids) != nil {
		return ""
	}
	if kind == kindEvent {
		return ids.EventID
	}
	return ids.TriggerID
}

// openForm opens a form at once. It cannot be repeated, so a failure is told to the person and not to Slack.
func (s *Slack) openForm(ctx context.Context, payload []byte, heard chat.Inbound, f chat.Form) error {
	view, err := modal(s.cfg.Instance, f, heard.Reply)
	if err == nil {
		_, err = s.api.OpenViewContext(ctx, requestID(kindCommand, payload), view)
		err = fault("slack.views.open", err)
	}
	if err == nil || said(err, "exchanged_trigger_id", "trigger_exchanged") {
		return nil // a second delivery finds the form open
	}
	s.log.Warn("form did not open", zap.String("verb", f.Verb), zap.Error(err))
	excuse := chat.Text("The form did not open. Please try again, or type the command in full.")
	if told := s.Reply(ctx, chat.Reply{To: heard.Reply, Message: excuse, Private: true}); told != nil {
		s.log.Warn("person was not told that the form did not open", zap.Error(told))
	}
	return nil
}

// fatal reports whether err is one that no reconnecting can mend.
func fatal(err error) bool {
	return said(err, "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type", "missing_scope")
}
