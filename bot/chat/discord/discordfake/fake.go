// Package discordfake is the server side of Discord, for tests: REST and gateway over real sockets, with people who type, press
// and react, and with the misbehaviour of the real one on request.
//
// It is no kinder than Discord, and knows one server and one bot. What it answers, and what it is asked, is held against Discord's own
// document when SITREP_CONTRACTS names the folder; see bot/contract.
//
// https://discord.com/developers/docs/reference
package discordfake

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/bot/contract"
)

const (
	base  = "/api/v10"
	epoch = 1420070400000
	// BotToken is what the fake takes for a token.
	BotToken = "fake-token-of-the-bot"
)

// Options change what New makes. The zero value is a healthy server on real time.
type Options struct {
	Now       func() time.Time // the server's clock; time.Now by default
	Heartbeat time.Duration    // what the gateway asks for, 41 s by default
	Intents   int              // privileged intents that are switched off
}

// Fake is one Discord server with one bot. It implements chattest.World.
type Fake struct {
	server  *httptest.Server
	key     ed25519.PrivateKey
	now     func() time.Time
	beat    time.Duration
	refused int
	doc     *contract.Doc

	mu           sync.Mutex
	ids          uint64
	ahead        time.Duration
	bot, app     string
	guild, role  string
	permissions  int64 // of the bot's role
	people       map[string]*person
	channels     map[string]*channel
	commands     []command
	interactions map[string]*interaction // by token
	forms        map[string]*openForm    // by person
	sessions     map[string]*session
	endpoint     string
	reconnects   int
	fault        chattest.Fault
	parked       map[string]time.Time
	calls        []chattest.Call
	hook         func(chattest.Call)
	violations   []string
	twice        bool
	checked      int
	ending       chan struct{}
	work         sync.WaitGroup
}

type person struct {
	id, name string
	gone     bool
}

// The document is read once: a process may make hundreds of fakes.
var document = sync.OnceValues(func() (*contract.Doc, error) { return contract.Load("discord") })

// New starts a server. It panics when it cannot, as test equipment may. End it with Close.
func New(o Options) *Fake {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	doc, err := document()
	if err != nil {
		panic(err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = 41 * time.Second
	}
	f := &Fake{
		key: private, now: o.Now, beat: o.Heartbeat, refused: o.Intents, doc: doc, permissions: botPermissions,
		people: map[string]*person{}, channels: map[string]*channel{}, interactions: map[string]*interaction{},
		forms: map[string]*openForm{}, sessions: map[string]*session{}, parked: map[string]time.Time{}, ending: make(chan struct{}),
	}
	f.guild, f.role, f.app = f.id(), f.id(), f.id()
	f.bot = f.id()
	f.server = httptest.NewServer(f.routes())
	return f
}

// Close ends the server and everything that it started.
func (f *Fake) Close() {
	close(f.ending)
	f.DropConnections()
	f.server.CloseClientConnections()
	f.server.Close()
	f.work.Wait()
}

// URL returns what a bot takes for discord.api_url.
func (f *Fake) URL() string { return f.server.URL + base }

// ApplicationID returns the bot's application.
func (f *Fake) ApplicationID() string { return f.app }

// GuildID returns the server's id.
func (f *Fake) GuildID() string { return f.guild }

// PublicKey returns the key of signed interactions, in hex.
func (f *Fake) PublicKey() string {
	return hex.EncodeToString(f.key.Public().(ed25519.PublicKey))
}

// SetEndpoint makes interactions be sent to a URL from now on, and no more over the gateway.
func (f *Fake) SetEndpoint(url string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.endpoint = url
}

// SetPermissions changes what the bot's role may do on the server.
func (f *Fake) SetPermissions(p int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.permissions = p
}

// Advance puts the server's clock forward.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ahead += d
}

// Checked returns how many exchanges were held against Discord's document and found valid.
func (f *Fake) Checked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.checked
}

// SetFault makes the server misbehave; see chattest.World.
func (f *Fake) SetFault(fault chattest.Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

// DeliverTwice makes every event be delivered two times.
func (f *Fake) DeliverTwice(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.twice = on
}

// Calls returns the calls so far.
func (f *Fake) Calls() []chattest.Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// OnCall sets the hook of calls.
func (f *Fake) OnCall(hook func(chattest.Call)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

// Violations returns in what the client broke Discord's rules.
func (f *Fake) Violations() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.violations)
}

func (f *Fake) violate(format string, args ...any) {
	f.violations = append(f.violations, fmt.Sprintf(format, args...))
}

// clock returns the server's time. It wants the lock, or to be alone.
func (f *Fake) clock() time.Time { return f.now().Add(f.ahead) }

// id makes a snowflake. It wants the lock, or to be alone.
func (f *Fake) id() string {
	f.ids = max(f.ids+1, uint64(f.clock().UnixMilli()-epoch)<<22)
	return strconv.FormatUint(f.ids, 10)
}

// Person adds a member of the server.
func (f *Fake) Person(name string) chat.UserID {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := &person{id: f.id(), name: name}
	f.people[p.id] = p
	return chat.UserID(p.id)
}

// Leave takes a person out of the server.
func (f *Fake) Leave(user chat.UserID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.people[string(user)]
	p.gone = true
	f.dispatch("GUILD_MEMBER_REMOVE", map[string]any{"guild_id": f.guild, "user": f.user(p.id)})
}

// Connected reports whether the bot would hear of something now: its session is ready, its commands are there, and its endpoint answers.
func (f *Fake) Connected() bool {
	f.mu.Lock()
	ready := slices.ContainsFunc(slices.Collect(maps.Values(f.sessions)), func(s *session) bool { return s.conn != nil && !s.deaf })
	ready = ready && len(f.commands) > 0
	endpoint := f.endpoint
	f.mu.Unlock()
	if !ready || endpoint == "" {
		return ready
	}
	status, _ := f.send(endpoint, map[string]any{"id": "1", "application_id": f.app, "type": 1, "token": "ping", "version": 1})
	return status == http.StatusOK
}
