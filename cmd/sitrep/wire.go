package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"

	"sitrep/bot"
	"sitrep/bot/chat"
	"sitrep/bot/chat/console"
	"sitrep/bot/chat/discord"
	"sitrep/bot/chat/slack"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/store"
	"sitrep/handlers"
	"sitrep/handlers/webhook"
	"sitrep/templates"
)

// app is a whole sitrep, put together. It is the one place where every part is known.
type app struct {
	log   *zap.Logger
	clock bot.Clock
	store store.Store
	bot   *bot.Bot
	http  *webhook.Server
	l     net.Listener
	live  atomic.Pointer[live]
}

// live is what a reload replaces: the configuration and the verbs that go by it.
type live struct {
	*installation
	router *handlers.Router
}

// assemble opens the store and puts everything together around a listener, which run closes. It connects to nothing. close releases the store.
func assemble(cfg Config, l net.Listener, clock bot.Clock, log *zap.Logger) (*app, error) {
	in, err := install(cfg, clock.Now, log)
	if err != nil {
		return nil, err
	}
	st, err := openStore(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	a := &app{log: log, clock: clock, store: st, l: l}
	if err := a.build(in); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return a, nil
}

func (a *app) build(in *installation) error {
	specs := handlers.New(handlers.Deps{Templates: in.texts}).Specs()
	platforms, err := platforms(in.config, specs, a.store, a.clock.Now, a.log)
	if err != nil {
		return err
	}
	a.live.Store(&live{installation: in})
	a.bot = bot.New(bot.Deps{
		Store: a.store, Clock: a.clock, Platforms: platforms, Log: a.log.Named("bot"),
		Settings: func() *bot.Settings { return &a.live.Load().settings },
		Catalog:  func() ops.Catalog { return a.live.Load().catalog },
		Sources:  func() ops.Set { return a.live.Load().sources },
		Texts:    func() *templates.Set { return a.live.Load().texts },
	})
	a.bot.SetHandler(verbs{a})
	a.use(in)
	a.http = webhook.New(webhook.Config{
		Sources: func() ops.Set { return a.live.Load().sources }, Routes: routes(platforms), Inbox: intake{a.bot.Inbox()},
		Ready: a.bot.Ready, Registry: a.metrics(), Now: a.clock.Now, Log: a.log.Named("http"),
	})
	return nil
}

// use puts a configuration in force.
func (a *app) use(in *installation) {
	a.live.Store(&live{installation: in, router: handlers.New(handlers.Deps{
		Engine: a.bot.Engine(), Catalog: func() ops.Catalog { return in.catalog }, Set: func() ops.Set { return in.sources },
		Templates: in.texts, Access: in.access, Root: "/" + in.config.Command.Name, Instance: in.config.Instance,
		Zone: in.zone, Platforms: in.settings.RoomPlatforms, Now: a.clock.Now, Log: a.log.Named("verbs"),
	})})
}

// reload puts a new configuration in force, all of it or nothing. What is opened once, at start, is not touched.
func (a *app) reload(path string) error {
	cfg, err := readConfig(path)
	if err != nil {
		return err
	}
	in, err := install(cfg, a.clock.Now, a.log)
	if err != nil {
		return err
	}
	a.use(in)
	return nil
}

// run works until ctx ends. On a store that several can open it first makes sure that no other sitrep works on it.
func (a *app) run(ctx context.Context) error {
	if !a.live.Load().config.inRedis() {
		return a.work(ctx)
	}
	err := sole{leases: a.store, owner: ulid.Make().String(), ttl: leaseTTL}.run(ctx, a.work)
	_ = a.l.Close() // closed already, unless the work never began
	return err
}

func (a *app) work(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.bot.Run(ctx) })
	g.Go(func() error { return a.http.Run(ctx, a.l) })
	if !a.live.Load().config.inRedis() {
		g.Go(func() error { return a.runControl(ctx) })
	}
	return g.Wait()
}

// close releases the store.
func (a *app) close() error { return a.store.Close() }

// verbs is the handler that the bot is given: always that of the configuration in force.
type verbs struct{ *app }

func (v verbs) Plan(ctx context.Context, in chat.Inbound) chat.Plan {
	return v.live.Load().router.Plan(ctx, in)
}

func (v verbs) Complete(ctx context.Context, in chat.Inbound, option, word string) []chat.Choice {
	return v.live.Load().router.Complete(ctx, in, option, word)
}

