package bot

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/store"
	"sitrep/bot/store/bolt"
	"sitrep/templates"
)

// handClock is moved by hand.
type handClock struct {
	mu    sync.Mutex
	now   time.Time
	moved chan struct{}
}

func newHandClock() *handClock {
	return &handClock{now: time.Date(2026, 3, 4, 3, 0, 0, 0, time.UTC), moved: make(chan struct{})}
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	close(c.moved)
	c.moved = make(chan struct{})
}

func (c *handClock) Wait(ctx context.Context, t time.Time) error {
	for {
		c.mu.Lock()
		now, moved := c.now, c.moved
		c.mu.Unlock()
		if !now.Before(t) {
			return ctx.Err()
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// fakePlatform keeps rooms and messages in memory, and fails as it is told to.
type fakePlatform struct {
	name string
	mu   sync.Mutex
	log  []string // every call that took effect, in order
	// fail is asked before each call; after, once it has taken effect. An error of either is what the caller gets.
	fail, after func(call string) error
	hold        func(ctx context.Context) // before each room that is opened
	rooms       map[chat.RoomID]chat.Key
	posts       map[chat.Key]chat.Posted
	replies     []string
	edits       int
	doubled     []string          // messages that were posted again
	deleted     map[string]string // messages that were deleted by hand, and the ids of those that are written instead
}

func newFake(name string) *fakePlatform {
	return &fakePlatform{name: name, rooms: map[chat.RoomID]chat.Key{}, posts: map[chat.Key]chat.Posted{}}
}

func (f *fakePlatform) call(what string, effect func()) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		if err := f.fail(what); err != nil {
			return err
		}
	}
	effect()
	f.log = append(f.log, what)
	if f.after != nil {
		return f.after(what)
	}
	return nil
}

// failing has calls fail as fail says, from now on.
func (f *fakePlatform) failing(fail func(call string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = fail
}

// calls returns what took effect and begins so.
func (f *fakePlatform) calls(prefix string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, c := range f.log {
		if strings.HasPrefix(c, prefix) {
			out = append(out, c)
		}
	}
	return out
}

func (f *fakePlatform) Name() string            { return f.name }
func (f *fakePlatform) Features() chat.Features { return chat.Features{RoomName: 80} }
func (f *fakePlatform) Run(ctx context.Context, _ chat.Intake) error {
	<-ctx.Done()
	return nil
}

func (f *fakePlatform) Decode(r chat.Request) (chat.Inbound, error) {
	room, text, _ := strings.Cut(string(r.Body), "|")
	return chat.Inbound{
		Kind: chat.InboundKind(r.Kind), Request: r.ID, Platform: f.name, User: chat.User{ID: "U1", Name: "Ana"}, Room: chat.RoomID(room), Text: text,
		At: r.At, Reply: chat.ReplyTo{Platform: f.name, Room: chat.RoomID(room)}, Reason: text, Message: "m1",
	}, nil
}

func (f *fakePlatform) OpenRoom(ctx context.Context, s chat.RoomSpec) (chat.Room, error) {
	if f.hold != nil {
		f.hold(ctx)
	}
	id := chat.RoomID(fmt.Sprintf("R%d", len(f.calls("open"))+1))
	return chat.Room{ID: id, Name: s.Name}, f.call("open "+s.Name, func() { f.rooms[id] = s.Key })
}

func (f *fakePlatform) FindRoom(_ context.Context, s chat.RoomSpec) (chat.Room, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, k := range f.rooms {
		if k == s.Key {
			return chat.Room{ID: id, Name: s.Name}, nil
		}
	}
	return chat.Room{}, &ops.Error{Op: "fake", Kind: ops.NotFound}
}

func (f *fakePlatform) RenameRoom(_ context.Context, r chat.RoomID, name string) error {
	return f.call("rename "+string(r)+" "+name, func() {})
}

func (f *fakePlatform) ArchiveRoom(_ context.Context, r chat.RoomID) error {
	return f.call("archive "+string(r), func() {})
}

func (f *fakePlatform) ReopenRoom(_ context.Context, r chat.RoomID) error {
	return f.call("reopen "+string(r), func() {})
}

func (f *fakePlatform) SetPrivate(_ context.Context, r chat.RoomID, private bool) error {
	return f.call(fmt.Sprintf("private %s %t", r, private), func() {})
}

func (f *fakePlatform) Invite(_ context.Context, r chat.RoomID, users []chat.UserID) error {
	return f.call(fmt.Sprintf("invite %s %v", r, users), func() {})
}

func (f *fakePlatform) Direct(_ context.Context, u chat.UserID) (chat.RoomID, error) {
	return chat.RoomID("D" + string(u)), nil
}

func (f *fakePlatform) Lookup(_ context.Context, u chat.UserID) (chat.User, error) {
	return chat.User{ID: u}, nil
}

func (f *fakePlatform) Post(_ context.Context, p chat.Post) (chat.Posted, error) {
	posted := chat.Posted{ID: chat.MessageID(p.Key), URL: "https://chat.example/" + string(p.Key)}
	if other, ok := f.deleted[string(p.Key)]; ok {
		posted.ID = chat.MessageID(other)
	}
	return posted, f.call(fmt.Sprintf("post %s %s", p.Room, firstLine(p.Message)), func() {
		if _, twice := f.posts[p.Key]; twice {
			f.doubled = append(f.doubled, firstLine(p.Message))
		}
		f.posts[p.Key] = posted
		for _, u := range p.Message.Notify {
			f.log = append(f.log, "call "+string(u))
		}
	})
}

func (f *fakePlatform) FindPost(_ context.Context, p chat.Post) (chat.Posted, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if posted, ok := f.posts[p.Key]; ok {
		return posted, nil
	}
	return chat.Posted{}, &ops.Error{Op: "fake", Kind: ops.NotFound}
}

func (f *fakePlatform) Edit(_ context.Context, r chat.RoomID, id chat.MessageID, m chat.Message) error {
	if _, gone := f.deleted[string(id)]; gone {
		return &ops.Error{Op: "fake", Kind: ops.NotFound}
	}
	return f.call(fmt.Sprintf("edit %s %s", r, firstLine(m)), func() { f.edits++ })
}

func (f *fakePlatform) Pin(_ context.Context, r chat.RoomID, _ chat.MessageID) error {
	return f.call("pin "+string(r), func() {})
}

func (f *fakePlatform) Reply(_ context.Context, r chat.Reply) error {
	return f.call("reply "+firstLine(r.Message), func() { f.replies = append(f.replies, r.Message.Plain()) })
}

func (f *fakePlatform) PublishHome(context.Context, chat.UserID, chat.Message) error { return nil }
func (f *fakePlatform) Check(context.Context) []ops.Finding                          { return nil }

func firstLine(m chat.Message) string {
	line, _, _ := strings.Cut(m.Plain(), "\n")
	return line
}

// fakeHandler knows "ack"; "boom", which breaks; and "hang", which ends only with its context.
type fakeHandler struct{ bot *Bot }

func (fakeHandler) Plan(context.Context, chat.Inbound) chat.Plan { return chat.Plan{} }
func (fakeHandler) Complete(context.Context, chat.Inbound, string, string) []chat.Choice {
	return nil
}
func (fakeHandler) Home(context.Context, string, chat.User) chat.Message { return chat.Message{} }
func (fakeHandler) Person(platform string, u chat.User) incident.Person {
	return incident.Person{ID: incident.PersonID(platform + ":" + string(u.ID)), Name: u.Name, Accounts: map[string]string{platform: string(u.ID)}}
}

func (h fakeHandler) Handle(ctx context.Context, in chat.Inbound, _ func(chat.Message)) (chat.Message, bool) {
	switch in.Text {
	case "boom":
		panic("broken verb")
	case "hang":
		<-ctx.Done()
		return chat.Text("in vain"), false
	}
	id, err := h.bot.Engine().InRoom(ctx, in.Platform, in.Room)
	if err != nil || id == "" {
		return chat.Text("no incident"), true
	}
	_, err = h.bot.Engine().Do(ctx, id, incident.Command{
		Meta: incident.Meta{At: in.At, Actor: h.Person(in.Platform, in.User), Source: in.Platform, Request: in.Request}, Intent: incident.Ack{},
	})
	if err != nil {
		return chat.Text(err.Error()), true
	}
	return chat.Text("you are on it"), false
}

// world is a bot on a real store with fake platforms.
type world struct {
	t         testing.TB
	path      string
	clock     *handClock
	store     store.Store
	platforms []*fakePlatform
	settings  Settings
	grace     time.Duration
	faults    faults // of the store, as the bot sees it
	bot       *Bot
	stop      func()
}

// faults has writes to a store fail: before is asked before each, after once it is done. Either may be nil.
type faults struct {
	mu            sync.Mutex
	before, after func(write string, c store.Commit) error
}

func (f *faults) set(before, after func(write string, c store.Commit) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before, f.after = before, after
}

func (f *faults) write(what string, c store.Commit, do func() error) error {
	f.mu.Lock()
	before, after := f.before, f.after
	f.mu.Unlock()
	if before != nil {
		if err := before(what, c); err != nil {
			return err
		}
	}
	if err := do(); err != nil || after == nil {
		return err
	}
	return after(what, c)
}

// faultyStore is a store whose writes have faults.
type faultyStore struct {
	store.Store
	*faults
}

func (f faultyStore) Commit(ctx context.Context, c store.Commit) error {
	return f.write("commit", c, func() error { return f.Store.Commit(ctx, c) })
}

func (f faultyStore) CloseRequests(ctx context.Context, ids ...string) error {
	return f.write("close", store.Commit{Requests: ids}, func() error { return f.Store.CloseRequests(ctx, ids...) })
}

func (f faultyStore) PutRecord(ctx context.Context, kind, key string, value []byte) error {
	return f.write("record", store.Commit{}, func() error { return f.Store.PutRecord(ctx, kind, key, value) })
}

func newWorld(t testing.TB, platforms ...string) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "bot.db"), clock: newHandClock(), grace: 5 * time.Second, settings: Settings{
		RoomPlatforms: platforms, Policy: DefaultPolicy(), Zone: time.UTC,
		Routes:    []Route{{Name: "all"}},
		Audiences: []incident.Plan{{Audience: "stakeholders", Cadence: incident.StakeholderCadence()}},
	}}
	for _, p := range platforms {
		w.platforms = append(w.platforms, newFake(p))
	}
	t.Cleanup(func() { w.halt() })
	return w
}

