package bot

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// Engine carries out commands on incidents: load, decide, and commit the events with the tasks and timers that follow from them.
// It may be used concurrently; commands to one incident are carried out one after the other.
type Engine struct {
	store   store.Store
	clock   Clock
	effects func(old, now incident.State, events []incident.Recorded) []store.Task
	config  func() *Settings
	seed    maphash.Seed
	stripes [64]sync.Mutex // the incident's stripe is held from load to commit, so that conflicts are only with other replicas
}

func newEngine(st store.Store, clock Clock, config func() *Settings,
	effects func(old, now incident.State, events []incident.Recorded) []store.Task,
) *Engine {
	return &Engine{store: st, clock: clock, config: config, effects: effects, seed: maphash.MakeSeed()}
}

// step is one change of an incident. Its decide may fill in the rest of the step from what it decides.
type step struct {
	id       incident.ID
	decide   func(incident.State, *step) ([]incident.Recorded, incident.State, error)
	requests []string
	claims   []store.Claim
	done     []store.TaskID
	timer    string // one that is to be put right: set as the state says, or taken away
	counts   map[string]int64
}

// Do carries out one command. A request that was carried out before changes nothing and gives the incident as it stands.
func (e *Engine) Do(ctx context.Context, id incident.ID, cmd incident.Command) (incident.State, error) {
	st := step{id: id, decide: func(s incident.State, _ *step) ([]incident.Recorded, incident.State, error) {
		return incident.Decide(s, cmd)
	}}
	if cmd.Request != "" {
		st.requests = []string{requestOf(cmd.Request, id)}
	}
	s, err := e.commit(ctx, st)
	if errors.Is(err, store.ErrReplayed) {
		return s, nil
	}
	return s, err
}

// finish carries out what came of a task, and takes the task away in the same step. An outcome that was overtaken takes only the task away.
func (e *Engine) finish(ctx context.Context, id incident.ID, intents []incident.Intent, done []store.TaskID) error {
	_, err := e.commit(ctx, step{id: id, done: done, decide: func(s incident.State, _ *step) ([]incident.Recorded, incident.State, error) {
		return e.decideAll(s, intents)
	}})
	return err
}

// mendTimer makes a timer what the incident's state says of it: one that was overtaken is taken away, one that was moved meanwhile is kept.
func (e *Engine) mendTimer(ctx context.Context, id incident.ID, name string) error {
	_, err := e.commit(ctx, step{id: id, timer: name, decide: func(s incident.State, _ *step) ([]incident.Recorded, incident.State, error) {
		return nil, s, nil
	}})
	return err
}

// decideAll decides several outcomes in a row; those that are refused change nothing.
func (e *Engine) decideAll(s incident.State, intents []incident.Intent) ([]incident.Recorded, incident.State, error) {
	var all []incident.Recorded
	for _, in := range intents {
		events, next, err := incident.Decide(s, incident.Command{Meta: incident.Meta{At: e.clock.Now(), Source: "sitrep"}, Intent: in})
		if err != nil {
			if refused := (*incident.Refused)(nil); errors.As(err, &refused) {
				continue
			}
			return nil, s, err
		}
		all, s = append(all, events...), next
	}
	return all, s, nil
}

// commit takes a step. Its state is that after the step, or the incident as it stands when nothing was changed.
func (e *Engine) commit(ctx context.Context, st step) (s incident.State, err error) {
	mu := &e.stripes[maphash.String(e.seed, string(st.id))%uint64(len(e.stripes))]
	mu.Lock()
	defer mu.Unlock()
	for {
		err = safely("bot.commit", func() (err error) {
			s, err = e.try(ctx, st)
			return err
		})
		if !errors.Is(err, store.ErrConflict) {
			return s, err
		}
	}
}

func (e *Engine) try(ctx context.Context, st step) (incident.State, error) {
	old, _, err := e.store.Load(ctx, st.id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return incident.State{}, err
	}
	old.ID = st.id
	events, now, err := st.decide(old, &st)
	if err != nil {
		return old, e.unlessAnswered(ctx, st, err)
	}
	if err := e.write(ctx, st, old, now, events); err != nil {
		return old, err
	}
	return now, nil
}

// unlessAnswered drops a refusal when the request was carried out before: what it asked for is so already because of it.
func (e *Engine) unlessAnswered(ctx context.Context, st step, refusal error) error {
	for _, r := range st.requests {
		if yes, err := e.store.Answered(ctx, st.id, r); err != nil || yes {
			return err
		}
	}
	return refusal
}

// requestOf names a request for one incident: it may concern several, and is carried out once for each.
func requestOf(request string, id incident.ID) string { return request + "@" + string(id) }

