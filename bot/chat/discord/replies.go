package discord

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// messageToken begins the token of an answer to a message, which has none of Discord's.
const messageToken = "m/"

// Reply answers a command. The first answer to an interaction fills in what was promised when it was acknowledged; one under another key
// follows it. A mention is answered beneath it, and privately by a direct message.
func (d *Discord) Reply(ctx context.Context, r chat.Reply) error {
	if r.To.Token == "" {
		return &ops.Error{Op: "discord.Reply", Kind: ops.NotFound, Msg: "There is nothing to answer."}
	}
	body, files, err := render(r.Message, d.cfg.Instance, r.Key)
	if err != nil {
		return err
	}
	body.Attachments = attachments(files)
	if id, ok := strings.CutPrefix(r.To.Token, messageToken); ok {
		return d.replyMessage(ctx, r, id, body, files)
	}
	return d.replyInteraction(ctx, r, body, files)
}

// PublishHome does nothing: Discord has no home page of a bot.
func (d *Discord) PublishHome(context.Context, chat.UserID, chat.Message) error { return nil }

func (d *Discord) replyMessage(ctx context.Context, r chat.Reply, asked string, body payload, files []file) error {
	const op = "discord.Reply"
	at := place{room: string(r.To.Room), thread: string(r.To.Thread)}
	body.Reference = &reference{MessageID: asked}
	if r.Private {
		direct, err := d.Direct(ctx, r.To.User)
		if err != nil {
			return err
		}
		at, body.Reference = place{room: string(direct)}, nil
	}
	m, err := d.find(ctx, op, at, r.Key, snowflakeTime(asked))
	if err == nil {
		body.Reference, body.Attachments = nil, replaced(files)
		path := "channels/" + at.channel() + "/messages/" + m.ID
		return d.do(ctx, request{op: op, method: http.MethodPatch, path: path, body: body, files: files}, nil)
	}
	if ops.KindOf(err) != ops.NotFound {
		return err
	}
	body.Nonce, body.EnforceNonce = nonce(d.cfg.Instance, r.Key), true
	_, err = d.send(ctx, op, at, body, files)
	return err
}

// replaced lists the files of an edited message: those that it had before go.
func replaced(files []file) []attachment { return append([]attachment{}, attachments(files)...) }

const (
	ackTries = 10
	ackPause = 150 * time.Millisecond
)

func (d *Discord) replyInteraction(ctx context.Context, r chat.Reply, body payload, files []file) error {
	const op = "discord.Reply"
	hook := "webhooks/" + d.cfg.ApplicationID + "/" + r.To.Token
	d.acks.wait(ctx, r.To.Token)
	first, err := d.original(ctx, r.To, hook)
	if err != nil {
		return err
	}
	target := "@original"
	if first.Flags&flagLoading == 0 && !first.marked(markURL(d.cfg.Instance, r.Key)) {
		target, err = d.follower(ctx, r)
		if err != nil {
			return err
		}
	}
	if target != "" {
		body.Attachments = replaced(files)
		return d.do(ctx, request{op: op, method: http.MethodPatch, path: hook + "/messages/" + target, body: body, files: files}, nil)
	}
	if r.Private || r.To.Private {
		body.Flags = flagEphemeral
	}
	var m message
	if err := d.do(ctx, request{op: op, method: http.MethodPost, path: hook + "?wait=true", body: body, files: files}, &m); err != nil {
		return err
	}
	d.answers.keep(r, m.ID)
	return nil
}

// original returns the message that the acknowledgement promised. Discord may know of it a moment after it was sent.
func (d *Discord) original(ctx context.Context, to chat.ReplyTo, hook string) (message, error) {
	asked := to.Expires.Add(-tokenLife)
	for try := 1; ; try++ {
		var m message
		err := d.do(ctx, request{op: "discord.Reply", method: http.MethodGet, path: hook + "/messages/@original"}, &m)
		young := d.cfg.Now().Sub(asked).Abs() < 5*time.Second
		if err == nil || ops.KindOf(err) != ops.NotFound || !young || try == ackTries || ctx.Err() != nil {
			return m, err
		}
		pause(ctx, ackPause)
	}
}

// follower returns the id of the answer that was given under this key after the first one, and nothing when there was none. A
// private one is known to this process alone.
func (d *Discord) follower(ctx context.Context, r chat.Reply) (string, error) {
	if id := d.answers.id(r); id != "" {
		return id, nil
	}
	if r.Private || r.To.Private {
		return "", nil
	}
	at := place{room: string(r.To.Room), thread: string(r.To.Thread)}
	m, err := d.find(ctx, "discord.Reply", at, r.Key, r.To.Expires.Add(-tokenLife))
	if err != nil && (ops.KindOf(err) == ops.NotFound || ops.KindOf(err) == ops.Denied) {
		return "", nil
	}
	return m.ID, err
}

// answers remembers the latest further answers. Its zero value is ready.
type answers struct {
	mu   sync.Mutex
	byID map[string]string
}

const answersMax = 1000

func (a *answers) keep(r chat.Reply, id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byID == nil || len(a.byID) >= answersMax {
		a.byID = map[string]string{}
	}
	a.byID[r.To.Token+" "+string(r.Key)] = id
}

func (a *answers) id(r chat.Reply) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.byID[r.To.Token+" "+string(r.Key)]
}
