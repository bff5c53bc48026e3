// Package discord connects sitrep to one Discord server, over the gateway or, for interactions, over signed HTTP requests.
//
// It keeps no state that must survive a restart and decides nothing: marks in room topics, embeds and buttons are how it
// finds again what it has made. It does not retry; it says what a failure means and who asks decides.
//
// https://discord.com/developers/docs/reference
package discord

import (
	"crypto/ed25519"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// Name is the platform's name in the configuration and in ids.
const Name = "discord"

// The modes of Config.Mode.
const (
	Gateway = "gateway" // everything comes over an outgoing websocket
	HTTP    = "http"    // interactions come as signed HTTP requests; messages and reactions over the websocket all the same
)

// DefaultAPIURL is where Discord's REST API stands.
const DefaultAPIURL = "https://discord.com/api/v10"

// Config says which bot this is, and where it works. Token, ApplicationID and GuildID are needed, PublicKey too in mode HTTP;
// every other zero value has a default.
type Config struct {
	Token         string // the bot's token, without "Bot "
	ApplicationID string
	GuildID       string // the one server that the bot serves
	PublicKey     string // of the application, in hex
	Mode          string // Gateway or HTTP; Gateway by default
	APIURL        string // DefaultAPIURL by default
	Instance      string // marks what this bot makes, so that two bots in one server ignore each other; "sitrep" by default
	Command       string // the slash command, "inc" by default
	Alias         string // its other name, "incident" by default
	Category      string // the category of incident rooms, "Incidents" by default
	// Commands are the verbs, the most used first: as many as Discord takes become sub-commands, and all can be typed freely.
	Commands []chat.CommandSpec
	// Transport carries the REST calls; nil makes one of its own.
	Transport http.RoundTripper
	// OpenTimeout is how long a connection may take until Discord says that it is ready, 20 s by default; Silence is how long
	// nothing at all may be heard before the connection is given up, 90 s by default.
	OpenTimeout, Silence time.Duration
	// Now tells when a request was received; time.Now by default.
	Now func() time.Time
}

// String keeps the token out of logs.
func (c Config) String() string { return "discord guild " + c.GuildID + " as " + c.Instance }

// GoString keeps the token out of logs.
func (c Config) GoString() string { return c.String() }

var instanceForm = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,16}$`)

// Validate says what is wrong with the configuration, without connecting. Its errors are of kind Invalid.
func (c Config) Validate() error {
	c = c.withDefaults()
	for name, v := range map[string]string{"application_id": c.ApplicationID, "guild_id": c.GuildID} {
		if !isSnowflake(v) {
			return invalid("discord.Validate", name+" must be a number of Discord's, such as 1098765432109876543.")
		}
	}
	if c.Token == "" {
		return invalid("discord.Validate", "A token is needed: it is under “Bot” in Discord's developer portal.")
	}
	if c.Mode != Gateway && c.Mode != HTTP {
		return invalid("discord.Validate", "mode must be “gateway” or “http”.")
	}
	if _, err := c.publicKey(); c.Mode == HTTP && err != nil {
		return err
	}
	if !instanceForm.MatchString(c.Instance) {
		return invalid("discord.Validate", "instance must be 1 to 16 letters, digits, “-” or “_”.")
	}
	if u, err := url.Parse(c.APIURL); err != nil || u.Host == "" {
		return invalid("discord.Validate", "api_url must be a URL.")
	}
	return nil
}

func (c Config) withDefaults() Config {
	for _, f := range []struct {
		field    *string
		fallback string
	}{
		{&c.Mode, Gateway},
		{&c.APIURL, DefaultAPIURL},
		{&c.Instance, "sitrep"},
		{&c.Command, "inc"},
		{&c.Alias, "incident"},
		{&c.Category, "Incidents"},
	} {
		if *f.field == "" {
			*f.field = f.fallback
		}
	}
	if c.OpenTimeout == 0 {
		c.OpenTimeout = 20 * time.Second
	}
	if c.Silence == 0 {
		c.Silence = 90 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func (c Config) publicKey() (ed25519.PublicKey, error) {
	key, err := hex.DecodeString(c.PublicKey)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, invalid("discord.Validate", "public_key must be the 64 hexadecimal digits that the developer portal shows.")
	}
	return key, nil
}

// Discord is one server of Discord. It implements chat.Platform and chat.Router.
type Discord struct {
	cfg       Config
	log       *zap.Logger
	key       ed25519.PublicKey
	transport *transport
	rest      *discordgo.Session // never opened; sends the REST calls

	in       atomic.Pointer[intake]
	acks     acks
	opening  chan struct{} // held while a room is placed, so that two rooms do not make one category twice
	self     cached[string]
	places   places
	archived marks
	answers  answers
}

type intake struct{ chat.Intake }

// New returns the platform without connecting. Its error is of kind Invalid.
func New(c Config, log *zap.Logger) (*Discord, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	d := &Discord{cfg: c, log: log, opening: make(chan struct{}, 1)}
	if c.Mode == HTTP {
		d.key, _ = c.publicKey()
	}
	d.transport = newTransport(c)
	d.rest = newSession(c, d.transport)
	return d, nil
}

// Name returns "discord".
func (d *Discord) Name() string { return Name }

// Features says what Discord can do.
func (d *Discord) Features() chat.Features {
	return chat.Features{Private: true, Forms: true, Direct: true, PrivateRooms: true, LocalTime: true, RoomName: 100}
}

func invalid(op, msg string) error { return &ops.Error{Op: op, Kind: ops.Invalid, Msg: msg} }

func isSnowflake(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "0123456789") == ""
}

// cached holds a value that is asked for once. A failure is not kept.
type cached[T any] struct {
	mu  sync.Mutex
	v   T
	has bool
}

func (c *cached[T]) get(ask func() (T, error)) (T, error) {
	c.mu.Lock()
	v, has := c.v, c.has
	c.mu.Unlock()
	if has {
		return v, nil
	}
	v, err := ask()
	if err == nil {
		c.mu.Lock()
		c.v, c.has = v, true
		c.mu.Unlock()
	}
	return v, err
}
