package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/cmd/sitrep/shop"
)

// TestCrash kills the real binary, and starts it again on the same store: people must see what they would have seen anyway, once.
func TestCrash(t *testing.T) {
	bin := build(t)
	for name, side := range map[string]backdrop{"Slack": slackSocket, "Discord": discordGateway} {
		t.Run("while a room opens on "+name, func(t *testing.T) { crashInOpening(t, bin, side) })
		t.Run("before an update is due on "+name, func(t *testing.T) { crashBeforeUpdate(t, bin, side) })
		t.Run("as soon as something is acknowledged on "+name, func(t *testing.T) { crashOnceHeard(t, bin, side) })
		t.Run("before a command is carried out on "+name, func(t *testing.T) { crashInCommand(t, bin, side) })
	}
}

func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "sitrep")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// host is a machine on which sitrep's process runs, and may be killed.
type host struct {
	*testing.T
	bin, config, url string
	speed            string
	side             *side
	tools            *tools

	mu      sync.Mutex
	process *exec.Cmd
	ended   chan struct{}
	log     logged
}

// tools is the shop's tools, which can be made to keep one waiting.
type tools struct {
	handler http.Handler
	mu      sync.Mutex
	hold    func() // runs at each request
}

func (x *tools) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	hold := x.hold
	x.mu.Unlock()
	if hold != nil {
		hold()
	}
	x.handler.ServeHTTP(w, r)
}

func (x *tools) onRequest(hold func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.hold = hold
}

const quietCadence = ", cadence: {sev1: {first: 12h, then: 12h, hot: 12h}}"

// newHost prepares a machine with a fresh store, and starts sitrep on it.
func newHost(t *testing.T, bin string, b backdrop, speed, cadence string) *host {
	t.Helper()
	address := addressOfOurs(t)
	dir := t.TempDir()
	h := &host{T: t, bin: bin, config: filepath.Join(dir, "sitrep.yaml"), url: "http://" + address, speed: speed}
	h.side = b(t, h.url, time.Now)
	h.tools = &tools{handler: shop.New(time.Now).Handler()}
	server := httptest.NewServer(h.tools)
	t.Cleanup(server.Close)
	text := storyConfig + script([]*side{h.side}, cadence) + "incidents: {draft_lead: 1m, lead_nag: 240h}\n"
	for name, value := range map[string]string{"LISTEN": address, "URL": h.url, "STORE": filepath.Join(dir, "sitrep.db"), "SHOP": server.URL, "TOKEN": webhookToken} {
		text = strings.ReplaceAll(text, "${"+name+"}", value)
	}
	if err := os.WriteFile(h.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.side.world.OnCall(nil)
		h.kill()
		h.side.close(t)
	})
	h.start()
	return h
}

var lastPort atomic.Int64

