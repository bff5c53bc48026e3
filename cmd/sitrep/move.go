package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// line is one line of an export of everything: exactly one of its fields is set. Lines of an incident come together, its events first.
type line struct {
	Sitrep  int            `json:"sitrep,omitempty"` // version of this format; the first line
	Event   *eventLine     `json:"event,omitempty"`
	Counts  *countsLine    `json:"counts,omitempty"`
	Task    *store.Task    `json:"task,omitempty"`
	Timer   *store.Timer   `json:"timer,omitempty"`
	Request *store.Request `json:"request,omitempty"`
	Record  *recordLine    `json:"record,omitempty"`
	Entry   *store.Entry   `json:"entry,omitempty"`
	Lines   int            `json:"lines,omitempty"` // how many came before; the last line
}

type eventLine struct {
	Incident incident.ID     `json:"incident"`
	Recorded json.RawMessage `json:"recorded"` // by incident.Encode
}

type countsLine struct {
	Incident incident.ID      `json:"incident"`
	Counts   map[string]int64 `json:"counts"`
}

type recordLine struct {
	Kind  string `json:"kind"`
	Key   string `json:"key"`
	Value []byte `json:"value"`
}

// format is the version of the lines that this code reads and writes.
const format = 1

// exporter writes everything that a store has.
type exporter struct {
	st    store.Store
	out   *json.Encoder
	lines int
}

// exportAll writes everything, so that importAll makes the same store of it elsewhere. Nothing of it is held in memory as a whole.
func exportAll(ctx context.Context, st store.Store, out io.Writer) error {
	e := &exporter{st: st, out: json.NewEncoder(out)}
	if err := e.write(line{Sitrep: format}); err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{e.entries, e.incidents, e.tasks, e.timers, e.requests} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return e.out.Encode(line{Lines: e.lines})
}

func (e *exporter) write(l line) error {
	e.lines++
	return e.out.Encode(l)
}

// entries writes what the store remembers, and the records of each kind that there is.
func (e *exporter) entries(ctx context.Context) error {
	return e.st.Each(ctx, func(entry store.Entry) error {
		if entry.Kind != store.KindEntry {
			return e.write(line{Entry: &entry})
		}
		return e.st.EachRecord(ctx, entry.Key, "", func(key string, value []byte) error {
			return e.write(line{Record: &recordLine{Kind: entry.Key, Key: key, Value: value}})
		})
	})
}

const atOnce = 500 // of what is read in pages

func (e *exporter) incidents(ctx context.Context) error {
	var before incident.Number
	for {
		ids, err := e.st.List(ctx, before, atOnce)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			s, counts, err := e.st.Load(ctx, id)
			if err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			if err := e.incident(ctx, id, counts); err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			before = s.Number
		}
	}
}

func (e *exporter) incident(ctx context.Context, id incident.ID, counts map[string]int64) error {
	for after := incident.Version(0); ; {
		events, err := e.st.Events(ctx, id, after, atOnce)
		if err != nil {
			return err
		}
		for _, r := range events {
			data, err := incident.Encode(r)
			if err != nil {
				return err
			}
			if err := e.write(line{Event: &eventLine{id, data}}); err != nil {
				return err
			}
			after = r.Version
		}
		if len(events) < atOnce {
			break
		}
	}
	if len(counts) == 0 {
		return nil
	}
	return e.write(line{Counts: &countsLine{id, counts}})
}

func (e *exporter) tasks(ctx context.Context) error {
	for at := store.FromStart(nil); ; {
		tasks, err := e.st.Tasks(ctx, at, atOnce)
		if err != nil {
			return err
		}
		for _, t := range tasks {
			if err := e.write(line{Task: &t}); err != nil {
				return err
			}
			at[t.Incident.Shard()] = t.Seq
		}
		if len(tasks) < atOnce {
			return nil
		}
	}
}

func (e *exporter) requests(ctx context.Context) error {
	for at := store.FromStart(nil); ; {
		requests, err := e.st.Requests(ctx, at, atOnce)
		if err != nil {
			return err
		}
		for _, r := range requests {
			if err := e.write(line{Request: &r}); err != nil {
				return err
			}
			at[r.Shard()] = r.Seq
		}
		if len(requests) < atOnce {
			return nil
		}
	}
}

func (e *exporter) timers(ctx context.Context) error {
	timers, err := e.st.Due(ctx, nil, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 0)
	if err != nil {
		return err
	}
	for _, t := range timers {
		if err := e.write(line{Timer: &t}); err != nil {
			return err
		}
	}
	return nil
}
