// Package store is the port through which sitrep keeps what it must not lose: the events of incidents, the requests that came in,
// the tasks that are to be done and the timers that are to fire. Its heart is Commit, which changes all of these for one incident in one atomic step.
//
// Everything about an incident lives in one shard, the one that its id names, and a commit touches one shard alone. What comes in lives in the
// shard of its id's hash. Order is promised within a shard, and not between shards.
//
// It has no implementation of its own: bolt is one file in one process, redis is for several, and storetest is the suite that each one passes.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sitrep/bot/incident"
)

// Store keeps everything. Its methods may be called concurrently; what they return belongs to the caller. A write that returned nil is
// durable. Errors other than those named here mean that the store cannot be relied on at the moment.
type Store interface {
	Commit(context.Context, Commit) error
	Incidents
	Inbox
	Queue
	Records
	Leases
	Listing
	// Changed receives, without ever blocking the writer, after tasks, timers or requests were added.
	Changed() <-chan struct{}
	Close() error
}

// ErrConflict says that the incident's version is not the expected one: load it, and decide again.
var ErrConflict = errors.New("store: the incident has changed meanwhile")

// ErrReplayed says that a request of the commit was answered by an earlier commit. Nothing was written.
var ErrReplayed = errors.New("store: the request was carried out before")

// ErrNotFound says that there is no such incident or record.
var ErrNotFound = errors.New("store: not found")

// ErrFull says that there is no room for more; what was to be written was not.
var ErrFull = errors.New("store: no space left")

// ErrHeld says that somebody else holds the lease.
var ErrHeld = errors.New("store: the lease is held by another")

// ErrFenced says that the lease by which a commit was made is no longer held. Nothing was written.
var ErrFenced = errors.New("store: the lease was lost")

// ClaimedError says that a key of the commit is held by another incident than was expected. Nothing was written.
type ClaimedError struct {
	Key string
	By  incident.ID // empty when nobody holds it
}

func (e *ClaimedError) Error() string { return fmt.Sprintf("store: %s is held by %q", e.Key, e.By) }

// Names reports whether err is one that the port names, other than ErrFull, so that a store passes it as it is.
func Names(err error) bool {
	claimed := (*ClaimedError)(nil)
	return errors.Is(err, ErrConflict) || errors.Is(err, ErrReplayed) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrFenced) ||
		errors.Is(err, ErrHeld) || errors.As(err, &claimed)
}

// Commit is one atomic step. Either all of it is written, or nothing.
type Commit struct {
	Incident incident.ID // empty only when there are no Events
	Expect   incident.Version
	Events   []incident.Recorded // versions Expect+1, Expect+2, …
	State    incident.State      // after Events; State.Version is the last event's
	Tasks    []Task              // added; one whose ID is there already is left as it is
	Done     []TaskID            // taken away; one that is not there, or not in the commit's shard, is no error
	Set      []Timer             // set, or moved
	Clear    []string            // names of timers of the incident to take away
	Claims   []Claim
	// Requests are the inbox entries that the commit carries out. They are remembered in the incident's shard, so that a replay finds
	// ErrReplayed; the entries themselves are closed with CloseRequests.
	Requests []string
	Counts   map[string]int64 // added to the incident's counters
	Fence    *Fence           // when set, the commit is refused with ErrFenced unless this lease is held with this token
}

// Shard returns the shard that the commit is written to.
func (c Commit) Shard() incident.Shard { return c.Incident.Shard() }

// Claim takes a key for the commit's incident, if From holds it now; empty From: if nobody does. The key must be one of the incident's shard, by
// incident.ShardOf, as the key is from which incident.NewID made its id.
type Claim struct {
	Key  string
	From incident.ID
}

