package bolt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// head is what a commit must know of the one before it, without decoding the State.
type head struct {
	Fold    int              `json:"fold"` // that made the State
	Version incident.Version `json:"v"`
	Number  incident.Number  `json:"n"`
	Open    bool             `json:"open,omitempty"`
	Rooms   []string         `json:"rooms,omitempty"` // keys in the bucket rooms
}

func headOf(s incident.State) head {
	h := head{Fold: incident.FoldVersion, Version: s.Version, Number: s.Number, Open: s.Open()}
	for platform, room := range s.Rooms {
		if room.Usable() {
			h.Rooms = append(h.Rooms, string(pair(platform, room.ID)))
		}
	}
	slices.Sort(h.Rooms)
	return h
}

// readState returns an incident's head and its State in JSON, which is nil when there is no such incident.
func readState(tx *bbolt.Tx, id incident.ID) (h head, state []byte, err error) {
	data := tx.Bucket(incidents).Get(stateKey(id))
	if data == nil {
		return head{}, nil, nil
	}
	first, state, found := bytes.Cut(data, []byte("\n"))
	if !found {
		return head{}, nil, fmt.Errorf("incident %s: the state has no head", id)
	}
	if err := json.Unmarshal(first, &h); err != nil {
		return head{}, nil, fmt.Errorf("incident %s: %w", id, err)
	}
	return h, state, nil
}

func stateValue(h head, s incident.State) ([]byte, error) {
	first, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	state, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	return append(append(first, '\n'), state...), nil
}

// Commit writes one step of an incident, all of it or nothing. Without Events, and with Expect zero, the version is not looked at.
// A replay is told as such even when the incident has changed since. Of what is both taken away and added, the addition stays.
func (s *Store) Commit(ctx context.Context, c store.Commit) error {
	if err := c.Check(); err != nil {
		return misuse("bolt.Commit", err)
	}
	p, err := encode(c)
	if err != nil {
		return misuse("bolt.Commit", err)
	}
	p.at = moment(s.now())
	check := func(tx *bbolt.Tx) error {
		if c.Fence != nil && !s.leases.holds(c.Fence, s.now()) {
			return store.ErrFenced
		}
		return p.check(tx)
	}
	if err := s.write(ctx, "bolt.Commit", check, p.write); err != nil {
		return err
	}
	if len(c.Tasks)+len(c.Set) > 0 {
		s.signal()
	}
	return nil
}

// prepared is a commit with everything encoded that can be before its turn comes.
type prepared struct {
	store.Commit
	at     []byte // moment of the commit
	events [][]byte
	state  []byte
	tasks  [][]byte
	head   head // after the commit
	before head // found by check
}

func encode(c store.Commit) (*prepared, error) {
	p := &prepared{Commit: c}
	for _, e := range c.Events {
		data, err := incident.Encode(e)
		if err != nil {
			return nil, err
		}
		p.events = append(p.events, data)
	}
	for _, t := range c.Tasks {
		data, err := json.Marshal(t)
		if err != nil {
			return nil, fmt.Errorf("task %s: %w", t.ID, err)
		}
		p.tasks = append(p.tasks, data)
	}
	if len(c.Events) == 0 {
		return p, nil
	}
	st := c.State
	st.ID = c.Incident
	p.head = headOf(st)
	var err error
	p.state, err = stateValue(p.head, st)
	return p, err
}

func (p *prepared) check(tx *bbolt.Tx) error {
	for _, r := range p.Requests {
		if answered.has(tx, answeredKey(p.Incident.Shard(), r)) {
			return store.ErrReplayed
		}
	}
	var err error
	if p.before, _, err = readState(tx, p.Incident); err != nil {
		return err
	}
	if (len(p.Events) > 0 || p.Expect != 0) && p.before.Version != p.Expect {
		return store.ErrConflict
	}
	for _, c := range p.Claims {
		if by := incident.ID(tx.Bucket(claims).Get([]byte(c.Key))); by != c.From {
			return &store.ClaimedError{Key: c.Key, By: by}
		}
	}
	return nil
}

func (p *prepared) write(tx *bbolt.Tx) error {
	for _, f := range []func(*bbolt.Tx) error{p.writeRecord, p.writeQueue, p.writeTimers, p.writeCounts} {
		if err := f(tx); err != nil {
			return err
		}
	}
	for _, c := range p.Claims {
		if err := tx.Bucket(claims).Put([]byte(c.Key), []byte(p.Incident)); err != nil {
			return err
		}
	}
	for _, r := range p.Requests {
		if err := answered.add(tx, answeredKey(p.Incident.Shard(), r), p.at); err != nil {
			return err
		}
	}
	return nil
}

// writeRecord writes the events, the state, and the indexes that follow from it.
func (p *prepared) writeRecord(tx *bbolt.Tx) error {
	if len(p.events) == 0 {
		return nil
	}
	for i, data := range p.events {
		if err := tx.Bucket(incidents).Put(eventKey(p.Incident, p.Events[i].Version), data); err != nil {
			return err
		}
	}
	if err := tx.Bucket(incidents).Put(stateKey(p.Incident), p.state); err != nil {
		return err
	}
	return errors.Join(p.indexOpen(tx), p.indexRooms(tx))
}

func (p *prepared) indexOpen(tx *bbolt.Tx) error {
	b := tx.Bucket(openBucket)
	was, is := p.before, p.head
	if was.Open && (!is.Open || was.Number != is.Number) {
		if err := b.Delete(openKey(was.Number, p.Incident)); err != nil {
			return err
		}
	}
	if is.Open && (!was.Open || was.Number != is.Number) {
		return b.Put(openKey(is.Number, p.Incident), nil)
	}
	return nil
}

func (p *prepared) indexRooms(tx *bbolt.Tx) error {
	b := tx.Bucket(rooms)
	for _, k := range p.before.Rooms {
		// A room that another incident has got since stays with it.
		if slices.Contains(p.head.Rooms, k) || incident.ID(b.Get([]byte(k))) != p.Incident {
			continue
		}
		if err := b.Delete([]byte(k)); err != nil {
			return err
		}
	}
	for _, k := range p.head.Rooms {
		if slices.Contains(p.before.Rooms, k) {
			continue
		}
		if err := b.Put([]byte(k), []byte(p.Incident)); err != nil {
			return err
		}
	}
	return nil
}

func (p *prepared) writeCounts(tx *bbolt.Tx) error {
	if len(p.Counts) == 0 {
		return nil
	}
	sums := make(map[string]int64)
	if err := getJSON(tx, incidents, countsKey(p.Incident), &sums); err != nil {
		return err
	}
	for name, n := range p.Counts {
		sums[name] += n
	}
	return putJSON(tx, incidents, countsKey(p.Incident), sums)
}
