package slackfake

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"sitrep/bot/chat/chattest"
	"sitrep/bot/contract"
)

// What a bot needs to use the fake. They are no secrets.
const (
	BotToken      = "xoxb-fake-bot"
	AppToken      = "xapp-fake-app"
	SigningSecret = "fake-signing-secret"
)

const (
	team    = "T0FAKE"
	botUser = "U0SITREP"
	botID   = "B0SITREP"
	appID   = "A0SITREP"
	admin   = "U0ADMIN"
	site    = "https://fake.slack.com/"
)

// Options say what kind of workspace it is. The zero value is an app with every right, reached by Socket Mode.
type Options struct {
	Command string           // the slash command that people type; empty means "/inc"
	Scopes  []string         // what the bot's token may; nil means all
	Events  []string         // what the app has subscribed to; nil means all
	Now     func() time.Time // the clock of messages; nil means time.Now. Deadlines of Slack's own use real time
}

// Server is a workspace with one app. It implements chattest.World.
type Server struct {
	opts Options
	http *httptest.Server
	doc  *contract.Doc
	end  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup
	out  chan *delivery

	mu         sync.Mutex
	bot        string // where the bot is reached over HTTP; empty with Socket Mode
	lastTS     int64
	serial     int
	users      map[string]*user
	channels   map[string]*channel
	order      []string // channel ids as they were made
	files      map[string]*file
	triggers   map[string]*trigger
	responses  map[string]*response
	forms      map[string]*view // by user
	homes      map[string]*view // by user
	tickets    map[string]bool
	conns      []*conn
	fault      chattest.Fault
	faultsLeft int
	notBefore  map[string]time.Time // a method → when its Retry-After has passed
	twice      bool
	calls      []chattest.Call
	onCall     func(chattest.Call)
	violations []string
}

// document is read once: it takes most of a second.
var document = sync.OnceValues(func() (*contract.Doc, error) { return contract.Load("slack") })

// New starts a server. Close ends it.
func New(opts Options) *Server {
	if opts.Command == "" {
		opts.Command = "/inc"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Server{
		opts: opts, out: make(chan *delivery, 4096), users: map[string]*user{}, channels: map[string]*channel{}, files: map[string]*file{},
		triggers: map[string]*trigger{}, responses: map[string]*response{}, forms: map[string]*view{}, homes: map[string]*view{},
		tickets: map[string]bool{}, notBefore: map[string]time.Time{},
	}
	s.users[botUser] = &user{id: botUser, name: "sitrep", bot: true}
	s.users[admin] = &user{id: admin, name: "admin"}
	var err error
	if s.doc, err = document(); err != nil {
		s.violations = append(s.violations, err.Error())
	}
	s.end, s.stop = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveAPI)
	mux.HandleFunc("POST /upload/{ticket}", s.serveUpload)
	mux.HandleFunc("POST /response/{id}", s.serveResponse)
	mux.HandleFunc("GET /socket", s.serveSocket)
	s.http = httptest.NewServer(mux)
	s.wg.Go(s.dispatch)
	return s
}

// Close cuts all connections and waits for all that was started.
func (s *Server) Close() {
	s.stop()
	s.DropConnections()
	s.http.CloseClientConnections()
	s.http.Close()
	s.wg.Wait()
}

// APIURL is the base URL of the Web API.
func (s *Server) APIURL() string { return s.http.URL + "/api/" }

// ReachBot makes the server call the bot over HTTP, at the base URL under which its routes are mounted. Empty goes back to Socket Mode.
func (s *Server) ReachBot(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bot = url
}

// Checked returns how many exchanges of all servers were held against Slack's document; 0 when there is none.
func (s *Server) Checked() int { return s.doc.Checked() }

// Violations returns in what the client broke Slack's rules, or an exchange Slack's document.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.violations...)
}

func (s *Server) violated(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violatedLocked(format, args...)
}

func (s *Server) violatedLocked(format string, args ...any) {
	s.violations = append(s.violations, fmt.Sprintf(format, args...))
}

// SetFault makes the server misbehave from now on; the zero Fault ends it.
func (s *Server) SetFault(f chattest.Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.faultsLeft = f, f.Times
}

// Calls returns what calls the server has got so far, oldest first.
func (s *Server) Calls() []chattest.Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]chattest.Call(nil), s.calls...)
}

// OnCall sets a hook that runs at each call, before it is acted on and again after.
func (s *Server) OnCall(hook func(chattest.Call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onCall = hook
}

// id makes a new id; mu is held.
func (s *Server) id(prefix string) string {
	s.serial++
	return fmt.Sprintf("%s%05d", prefix, s.serial)
}

// ts makes a message's timestamp, each greater than the last; mu is held.
func (s *Server) ts() string {
	now := s.opts.Now().UnixMicro()
	s.lastTS = max(s.lastTS+1, now)
	return fmt.Sprintf("%d.%06d", s.lastTS/1e6, s.lastTS%1e6)
}

func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
