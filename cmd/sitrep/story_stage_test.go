package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/cmd/sitrep/shop"
)

//go:embed testdata/story.yaml
var storyConfig string

const (
	webhookToken = "a-token-that-only-alertmanager-knows"
	atMost       = 30 * time.Second // only a failing story waits so long
)

// TestMain has more stories played at once than there are processors: they wait for each other's sockets and pauses, and work little.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("8") // a number is what it takes
	}
	m.Run()
}

// stage is a whole sitrep with its shop, before one or more chat platforms, on a clock that the story moves.
type stage struct {
	*testing.T
	app   *app
	clock *handClock
	shop  *shop.Shop
	url   string
	file  string // of the store
	sides []*side
	logs  *logged
	cfg   Config
	halt  func()
}

// set says what a stage is made of.
type set struct {
	sides []backdrop
	extra string // added to the configuration
}

// raise puts up a stage and starts sitrep on it.
func raise(t *testing.T, want set) *stage {
	t.Helper()
	l := listen(t)
	s := &stage{T: t, clock: newHandClock(), url: "http://" + l.Addr().String(), file: filepath.Join(t.TempDir(), "story.db"), logs: &logged{}}
	s.shop = shop.New(s.clock.Now)
	for _, b := range want.sides {
		s.sides = append(s.sides, b(t, s.url, s.clock.Now))
	}
	s.cfg = s.config(want.extra, l.Addr().String())
	t.Cleanup(func() {
		s.halt()
		for _, side := range s.sides {
			side.close(t)
		}
	})
	s.start(l)
	for _, side := range s.sides {
		side.open(s)
	}
	return s
}

// start puts sitrep together and runs it, until halt.
func (s *stage) start(l net.Listener) {
	s.Helper()
	a, err := assemble(s.cfg, l, s.clock, s.logs.logger())
	if err != nil {
		s.Fatal(err)
	}
	s.app = a
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.run(ctx) }()
	s.halt = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, a.close()); err != nil {
			s.Errorf("sitrep ended: %v", err)
		}
	})
	s.until("sitrep is ready", func() bool { return a.bot.Ready() == nil })
	for _, side := range s.sides {
		s.until(side.name+" is connected", side.world.Connected)
	}
}

