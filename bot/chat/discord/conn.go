package discord

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

const (
	// Discord takes away the token of a bot that begins a thousand sessions in a day.
	firstWait, longestWait = time.Second / 4, 2 * time.Minute
	hearTimeout            = 15 * time.Second
)

// Run registers the commands and holds the connection until ctx ends. What was heard before is still handed in.
func (d *Discord) Run(ctx context.Context, in chat.Intake) error {
	d.in.Store(&intake{in})
	defer d.in.Store(nil)
	defer d.transport.CloseIdleConnections()
	var work sync.WaitGroup
	defer work.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work.Go(func() { d.keepRegistered(ctx) })

	wait := firstWait
	for ctx.Err() == nil {
		began := time.Now()
		err := d.hold(ctx, in)
		if ctx.Err() != nil {
			break
		}
		if permanent(err) {
			return err
		}
		d.log.Warn("the connection is made anew", zap.Error(err))
		if time.Since(began) > longestWait {
			wait = firstWait
		}
		pause(ctx, wait)
		wait = min(2*wait, longestWait)
	}
	return nil
}

func (d *Discord) keepRegistered(ctx context.Context) {
	for wait := firstWait; ctx.Err() == nil; wait = min(2*wait, longestWait) {
		err := d.register(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		if permanent(err) {
			d.log.Error("the slash commands are not registered", zap.Error(err))
			return
		}
		d.log.Warn("the slash commands are not registered yet", zap.Error(err))
		pause(ctx, wait)
	}
}

// hold makes one session and brings its connection back for as long as Discord resumes it. It returns why the session must
// be replaced.
func (d *Discord) hold(ctx context.Context, in chat.Intake) error {
	self, err := d.me(ctx)
	if err != nil {
		return err
	}
	l := d.newLink(ctx, in, self)
	defer l.end()
	for wait := time.Duration(0); ; wait = min(max(2*wait, firstWait), longestWait) {
		began := time.Now()
		if err := l.open(ctx); err != nil {
			return err
		}
		if err := l.watch(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		if time.Since(began) > longestWait {
			wait = 0
		}
		d.log.Info("the connection was cut and is resumed", zap.Duration("in", wait))
		pause(ctx, wait)
	}
}

// link is one session of discordgo with what is needed to judge it from outside, because its own locks may be held for ever.
type link struct {
	d       *Discord
	session *discordgo.Session
	conns   *conns
	down    chan struct{} // a connection was closed
	heard   clock         // the last dispatch
	ready   clock         // READY or RESUMED on this connection
	opened  time.Time
	stuck   bool // a call into the session did not return
	lanes   lanes
}

func (d *Discord) newLink(ctx context.Context, in chat.Intake, self string) *link {
	l := &link{d: d, conns: newConns(ctx), down: make(chan struct{}, 1)}
	l.session = newSession(d.cfg, l.conns.bind(d.transport))
	// Handlers run in the order of events; they only queue.
	l.session.SyncEvents = true
	l.session.Dialer = &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: d.cfg.OpenTimeout, NetDialContext: l.conns.dial}
	l.session.Identify.Intents = discordgo.IntentGuilds | discordgo.IntentGuildMembers | discordgo.IntentGuildMessages |
		discordgo.IntentGuildMessageReactions | discordgo.IntentDirectMessages | discordgo.IntentMessageContent
	l.session.AddHandler(func(*discordgo.Session, *discordgo.Disconnect) {
		select {
		case l.down <- struct{}{}:
		default:
		}
	})
	l.session.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) { l.event(ctx, in, self, e) })
	return l
}

func (l *link) event(ctx context.Context, in chat.Intake, self string, e *discordgo.Event) {
	l.heard.touch()
	if e.Type == "READY" || e.Type == "RESUMED" {
		l.ready.touch()
		l.d.log.Info("connected", zap.String("by", e.Type))
	}
	var at struct {
		Channel string `json:"channel_id"`
		ID      string `json:"id"`
	}
	if json.Unmarshal(e.RawData, &at) != nil {
		return
	}
	if at.Channel == "" {
		at.Channel = at.ID
	}
	// What is done in one channel is handed in as it was done.
	l.lanes.add(at.Channel, func() {
		ctx, cancel := l.handling(ctx)
		defer cancel()
		then, err := l.d.hear(ctx, in, self, e.Type, e.RawData)
		if err != nil {
			l.d.log.Error("an event was lost", zap.String("type", e.Type), zap.Error(err))
		}
		if then != nil {
			l.acknowledge(ctx, then)
		}
	})
}

