package handlers

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/templates"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// engine keeps incidents in memory, and decides as the real one does.
type engine struct {
	all  map[incident.ID][]incident.Recorded
	ids  []incident.ID
	fail error
}

func (e *engine) Do(_ context.Context, id incident.ID, cmd incident.Command) (incident.State, error) {
	if e.fail != nil {
		return incident.State{}, e.fail
	}
	before := incident.Fold(id, e.all[id])
	for _, r := range e.all[id] {
		if cmd.Request != "" && r.Request == cmd.Request {
			return before, nil
		}
	}
	events, s, err := incident.Decide(before, cmd)
	e.all[id] = append(e.all[id], events...)
	return s, err
}

func (e *engine) Declare(ctx context.Context, cmd incident.Declare, meta incident.Meta) (incident.State, error) {
	cmd.Number = incident.Number(41 + len(e.ids))
	cmd.Platforms = []string{"console"}
	cmd.Plans = []incident.Plan{{Audience: "stakeholders", Cadence: incident.StakeholderCadence()}, {Audience: "execs", Executive: true, Cadence: incident.ExecutiveCadence()}}
	cmd.Policy = incident.Policy{PostmortemFor: incident.Sev2, PostmortemDays: 5, GroupWindow: time.Hour, ReopenWindow: 2 * time.Hour}
	id := incident.ID(fmt.Sprintf("s00-%d", cmd.Number))
	s, err := e.Do(ctx, id, incident.Command{Meta: meta, Intent: cmd})
	if err == nil {
		e.ids = append(e.ids, id)
	}
	return s, err
}

func (e *engine) Load(_ context.Context, id incident.ID) (incident.State, map[string]int64, error) {
	return incident.Fold(id, e.all[id]), map[string]int64{"alerts": 5}, e.fail
}

func (e *engine) Events(_ context.Context, id incident.ID) ([]incident.Recorded, error) {
	return e.all[id], nil
}

func (e *engine) Numbered(_ context.Context, n incident.Number) (incident.ID, error) {
	id := incident.ID(fmt.Sprintf("s00-%d", n))
	if e.all[id] == nil {
		return "", nil
	}
	return id, nil
}

func (e *engine) InRoom(_ context.Context, _ string, room chat.RoomID) (incident.ID, error) {
	for _, id := range e.ids {
		if incident.Fold(id, e.all[id]).Rooms["console"].ID == string(room) {
			return id, nil
		}
	}
	return "", nil
}

func (e *engine) Open(ctx context.Context) ([]incident.State, error) {
	all, err := e.Recent(ctx, 100)
	return slices.DeleteFunc(all, func(s incident.State) bool { return !s.Open() }), err
}

func (e *engine) Recent(_ context.Context, limit int) ([]incident.State, error) {
	var out []incident.State
	for _, id := range slices.Backward(e.ids) {
		out = append(out, incident.Fold(id, e.all[id]))
	}
	return out[:min(limit, len(out))], e.fail
}

// world is a router over a small installation, and the people who type.
type world struct {
	testing.TB
	engine *engine
	router *Router
	deps   Deps
	set    ops.Set
	now    time.Time
	asked  int
}

func newWorld(t testing.TB) *world {
	t.Helper()
	texts, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, engine: &engine{all: map[incident.ID][]incident.Recorded{}}, now: noon}
	w.deps = Deps{
		Engine: w.engine, Templates: texts, Root: "/inc", Zone: time.UTC, Platforms: []string{"console"}, Log: zap.NewNop(), Patience: time.Minute,
		Catalog: catalog, Set: func() ops.Set { return w.set }, Now: func() time.Time { return w.now },
	}
	w.router = New(w.deps)
	return w
}

func catalog() ops.Catalog {
	return ops.Catalog{
		Services: []ops.Service{
			{Name: "checkout", Aliases: []string{"cart"}, Team: "payments", OnCall: []string{"ana", "bo"}},
			{Name: "search", Team: "discovery"},
		},
		People: []ops.Person{
			{Name: "ana", Title: "Ana Ruiz", Accounts: map[string]string{"console": "ana", "slack": "T1/U1"}, Timezone: "Europe/Madrid"},
			{Name: "bo", Title: "Bo", Accounts: map[string]string{"console": "bo"}},
		},
	}
}

func (w *world) in(user, room, text string) chat.Inbound {
	w.asked++
	return chat.Inbound{
		Kind: chat.Command, Platform: "console", User: chat.User{ID: chat.UserID(user), Name: user}, Room: chat.RoomID(room), Text: text,
		At: w.now, Request: fmt.Sprint("r", w.asked),
	}
}

// types has a person type a verb in a room and returns the answer in plain text; who alone sees it is told in front.
func (w *world) types(user, room, text string) string {
	w.Helper()
	return shown(w.router.Handle(w.Context(), w.in(user, room, text), nil))
}

func shown(a Answer) string {
	who := ""
	if a.Private {
		who = "(private) "
	}
	return who + a.Message.Plain()
}

// begin declares an incident as bo with an opened room "room" and returns its number as "#41".
func (w *world) begin(text string) string {
	w.Helper()
	before := len(w.engine.ids)
	w.types("bo", "general", text)
	if len(w.engine.ids) == before {
		w.Fatalf("%q declared nothing", text)
	}
	id := w.engine.ids[before]
	s := incident.Fold(id, w.engine.all[id])
	if !s.Rooms["console"].Usable() && len(s.Rooms) > 0 {
		w.does(id, incident.RoomIsOpen{RoomOpened: incident.RoomOpened{Platform: "console", Generation: 1, Room: "room" + s.Number.String()[1:], Name: "inc-" + s.Number.String()[1:]}})
	}
	return s.Number.String()
}

// does gives the engine a command that is no person's.
func (w *world) does(id incident.ID, intent incident.Intent) {
	w.Helper()
	if _, err := w.engine.Do(w.Context(), id, incident.Command{Meta: incident.Meta{At: w.now, Source: "test"}, Intent: intent}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) state(number string) incident.State {
	w.Helper()
	id := incident.ID("s00-" + strings.TrimPrefix(number, "#"))
	return incident.Fold(id, w.engine.all[id])
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), rewrite it with go test -update if it is right:\n%s", path, diff)
	}
}