func (e *Engine) write(ctx context.Context, st step, old, now incident.State, events []incident.Recorded) error {
	c := store.Commit{
		Incident: st.id, Expect: old.Version, Events: events, State: now,
		Done: st.done, Claims: st.claims, Counts: st.counts, Requests: st.requests,
	}
	recorded := e.clock.Now()
	for i := range c.Events {
		c.Events[i].RecordedAt = recorded
	}
	if len(events) > 0 {
		c.Tasks = e.effects(old, now, c.Events)
		for i := range c.Tasks {
			c.Tasks[i].Created = time.Now() // real time: it is compared with that of the platforms' messages
		}
		c.Set, c.Clear = timerChanges(old, now)
	}
	if st.timer != "" {
		c.Set, c.Clear = timerAsIs(now, st.timer)
	}
	if len(events)+len(c.Done)+len(c.Requests)+len(c.Counts)+len(c.Set)+len(c.Clear) == 0 {
		return nil
	}
	return e.store.Commit(ctx, c)
}

// timerAsIs returns what makes one timer that of the state.
func timerAsIs(s incident.State, name string) (set []store.Timer, gone []string) {
	for _, t := range incident.Timers(s) {
		if t.Name == name {
			return []store.Timer{{Incident: s.ID, Name: name, Due: t.Due}}, nil
		}
	}
	return nil, []string{name}
}

// timerChanges returns what makes the timers of old those of now.
func timerChanges(old, now incident.State) (set []store.Timer, gone []string) {
	had := make(map[string]time.Time)
	if old.Declared() {
		for _, t := range incident.Timers(old) {
			had[t.Name] = t.Due
		}
	}
	for _, t := range incident.Timers(now) {
		if due, ok := had[t.Name]; !ok || !due.Equal(t.Due) {
			set = append(set, store.Timer{Incident: now.ID, Name: t.Name, Due: t.Due})
		}
		delete(had, t.Name)
	}
	for name := range had {
		gone = append(gone, name)
	}
	return set, gone
}

// Declare opens an incident by hand. Its id is made from the request, so that declaring the same request again finds the incident
// that the first one opened.
func (e *Engine) Declare(ctx context.Context, cmd incident.Declare, meta incident.Meta) (incident.State, error) {
	unique := ulid.Make().String()
	if meta.Request != "" {
		unique = digest(meta.Request)
	}
	id := incident.NewID(unique, unique)
	if s, _, err := e.store.Load(ctx, id); err == nil {
		return s, nil
	}
	cmd, err := e.fill(ctx, id, cmd)
	if err != nil {
		return incident.State{}, err
	}
	s, err := e.Do(ctx, id, incident.Command{Meta: meta, Intent: cmd})
	if refused := (*incident.Refused)(nil); errors.As(err, &refused) && refused.Code == incident.Already {
		return s, nil
	}
	return s, err
}

// fill gives a declaration its number, and what the configuration says where the declaration says nothing.
func (e *Engine) fill(ctx context.Context, id incident.ID, cmd incident.Declare) (incident.Declare, error) {
	set := e.config()
	if len(cmd.Platforms) == 0 {
		cmd.Platforms = set.RoomPlatforms
	}
	if len(cmd.Plans) == 0 {
		cmd.Plans = set.Audiences
	}
	if cmd.Policy == (incident.Policy{}) {
		cmd.Policy = set.Policy
	}
	if cmd.Triage && len(set.Announce) == 0 {
		cmd.Triage = false
		cmd.Why = append(cmd.Why, "No announcement channel is configured, so it got a room at once.")
	}
	if cmd.Number != 0 {
		return cmd, nil
	}
	n, err := e.store.Reserve(ctx, id)
	cmd.Number = n
	return cmd, err
}

// Load returns an incident and its counters, or store.ErrNotFound.
func (e *Engine) Load(ctx context.Context, id incident.ID) (incident.State, map[string]int64, error) {
	return e.store.Load(ctx, id)
}

// Events returns the whole record of an incident.
func (e *Engine) Events(ctx context.Context, id incident.ID) ([]incident.Recorded, error) {
	return e.store.Events(ctx, id, 0, 0)
}

// Numbered returns the incident with that number, and an empty id when there is none.
func (e *Engine) Numbered(ctx context.Context, n incident.Number) (incident.ID, error) {
	return found(e.store.Numbered(ctx, n))
}

// InRoom returns the incident of a room, and an empty id when the room is of none.
func (e *Engine) InRoom(ctx context.Context, platform string, room chat.RoomID) (incident.ID, error) {
	return found(e.store.Room(ctx, platform, string(room)))
}

func found(id incident.ID, err error) (incident.ID, error) {
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return id, err
}

// Open returns all open incidents, the newest first.
func (e *Engine) Open(ctx context.Context) ([]incident.State, error) {
	ids, err := e.store.Open(ctx)
	if err != nil {
		return nil, err
	}
	return e.states(ctx, ids)
}

// Recent returns the last incidents, open or not, the newest first.
func (e *Engine) Recent(ctx context.Context, limit int) ([]incident.State, error) {
	ids, err := e.store.List(ctx, 0, limit)
	if err != nil {
		return nil, err
	}
	return e.states(ctx, ids)
}

func (e *Engine) states(ctx context.Context, ids []incident.ID) ([]incident.State, error) {
	out := make([]incident.State, 0, len(ids))
	for _, id := range ids {
		s, _, err := e.store.Load(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// digest makes a short name of a text that does not repeat: 25 characters, which is what the strictest platform takes as a nonce.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:25]
}