// acknowledge holds nothing up that comes after.
func (l *link) acknowledge(ctx context.Context, then func(context.Context) error) {
	l.lanes.beside(func() {
		ctx, cancel := l.handling(ctx)
		defer cancel()
		if err := then(ctx); err != nil {
			l.d.log.Warn("an interaction was not acknowledged", zap.Error(err))
		}
	})
}

// handling outlives the end of the process's context: what has been heard is still handed in.
func (l *link) handling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), hearTimeout)
}

var errStuck = &ops.Error{Op: "discord.Run", Kind: ops.Unavailable, Msg: "Discord's gateway did not become ready in time."}

// open connects. When discordgo's Open does not return (it does not when the gateway's first word is to reconnect), the
// goroutine in it is given up with the session: its connection is closed, and nothing can unlock it.
func (l *link) open(ctx context.Context) error {
	drain(l.down)
	l.ready.clear()
	opened := make(chan error, 1)
	go func() { opened <- l.session.Open() }()
	timeout := time.NewTimer(l.d.cfg.OpenTimeout)
	defer timeout.Stop()
	select {
	case err := <-opened:
		l.opened = time.Now()
		l.heard.touch()
		return refused(err)
	case <-timeout.C:
		l.stuck = true
		return errStuck
	case <-ctx.Done():
		l.conns.cut()
		select {
		case <-opened: //nolint:errcheck // it was cut off just now, and says so
		case <-time.After(l.d.cfg.OpenTimeout):
			l.stuck = true
		}
		return nil
	}
}

// refused tells what no reconnecting can mend (https://discord.com/developers/docs/topics/opcodes-and-status-codes).
func refused(err error) error {
	var closed *websocket.CloseError
	if err == nil {
		return nil
	}
	if !errors.As(err, &closed) {
		return &ops.Error{Op: "discord.Run", Kind: ops.Unavailable, Msg: "Discord's gateway cannot be reached.", Err: classify(request{op: "GET /gateway"}, err)}
	}
	e := &ops.Error{Op: "discord.Run", Kind: ops.Unavailable, Msg: "Discord's gateway closed the connection.", Err: closed}
	switch closed.Code {
	case 4004:
		e.Kind, e.Msg = ops.Denied, "Discord refuses the bot's token."
	case 4013, 4014:
		e.Kind, e.Msg = ops.Denied, "Discord refuses the intents: switch on “Server Members Intent” and “Message Content Intent” under “Bot” in the developer portal."
	}
	return e
}

var errDeaf = &ops.Error{Op: "discord.Run", Kind: ops.Unavailable, Msg: "Discord's gateway fell silent."}

// watch returns nil when the connection was closed and may be resumed, and an error when the session must be replaced. It takes
// no lock of the session's. A session that still answers heartbeats but dispatches nothing is found by asking for our own
// member, which the gateway answers with a dispatch.
func (l *link) watch(ctx context.Context) error {
	tick := time.NewTicker(l.d.cfg.Silence / 6)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.down:
			return nil
		case now := <-tick.C:
			if !l.ready.isSet() && now.Sub(l.opened) > l.d.cfg.OpenTimeout {
				return errStuck
			}
			silent := now.Sub(l.heard.at())
			if silent > l.d.cfg.Silence {
				return errDeaf
			}
			if silent > l.d.cfg.Silence/3 {
				go l.probe()
			}
		}
	}
}

// probe may hang on the session's lock; it ends with the session, or is given up with it.
func (l *link) probe() {
	self, err := l.d.me(l.conns.ctx)
	if err == nil {
		err = l.session.RequestGuildMembersList(l.d.cfg.GuildID, []string{self}, 0, "", false)
	}
	if err != nil {
		l.d.log.Debug("the connection could not be probed", zap.Error(err))
	}
}

// end closes the session and waits for what it has started, unless it is stuck.
func (l *link) end() {
	if !l.stuck {
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			if err := l.session.Close(); err != nil {
				l.d.log.Debug("the session did not close well", zap.Error(err))
			}
		}()
		select {
		case <-closed:
		case <-time.After(5 * time.Second):
		}
	}
	l.conns.cut()
	l.lanes.wait()
}

func drain(c chan struct{}) {
	select {
	case <-c:
	default:
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