// Away stops sitrep, and starts it again on the same store after some time.
func (s *stage) Away(d time.Duration) {
	s.Helper()
	s.halt()
	s.clock.to(s.clock.Now().Add(d))
	l, err := net.Listen("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.Fatal(err)
	}
	s.start(l)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (s *stage) config(extra, address string) Config {
	s.Helper()
	tools := httptest.NewServer(s.shop.Handler())
	s.Cleanup(tools.Close)
	values := map[string]string{"LISTEN": address, "URL": s.url, "STORE": s.file, "SHOP": tools.URL, "TOKEN": webhookToken}
	text := storyConfig + script(s.sides, "") + extra
	cfg, err := parseConfig([]byte(text), func(name string) (string, bool) { v, ok := values[name]; return v, ok })
	if err != nil {
		s.Fatalf("%v in\n%s", err, text)
	}
	return cfg
}

// until waits for something that sitrep is to do by itself. Time goes by only where sitrep itself holds back, as between two messages.
func (s *stage) until(what string, done func() bool) {
	s.Helper()
	deadline := time.Now().Add(atMost)
	for try := 1; !done(); try++ {
		if time.Now().After(deadline) {
			s.Fatalf("waited in vain until %s; sitrep's log ends with\n%s", what, s.logs.end())
		}
		time.Sleep(5 * time.Millisecond)
		if try%10 == 0 && s.busy() {
			s.clock.step(s.clock.Now().Add(5 * time.Second))
		}
	}
}

func (s *stage) busy() bool {
	if s.app == nil {
		return false
	}
	now := s.app.bot.Stats()
	return now.Requests+now.Tasks > 0
}

// Advance lets time go by, and sitrep do at each moment what is due then.
func (s *stage) Advance(d time.Duration) {
	target := s.clock.Now().Add(d)
	for s.settle(); s.clock.step(target); s.settle() {
	}
	s.clock.to(target)
	s.settle()
}

// settle waits until sitrep has nothing to do but to wait: its timers and its heartbeat do so, and nothing else is open.
func (s *stage) settle() {
	s.Helper()
	idle := 0
	deadline := time.Now().Add(atMost)
	for last := -1; idle < 3; {
		waiters := s.clock.waiters()
		switch {
		case waiters >= 2 && !s.busy():
			idle++
		case waiters > 2 && waiters == last: // a message waits for its turn
			idle++
			time.Sleep(10 * time.Millisecond)
		default:
			idle = 0
		}
		if last = waiters; time.Now().After(deadline) {
			s.Fatalf("sitrep does not come to rest; its log ends with\n%s", s.logs.end())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// alert is what the shop's alerting tells.
type alert struct {
	name, summary, description string
	labels                     map[string]string
	cleared                    bool
	token                      string // empty: the right one
}

// Alert has an alert fire.
func (s *stage) Alert(summary string) {
	s.Helper()
	s.deliver(alert{name: "LatencyHigh", summary: summary}, http.StatusAccepted)
}

// Clears has the same alert clear.
func (s *stage) Clears(summary string) {
	s.Helper()
	s.deliver(alert{name: "LatencyHigh", summary: summary, cleared: true}, http.StatusAccepted)
}

func (s *stage) deliver(a alert, want int) string {
	s.Helper()
	return s.post("/webhooks/alerts", a.token, a.body(s.clock.Now()), want)
}

func (s *stage) post(path, token string, body []byte, want int) string {
	s.Helper()
	return postTo(s.T, s.url+path, token, body, want)
}

// Incident returns an incident as it is recorded.
func (s *stage) Incident(n incident.Number) (incident.State, []incident.Recorded) {
	s.Helper()
	id, err := s.app.bot.Engine().Numbered(s.Context(), n)
	if err != nil || id == "" {
		s.Fatalf("incident %s: %q, %v", n, id, err)
	}
	state, _, err := s.app.bot.Engine().Load(s.Context(), id)
	if err != nil {
		s.Fatal(err)
	}
	events, err := s.app.bot.Engine().Events(s.Context(), id)
	if err != nil {
		s.Fatal(err)
	}
	return state, events
}

// Incidents returns how many incidents there are.
func (s *stage) Incidents() int {
	s.Helper()
	all, err := s.app.bot.Engine().Recent(s.Context(), 100)
	if err != nil {
		s.Fatal(err)
	}
	return len(all)
}

// side is one chat platform of a stage, with its people and channels.
func (s *stage) side(name string) *side {
	s.Helper()
	i := slices.IndexFunc(s.sides, func(x *side) bool { return x.name == name })
	if i < 0 {
		s.Fatalf("there is no %s on this stage", name)
	}
	return s.sides[i]
}

// logged is what sitrep tells its operator.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) end() string {
	all := l.String()
	return all[max(0, len(all)-4000):]
}

func (l *logged) logger() *zap.Logger {
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(l), zapcore.DebugLevel))
}

// script is the part of the configuration that tells of the platforms, of how often stakeholders are told, and of the cast.
func script(sides []*side, cadence string) string {
	var b strings.Builder
	channel := func(name string) string {
		var refs []string
		for _, s := range sides {
			refs = append(refs, fmt.Sprintf("%q", s.name+":"+string(s.channels[name])))
		}
		return "[" + strings.Join(refs, ", ") + "]"
	}
	for _, s := range sides {
		b.WriteString(s.script)
	}
	fmt.Fprintf(&b, "announce: %s\naudiences:\n  - {name: stakeholders, channels: %s%s}\npeople:\n",
		channel("incidents"), channel("status"), cadence)
	for _, name := range cast {
		fmt.Fprintf(&b, "  - {name: %s, title: %s, accounts: {", name, strings.ToUpper(name[:1])+name[1:])
		for _, s := range sides {
			fmt.Fprintf(&b, "%s: %q, ", s.name, s.users[name])
		}
		b.WriteString("}}\n")
	}
	return b.String()
}

// cast is the people of the stories. The first two are on call.
var cast = []string{"ana", "bo", "cyn"}

// named finds people and channels by what the stories call them.
type named struct {
	users    map[string]chat.UserID
	channels map[string]chat.RoomID
}