// addressOfOurs is one that stays free while nobody listens on it: it is given away once, and is none of those that systems give away by themselves.
func addressOfOurs(t *testing.T) string {
	t.Helper()
	for range 1000 {
		n := int64(os.Getpid()*101) + lastPort.Add(1)
		address := fmt.Sprintf("127.0.0.1:%d", 20000+n%10000)
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		if err == nil && l.Close() == nil {
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// start runs sitrep, and waits until it hears people.
func (h *host) start() {
	h.Helper()
	cmd := exec.Command(h.bin, "serve", "-c", h.config, "--speed", h.speed)
	cmd.Stderr = &h.log
	if err := cmd.Start(); err != nil {
		h.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed
	}()
	h.mu.Lock()
	h.process, h.ended = cmd, ended
	h.mu.Unlock()
	h.until("sitrep is ready", func() bool {
		resp, err := http.Get(h.url + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK && h.side.world.Connected()
	})
}

// kill ends sitrep the way a power cut does, and returns when it is gone.
func (h *host) kill() {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = h.process.Process.Kill() // it may be dead already
	<-h.ended
}

func (h *host) until(what string, done func() bool) {
	h.Helper()
	for deadline := time.Now().Add(atMost); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.Fatalf("waited in vain until %s; the log ends with\n%s\nand people see\n%s", what, h.log.end(), h.seen())
		}
	}
}

// alert has an alert fire.
func (h *host) alert() {
	h.Helper()
	postTo(h.T, h.url+"/webhooks/alerts", "", alert{name: "LatencyHigh", summary: trouble}.body(time.Now()), http.StatusAccepted)
}

// moment is a point at which sitrep is killed: at the nth call of a name, before the platform acted on it, or after that but before it answered.
type moment struct {
	name  string
	nth   int
	after bool
}

func (m moment) String() string {
	when := "before"
	if m.after {
		when = "after"
	}
	return fmt.Sprintf("%s %s %d", when, strings.NewReplacer("/", " ", "{", "", "}", "").Replace(m.name), m.nth)
}

// killAt arms a trap: at that moment sitrep dies. What is returned is closed when it has.
func (h *host) killAt(is func(chattest.Call) bool) <-chan struct{} {
	dead := make(chan struct{})
	var once sync.Once
	h.side.world.OnCall(func(c chattest.Call) {
		if !is(c) {
			return
		}
		once.Do(func() {
			h.kill()
			if !c.After {
				h.side.world.SetFault(chattest.Fault{Status: http.StatusServiceUnavailable}) // nothing was done
			}
			close(dead)
		})
	})
	return dead
}

// restart starts sitrep anew, once it is dead; nil means that it is.
func (h *host) restart(dead <-chan struct{}) {
	h.Helper()
	if dead != nil {
		select {
		case <-dead:
		case <-time.After(atMost):
			h.Fatalf("sitrep was not killed; people see\n%s", h.seen())
		}
	}
	h.side.world.OnCall(nil)
	h.until("the platform has done with the dead", func() bool { return !h.side.world.Connected() })
	h.side.world.SetFault(chattest.Fault{})
	h.start()
}

var (
	passing = regexp.MustCompile(`\d\d:\d\d(:\d\d)?|<time \d+>|\b[0-9]+s\b`)
	ids     = regexp.MustCompile(`\bC0[0-9A-Z]+\b|\b\d{15,}\b|\d{10}\.\d{6}|p\d{16}|127\.0\.0\.1:\d+|sitrep:story:[a-z0-9]+`)
)

// seen is all that people see, room by room, without the moments and ids that differ from run to run.
func (h *host) seen() string {
	w := h.side.world
	rooms := w.Rooms()
	var out []string
	for id, info := range rooms {
		var b strings.Builder
		var members []string
		for name, u := range h.side.users {
			if slices.Contains(info.Members, u) {
				members = append(members, name)
			}
		}
		slices.Sort(members)
		fmt.Fprintf(&b, "── %s: %s; archived %v, private %v; %v\n", info.Name, info.Topic, info.Archived, info.Private, members)
		for _, m := range w.Messages(id, h.side.users["ana"]) {
			fmt.Fprintf(&b, "[bot %v, pinned %v, private %v, %d files] %s %q\n", m.FromBot, m.Pinned, m.Private, len(m.Files), m.Text, m.Buttons)
		}
		out = append(out, b.String())
	}
	slices.Sort(out)
	return ids.ReplaceAllString(passing.ReplaceAllString(strings.Join(out, "\n"), "⏲"), "…")
}

// rest waits until the platform has got no call for a while, and returns what people see then.
func (h *host) rest() string {
	h.Helper()
	last, quiet := -1, 0
	h.until("sitrep comes to rest", func() bool {
		if n := len(h.side.world.Calls()); n != last {
			last, quiet = n, 0
		}
		quiet++
		return quiet > 40
	})
	return h.seen()
}

// as waits until people see what is wanted, and holds that it stays so.
func (h *host) as(want string) {
	h.Helper()
	for deadline := time.Now().Add(atMost); h.seen() != want && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
	}
	if diff := cmp.Diff(want, h.rest()); diff != "" {
		h.Fatalf("people see something else than without the crash (-want +got):\n%s\nthe log ends with\n%s", diff, h.log.end())
	}
}

// crashInOpening kills sitrep at each call with which it opens a room.
func crashInOpening(t *testing.T, bin string, b backdrop) {
	undisturbed := newHost(t, bin, b, "20", quietCadence)
	before := len(undisturbed.side.world.Calls())
	undisturbed.alert()
	undisturbed.until("the room is open", func() bool { return opened(undisturbed.side) })
	want := undisturbed.rest()
	count := map[string]int{}
	for _, c := range undisturbed.side.world.Calls()[before:] {
		count[c.Name]++
		for _, after := range []bool{false, true} {
			at := moment{c.Name, count[c.Name], after}
			t.Run(at.String(), func(t *testing.T) {
				t.Parallel()
				h := newHost(t, bin, b, "20", quietCadence)
				var mu sync.Mutex
				n := 0
				dead := h.killAt(func(c chattest.Call) bool {
					mu.Lock()
					defer mu.Unlock()
					if c.Name == at.name && c.After == at.after {
						n++
					}
					return c.Name == at.name && c.After == at.after && n == at.nth
				})
				h.alert()
				if h.comes(dead, want) {
					h.restart(dead)
				}
				h.as(want)
			})
		}
	}
}

// comes reports whether sitrep is killed. A card is edited once for several changes that come close together, so that a run may end with
// fewer calls than another.
func (h *host) comes(dead <-chan struct{}, want string) bool {
	h.Helper()
	killed := func() bool {
		select {
		case <-dead:
			return true
		default:
			return false
		}
	}
	h.until("sitrep is killed", func() bool { return killed() || h.seen() == want && h.rest() == want })
	return killed()
}

// opened reports whether the room stands, with its card pinned and the people on call in it.
func opened(s *side) bool {
	rooms := s.rooms("inc") // a number that was reserved by a process that died is a gap
	if len(rooms) != 1 {
		return false
	}
	pinned := slices.ContainsFunc(s.world.Messages(rooms[0], s.users["ana"]), func(m chattest.Seen) bool { return m.Pinned })
	members := s.world.Rooms()[rooms[0]].Members
	return pinned && slices.Contains(members, s.users["ana"]) && slices.Contains(members, s.users["bo"])
}

// crashBeforeUpdate kills sitrep when it has posted the draft of the update that is due a minute later, by its own clock.
func crashBeforeUpdate(t *testing.T, bin string, b backdrop) {
	t.Parallel()
	const cadence = ", cadence: {sev1: {first: 3m, then: 12h, hot: 12h}}"
	told := func(h *host) func() bool {
		return func() bool { return len(h.side.world.Messages(h.side.channels["status"], h.side.users["ana"])) > 0 }
	}
	undisturbed := newHost(t, bin, b, "60", cadence)
	undisturbed.alert()
	undisturbed.until("the update is posted", told(undisturbed))
	want := undisturbed.rest()

	h := newHost(t, bin, b, "60", cadence)
	dead := h.killAt(func(c chattest.Call) bool { return c.After && strings.Contains(c.Text, "draft of update") })
	h.alert()
	h.restart(dead)
	h.until("the update is posted", told(h))
	h.as(want)
}

// crashOnceHeard kills sitrep in the moment in which it has acknowledged an alert, and again when it has acknowledged a command.
func crashOnceHeard(t *testing.T, bin string, b backdrop) {
	t.Parallel()
	h := newHost(t, bin, b, "1", quietCadence)
	h.alert()
	h.kill()
	h.restart(nil)
	h.until("the room is open", func() bool { return opened(h.side) })
	room := h.side.rooms("inc")[0]
	ana := h.side.users["ana"]

	var dead <-chan struct{}
	if h.side.name == "discord" {
		dead = h.killAt(func(c chattest.Call) bool { return c.After && strings.HasSuffix(c.Name, "/callback") })
	}
	h.side.world.Type(ana, room, "lead me") // on Slack it returns with the acknowledgement
	if dead == nil {
		h.kill()
	}
	h.restart(dead)
	leads := func() []chattest.Seen { return containing(h.side.world.Messages(room, ana), "Ana leads") }
	h.until("the command is answered", func() bool { return len(leads()) > 0 })
	h.rest()
	if n := len(leads()); n != 1 {
		t.Errorf("answered %d times, want once:\n%s", n, h.seen())
	}
}

// crashInCommand kills sitrep while it asks the shop for what a command wants to know, and again when it is about to answer.
func crashInCommand(t *testing.T, bin string, b backdrop) {
	t.Parallel()
	answers := func(h *host, room chat.RoomID) []chattest.Seen {
		return containing(h.side.world.Messages(room, h.side.users["ana"]), "latency", "was")
	}
	h := newHost(t, bin, b, "1", quietCadence)
	h.alert()
	h.until("the room is open", func() bool { return opened(h.side) })
	room := h.side.rooms("inc")[0]

	dead := make(chan struct{})
	h.tools.onRequest(sync.OnceFunc(func() { h.kill(); close(dead) }))
	h.side.world.Type(h.side.users["ana"], room, "metrics")
	h.restart(dead)
	h.until("the command is answered", func() bool { return len(answers(h, room)) == 1 })
	h.rest()

	dead2 := h.killAt(func(c chattest.Call) bool { return !c.After && strings.Contains(c.Text, "Ana leads") })
	h.side.world.Type(h.side.users["ana"], room, "lead me")
	h.restart(dead2)
	h.until("the second command is answered", func() bool {
		return len(containing(h.side.world.Messages(room, h.side.users["ana"]), "Ana leads")) > 0
	})
	h.rest()
	if a, b := answers(h, room), containing(h.side.world.Messages(room, h.side.users["ana"]), "Ana leads"); len(a) != 1 || len(b) != 1 {
		t.Fatalf("answered %d and %d times, want once each:\n%s", len(a), len(b), h.seen())
	}
}