func (v verbs) Handle(ctx context.Context, in chat.Inbound, progress func(chat.Message)) (chat.Message, bool) {
	answer := v.live.Load().router.Handle(ctx, in, progress)
	return answer.Message, answer.Private
}

func (v verbs) Home(ctx context.Context, platform string, user chat.User) chat.Message {
	return v.live.Load().router.Home(ctx, chat.Inbound{Kind: chat.HomeOpened, Platform: platform, User: user, At: v.clock.Now()})
}

func (v verbs) Person(platform string, user chat.User) incident.Person {
	return v.live.Load().router.Person(platform, user)
}

// intake lets webhooks into the inbox.
type intake struct{ chat.Intake }

func (i intake) Receive(ctx context.Context, r webhook.Request) error {
	header := make(map[string]string, len(r.Header))
	for name := range r.Header {
		header[name] = r.Header.Get(name)
	}
	return i.Intake.Receive(ctx, chat.Request{ID: r.ID, Source: r.Source, Header: header, Body: r.Body, At: r.At})
}

// platforms makes the chat platforms that are configured. None is connected yet.
func platforms(cfg Config, specs []chat.CommandSpec, keep console.Keeper, now func() time.Time, log *zap.Logger) ([]chat.Platform, error) {
	var ps []chat.Platform
	if cfg.Slack.BotToken.Reveal() != "" {
		c := cfg.slack()
		c.Now = now
		p, err := slack.New(c, log.Named("slack"))
		if err != nil {
			return nil, fmt.Errorf("slack: %w", err)
		}
		ps = append(ps, p)
	}
	if cfg.Discord.Token.Reveal() != "" {
		c := cfg.discord(specs)
		c.Now = now
		p, err := discord.New(c, log.Named("discord"))
		if err != nil {
			return nil, fmt.Errorf("discord: %w", err)
		}
		ps = append(ps, p)
	}
	if cfg.Console.Enabled {
		p, err := console.New(cfg.console(now), keep, log.Named("console"))
		if err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
		ps = append(ps, p)
	}
	return ps, nil
}

func (c Config) slack() slack.Config {
	return slack.Config{
		BotToken: c.Slack.BotToken.Reveal(), AppToken: c.Slack.AppToken.Reveal(), SigningSecret: c.Slack.SigningSecret.Reveal(),
		Mode: slack.Mode(c.Slack.Mode), APIURL: c.Slack.APIURL, PublicURL: c.PublicURL, Instance: c.Instance,
		Command: "/" + c.Command.Name, Alias: "/" + c.Command.Alias,
	}
}

func (c Config) discord(specs []chat.CommandSpec) discord.Config {
	return discord.Config{
		Token: c.Discord.Token.Reveal(), ApplicationID: c.Discord.ApplicationID, GuildID: c.Discord.GuildID,
		PublicKey: c.Discord.PublicKey, Mode: c.Discord.Mode, APIURL: c.Discord.APIURL, Instance: c.Instance,
		Command: c.Command.Name, Alias: c.Command.Alias, Category: c.Discord.Category, Commands: specs,
	}
}

func (c Config) console(now func() time.Time) console.Config {
	return console.Config{
		Instance: c.Instance, Token: c.Console.Token.Reveal(), Open: c.Console.Token.Reveal() == "", BaseURL: c.PublicURL,
		Commands: []string{"/" + c.Command.Name, "/" + c.Command.Alias}, Channels: c.Console.Channels, Now: now,
	}
}

// routes are the endpoints that platforms want mounted.
func routes(ps []chat.Platform) []webhook.Route {
	var rs []webhook.Route
	for _, p := range ps {
		if r, ok := p.(chat.Router); ok {
			for _, route := range r.Routes() {
				rs = append(rs, webhook.Route(route))
			}
		}
		if _, ok := p.(*console.Console); ok {
			rs = append(rs, webhook.Route{Pattern: "GET /{$}", Handler: http.RedirectHandler("/console/", http.StatusFound)})
		}
	}
	return rs
}

// logger writes to standard error: text for people, or JSON for machines.
func logger(cfg LogConfig) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(cfg.Level)
	if err != nil {
		return nil, fmt.Errorf("log.level: %q is none of debug, info, warn, error", cfg.Level)
	}
	c := zap.NewProductionEncoderConfig()
	c.EncodeTime = zapcore.ISO8601TimeEncoder
	enc := zapcore.NewJSONEncoder(c)
	if !cfg.JSON {
		enc = zapcore.NewConsoleEncoder(c)
	}
	return zap.New(zapcore.NewCore(enc, zapcore.Lock(os.Stderr), level)), nil
}