// Incidents reads the record.
type Incidents interface {
	// Load returns the State and the counters of an incident. A State of another FoldVersion has been folded again.
	Load(context.Context, incident.ID) (incident.State, map[string]int64, error)
	// Events returns an incident's events after a version, oldest first; limit 0 means all.
	Events(ctx context.Context, id incident.ID, after incident.Version, limit int) ([]incident.Recorded, error)
	// Reserve returns a number that was never returned before, and remembers whose it is. A number whose incident was never
	// committed is a gap.
	Reserve(context.Context, incident.ID) (incident.Number, error)
	// Numbered returns the incident with that number, or ErrNotFound.
	Numbered(context.Context, incident.Number) (incident.ID, error)
	// Open returns the ids of all open incidents, the highest number first.
	Open(context.Context) ([]incident.ID, error)
	// List returns ids of incidents with a number below before (0: all), the highest number first, at most limit.
	List(ctx context.Context, before incident.Number, limit int) ([]incident.ID, error)
	// Claimed returns who holds a key, or an empty id.
	Claimed(ctx context.Context, key string) (incident.ID, error)
	// Answered reports whether a commit to the shard of the incident has carried out a request.
	Answered(ctx context.Context, id incident.ID, request string) (bool, error)
	// Room returns the incident that a room of a platform belongs to, or ErrNotFound. It follows State.Rooms.
	Room(ctx context.Context, platform, room string) (incident.ID, error)
}

// Request is something that came in, as it was received.
type Request struct {
	ID     string            `json:"id"`     // the sender's own, with the source before it
	Source string            `json:"source"` // a platform's or integration's name
	Kind   string            `json:"kind,omitempty"`
	Header map[string]string `json:"header,omitempty"`
	Body   []byte            `json:"body"`
	At     time.Time         `json:"at"`
	Seq    uint64            `json:"-"` // given by the store: later requests of a shard have higher ones
}

// Shard returns the shard in which the request waits.
func (r Request) Shard() incident.Shard { return incident.ShardOf(r.ID) }

// Inbox keeps requests from before they are acknowledged until they are answered.
type Inbox interface {
	// Receive stores a request, and reports whether its ID is new. An ID is remembered for at least a day after its entry was closed.
	Receive(context.Context, Request) (fresh bool, err error)
	// Requests returns the open entries after a place, those of a shard in order, at most limit, which 0 leaves open. Fewer than limit means that
	// there are no more.
	Requests(ctx context.Context, after Cursor, limit int) ([]Request, error)
	// CloseRequests takes entries away. One that is not open is no error.
	CloseRequests(ctx context.Context, ids ...string) error
}

// TaskID names a task for ever: it is made of incident, version and effect, so that the same effect is never added twice.
type TaskID string

// Task is something to be done in the outside world.
type Task struct {
	ID       TaskID      `json:"id"`
	Incident incident.ID `json:"incident"`
	Lane     string      `json:"lane"` // tasks of a lane are done in order
	Kind     string      `json:"kind"` // the worker knows what it means
	Payload  []byte      `json:"payload,omitempty"`
	Urgent   bool        `json:"urgent,omitempty"` // may overtake the tasks of its lane that are not
	Merge    string      `json:"merge,omitempty"`  // of the tasks of a lane with the same Merge only the newest need be done
	Created  time.Time   `json:"created"`
	Seq      uint64      `json:"-"` // given by the store: later tasks of a shard have higher ones
}

// Timer is a moment at which an incident must be looked at.
type Timer struct {
	Incident incident.ID `json:"incident"`
	Name     string      `json:"name"` // unique in the incident
	Due      time.Time   `json:"due"`
}

// Queue is the tasks and timers that commits have left. Nil shards are all of them, and no shards are none.
type Queue interface {
	// Tasks returns tasks after a place, those of a shard in order, at most limit, which 0 leaves open. Fewer than limit means that there are
	// no more.
	Tasks(ctx context.Context, after Cursor, limit int) ([]Task, error)
	// Due returns timers of the shards that are due at now or before, the earliest first, at most limit, which 0 leaves open.
	Due(ctx context.Context, shards []incident.Shard, now time.Time, limit int) ([]Timer, error)
	// Next returns when the earliest timer of the shards is due, and false when there is none.
	Next(ctx context.Context, shards []incident.Shard) (time.Time, bool, error)
}

// Records keeps plain records, each under a kind and a key.
type Records interface {
	PutRecord(ctx context.Context, kind, key string, value []byte) error
	// Record returns a record, or ErrNotFound.
	Record(ctx context.Context, kind, key string) ([]byte, error)
	// EachRecord calls f for the records of a kind whose key begins with prefix, in the order of their keys, until f returns an error.
	EachRecord(ctx context.Context, kind, prefix string, f func(key string, value []byte) error) error
	// DeleteRecord takes a record away; one that is not there is no error.
	DeleteRecord(ctx context.Context, kind, key string) error
}
