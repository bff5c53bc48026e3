package slack

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	api "github.com/slack-go/slack"
	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// Name is the platform's name in the configuration and in ids.
const Name = "slack"

// Mode says how Slack reaches the bot.
type Mode string

// The two modes.
const (
	Socket Mode = "socket" // the bot connects to Slack; no public address is needed
	HTTP   Mode = "http"   // Slack calls the bot's address
)

// Config is what the operator sets. The zero value of each optional field is replaced as its comment says.
type Config struct {
	BotToken      string // "xoxb-…"; secret
	AppToken      string // "xapp-…", with Socket; secret
	SigningSecret string // with HTTP; secret
	Mode          Mode   // empty means Socket
	APIURL        string // empty means https://slack.com/api/
	// PublicURL is where Slack reaches the bot with HTTP: "https://sitrep.example.com". Only Manifest needs it.
	PublicURL string
	// Instance marks rooms, messages and buttons as this bot's, so that two bots in one workspace ignore each other.
	// It is 1 to 32 letters, digits or "-"; empty means "sitrep".
	Instance string
	Command  string // the slash command; empty means "/inc"
	Alias    string // its second name; empty means "/incident", equal to Command means none
	// Now is the clock by which requests are received; nil means time.Now. The age of signatures is judged by real time.
	Now func() time.Time
}

// Validate says what is wrong with the configuration, as an error of kind Invalid. It connects to nothing.
func (c Config) Validate() error {
	c = c.withDefaults()
	switch {
	case !strings.HasPrefix(c.BotToken, "xoxb-"):
		return badConfig("bot_token must be a bot token, which begins with xoxb-")
	case c.Mode == Socket && !strings.HasPrefix(c.AppToken, "xapp-"):
		return badConfig("app_token must be an app-level token, which begins with xapp- (Socket Mode needs one)")
	case c.Mode == HTTP && c.SigningSecret == "":
		return badConfig("signing_secret is missing (mode http needs it)")
	}
	return c.validateShape()
}

// validateShape checks what the manifest needs too, before any token exists.
func (c Config) validateShape() error {
	switch {
	case c.Mode != Socket && c.Mode != HTTP:
		return badConfig("mode must be socket or http")
	case !validInstance(c.Instance):
		return badConfig("instance must be 1 to 32 letters, digits or dashes")
	case !validCommand(c.Command) || !validCommand(c.Alias):
		return badConfig("a command must be a slash and 1 to 31 lower-case letters, digits, dashes or underscores")
	}
	return nil
}

func badConfig(msg string) error {
	return &ops.Error{Op: "slack.Config", Kind: ops.Invalid, Msg: msg}
}

func validInstance(s string) bool {
	return len(s) > 0 && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

func validCommand(s string) bool {
	name, ok := strings.CutPrefix(s, "/")
	return ok && len(name) > 0 && len(name) <= 31 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func (c Config) withDefaults() Config {
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	if c.Mode == "" {
		c.Mode = Socket
	}
	fill(&c.APIURL, api.APIURL)
	fill(&c.Instance, "sitrep")
	fill(&c.Command, "/inc")
	fill(&c.Alias, "/incident")
	if !strings.HasSuffix(c.APIURL, "/") {
		c.APIURL += "/"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Slack is one workspace's connection. It implements chat.Platform and chat.Router.
type Slack struct {
	cfg     Config
	log     *zap.Logger
	api     *api.Client
	http    *http.Client
	started time.Time

	who     identities
	serving serving

	replies *recent[answerKey, answer]          // what was answered already
	kept    *recent[chat.MessageID, []keptPart] // a message → its pictures and files, which an edit must not lose
	uploads *recent[[32]byte, upload]           // a file's content → where it was uploaded
}

// callTimeout is how long one call may take: what takes longer is looked for and repeated.
const callTimeout = 15 * time.Second

// New makes a Slack that has not connected yet. Its error is of kind Invalid.
func New(cfg Config, log *zap.Logger) (*Slack, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	client := &http.Client{Timeout: callTimeout, Transport: http.DefaultTransport.(*http.Transport).Clone()}
	return &Slack{
		cfg:     cfg,
		log:     log,
		http:    client,
		api:     api.New(cfg.BotToken, api.OptionAPIURL(cfg.APIURL), api.OptionAppLevelToken(cfg.AppToken), api.OptionHTTPClient(client)),
		started: cfg.Now(),
		replies: newRecent[answerKey, answer](2048),
		kept:    newRecent[chat.MessageID, []keptPart](2048),
		uploads: newRecent[[32]byte, upload](64),
	}, nil
}

// Name returns "slack".
func (s *Slack) Name() string { return Name }

// Features says what Slack can do.
func (s *Slack) Features() chat.Features {
	return chat.Features{Private: true, Forms: true, Direct: true, PrivateRooms: true, LocalTime: true, RoomName: maxRoomName}
}

// identity is who the bot is in its workspace.
type identity struct {
	Team string // "T024BE7LD"
	User string // the bot's user id
	Site string // "https://acme.slack.com/"
}

type identities struct {
	mu   sync.Mutex
	done bool
	id   identity
}

// whoami asks Slack once who the bot is, and remembers it.
func (s *Slack) whoami(ctx context.Context) (identity, error) {
	s.who.mu.Lock()
	defer s.who.mu.Unlock()
	if s.who.done {
		return s.who.id, nil
	}
	r, err := s.api.AuthTestContext(ctx)
	if err != nil {
		return identity{}, fault("slack.auth.test", err)
	}
	s.who.id, s.who.done = identity{Team: r.TeamID, User: r.UserID, Site: r.URL}, true
	return s.who.id, nil
}