func (w *world) run() {
	w.t.Helper()
	var err error
	if w.store, err = bolt.Open(w.path, bolt.Options{}); err != nil {
		w.t.Fatal(err)
	}
	texts, err := templates.Load("")
	if err != nil {
		w.t.Fatal(err)
	}
	deps := Deps{
		Store: faultyStore{w.store, &w.faults}, Clock: w.clock, Settings: func() *Settings { return &w.settings }, Catalog: testCatalog,
		Sources: func() ops.Set { return ops.Set{{Name: "am", Offer: ops.Offer{Alerts: lineAlerts{}}}} },
		Texts:   func() *templates.Set { return texts }, Log: zaptest.NewLogger(w.t, zaptest.Level(zap.FatalLevel)), Grace: w.grace,
	}
	for _, p := range w.platforms {
		deps.Platforms = append(deps.Platforms, p)
	}
	w.bot = New(deps)
	w.bot.SetHandler(fakeHandler{w.bot})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.bot.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("Run: %v", err)
		}
		if err := w.store.Close(); err != nil {
			w.t.Errorf("Close: %v", err)
		}
	}
	w.eventually("ready", func() bool { return w.bot.Ready() == nil })
}

func (w *world) halt() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	for _, p := range w.platforms {
		w.t.Logf("%s:\n%s", p.name, strings.Join(p.calls(""), "\n"))
	}
	w.t.Fatalf("in vain: %s", what)
}

