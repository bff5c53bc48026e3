// Package console is a chat platform of sitrep's own, in the browser: rooms, people, messages with their buttons and forms, live, and a
// small JSON API beside them. It is the drill room, the fallback when a chat platform is down, and what demonstrations run on.
//
// It does not know who somebody is: a visitor picks a name, and whoever holds the token may pick any. What the API offers is told in
// docs/console-api.md.
package console

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// Config is how a console is reached, and what it is called.
type Config struct {
	// Name is the platform's name in ids; "console" when empty.
	Name string
	// Instance is the installation's name, shown at the top of the page.
	Instance string
	// Token is what a visitor must have. It is required unless Open is set.
	Token string
	// Open lets anybody in, without a token, who asks for a loopback address by name or number.
	Open bool
	// BaseURL is where the page is reached from outside, for links: "https://sitrep.example.com". Empty makes links relative.
	BaseURL string
	// Commands are the words that begin a command, the first being the one that is shown; "/inc" and "/incident" when empty.
	Commands []string
	// Bot is the name under which sitrep writes and is mentioned; "sitrep" when empty.
	Bot string
	// Channels are there from the beginning: "#status". Others are made when something is first written there.
	Channels []string
	// Now is the clock; the system's when nil.
	Now func() time.Time
}

// Validate says what is wrong with the configuration, as an error of kind Invalid.
func (c Config) Validate() error {
	switch {
	case c.Token == "" && !c.Open:
		return invalid("console.New", "The console needs a token: set console.token.")
	case c.Token != "" && len(c.Token) < 12:
		return invalid("console.New", "The console's token is too short: use at least 12 characters.")
	}
	for _, name := range c.Channels {
		if !isChannel(chat.RoomID(name)) {
			return invalid("console.New", "A channel of the console is written \"#name\", with letters, digits, \"-\" and \"_\"; "+name+" is not.")
		}
	}
	return nil
}

// Keeper keeps the console's records, so that rooms and messages outlive the process. A write that returned nil is durable.
type Keeper interface {
	PutRecord(ctx context.Context, kind, key string, value []byte) error
	// EachRecord calls f for the records of a kind whose key begins with prefix, in the order of their keys, until f returns an error.
	EachRecord(ctx context.Context, kind, prefix string, f func(key string, value []byte) error) error
	DeleteRecord(ctx context.Context, kind, key string) error
}

// Console is a chat.Platform and a chat.Router.
type Console struct {
	cfg    Config
	keep   Keeper
	log    *zap.Logger
	cookie string // what the page's cookie holds: derived from the token, and not the token

	// writing is held by who changes records; it is a channel so that waiting for it ends with a context.
	writing chan struct{}
	stale   bool // guarded by writing: a write failed, and memory may lack what was written all the same

	mu      sync.RWMutex
	mem     memory
	changed chan struct{} // closed and replaced at each change
	intake  chat.Intake   // nil while Run does not run
	done    chan struct{} // closed when Run ends
	serving sync.WaitGroup
}

var _ interface {
	chat.Platform
	chat.Router
} = (*Console)(nil)

// New makes a console from what is kept. It starts nothing.
func New(cfg Config, keep Keeper, log *zap.Logger) (*Console, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = withDefaults(cfg)
	mac := hmac.New(sha256.New, []byte(cfg.Token))
	mac.Write([]byte("sitrep console cookie " + cfg.Name))
	c := &Console{
		cfg: cfg, keep: keep, log: log, cookie: hex.EncodeToString(mac.Sum(nil)),
		writing: make(chan struct{}, 1), changed: make(chan struct{}),
	}
	mem, err := load(context.Background(), keep)
	if err != nil {
		return nil, fault("console.New", err)
	}
	c.mem = mem
	return c, nil
}

func withDefaults(cfg Config) Config {
	if cfg.Name == "" {
		cfg.Name = "console"
	}
	if len(cfg.Commands) == 0 {
		cfg.Commands = []string{"/inc", "/incident"}
	}
	if cfg.Bot == "" {
		cfg.Bot = "sitrep"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	cfg.Channels = slices.Clone(cfg.Channels)
	return cfg
}

// Name implements chat.Platform.
func (c *Console) Name() string { return c.cfg.Name }

// Features implements chat.Platform.
func (c *Console) Features() chat.Features {
	return chat.Features{Private: true, Forms: true, Direct: true, PrivateRooms: true, LocalTime: true, RoomName: 80}
}

// Run implements chat.Platform. While it runs the console's routes are served; after it no request is in work.
func (c *Console) Run(ctx context.Context, in chat.Intake) error {
	for _, name := range c.cfg.Channels {
		if _, err := c.channel(ctx, chat.RoomID(name)); err != nil {
			return err
		}
	}
	done := make(chan struct{})
	c.mu.Lock()
	c.intake, c.done = in, done
	c.mu.Unlock()
	<-ctx.Done()
	c.mu.Lock()
	c.intake = nil
	c.mu.Unlock()
	close(done)
	c.serving.Wait()
	return nil
}

// enter registers a request with Run; false means that Run does not run.
func (c *Console) enter() (in chat.Intake, done <-chan struct{}, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.intake == nil {
		return nil, nil, false
	}
	c.serving.Add(1)
	return c.intake, c.done, true
}

// Check implements ops.Checker.
func (c *Console) Check(ctx context.Context) []ops.Finding {
	kept := ops.Finding{OK: true, What: "records of the console"}
	if err := c.keep.EachRecord(ctx, kindPerson, "", func(string, []byte) error { return nil }); err != nil {
		kept.OK, kept.Mend = false, "The store does not answer; see its own findings."
	}
	guard := ops.Finding{OK: true, What: "console.token"}
	if c.cfg.Open {
		guard.What = "console open to this machine alone"
	}
	return []ops.Finding{kept, guard}
}

func invalid(op, msg string) error { return &ops.Error{Op: op, Kind: ops.Invalid, Msg: msg} }

func notFound(op, msg string) error { return &ops.Error{Op: op, Kind: ops.NotFound, Msg: msg} }

// fault gives a Keeper's failure a name, and leaves an error alone that has one.
func fault(op string, err error) error {
	var e *ops.Error
	if errors.As(err, &e) {
		return err
	}
	return &ops.Error{Op: op, Kind: ops.Unavailable, Msg: "The console's store did not answer.", Err: err}
}