// quiet waits until nothing waits to be done but cards, which wait for their time.
func (w *world) quiet() {
	w.t.Helper()
	w.eventually("quiet", func() bool {
		requests, err := w.store.Requests(context.Background(), nil, 1)
		tasks, err2 := w.store.Tasks(context.Background(), nil, 1000)
		waiting := slices.ContainsFunc(tasks, func(t store.Task) bool { return t.Kind != taskCard })
		return err == nil && err2 == nil && len(requests) == 0 && !waiting && len(w.platforms[0].calls("post")) > 0
	})
}

// settle lets time pass until nothing waits to be done.
func (w *world) settle() {
	w.t.Helper()
	w.workUntil(&crash{})
}

// alert delivers one alert, written "fingerprint status title".
func (w *world) alert(id, line string) {
	w.t.Helper()
	err := w.bot.Inbox().Receive(context.Background(), chat.Request{ID: id, Source: "am", Body: []byte(line), At: w.clock.Now()})
	if err != nil {
		w.t.Fatal(err)
	}
}

// say hands in a command that was typed in a room.
func (w *world) say(id, room, text string) {
	w.t.Helper()
	err := w.bot.Inbox().Receive(context.Background(), chat.Request{
		ID: id, Source: w.platforms[0].name, Kind: string(chat.Command), Body: []byte(room + "|" + text), At: w.clock.Now(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// do carries out what Ana asks of an incident.
func (w *world) do(n incident.Number, intent incident.Intent) {
	w.t.Helper()
	_, err := w.bot.Engine().Do(context.Background(), w.state(n).ID, incident.Command{
		Meta: incident.Meta{At: w.clock.Now(), Source: "test", Actor: incident.Person{ID: "p", Name: "Ana"}}, Intent: intent,
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) counts(n incident.Number) map[string]int64 {
	w.t.Helper()
	_, counts, err := w.store.Load(context.Background(), w.state(n).ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return counts
}

// answers returns the answers so far.
func (f *fakePlatform) answers() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.replies)
}

func (w *world) state(n incident.Number) incident.State {
	w.t.Helper()
	id, err := w.store.Numbered(context.Background(), n)
	if err != nil {
		w.t.Fatalf("%s: %v", n, err)
	}
	s, _, err := w.store.Load(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// lineAlerts reads alerts that are written "fingerprint status service title", one on each line. The title "boom" breaks it.
type lineAlerts struct{}

func (lineAlerts) Verify(ops.Webhook) error { return nil }
func (lineAlerts) ParseAlerts(w ops.Webhook) (ops.Delivery, error) {
	d := ops.Delivery{ID: string(w.Body)}
	for line := range strings.Lines(string(w.Body)) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 4)
		switch {
		case len(f) < 4:
			return d, &ops.Error{Op: "lineAlerts", Kind: ops.Invalid, Msg: "four words"}
		case f[3] == "boom":
			panic("broken source")
		}
		d.Alerts = append(d.Alerts, ops.Alert{
			Source: "am", Fingerprint: f[0], Status: ops.AlertStatus(f[1]), Title: f[3], Severity: "critical",
			Labels: map[string]string{"service": f[2]}, StartsAt: w.ReceivedAt, EndsAt: w.ReceivedAt,
		})
	}
	return d, nil
}

func kinds(events []incident.Recorded) []string {
	var out []string
	for _, r := range events {
		out = append(out, incident.KindOf(r.Event))
	}
	return slices.Clip(out)
}

// missing has edits of a message fail as if it had been deleted, and the next message with its key get another id.
func (f *fakePlatform) missing(message, other string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deleted = map[string]string{message: other}
}
