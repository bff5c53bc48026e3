package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/oklog/ulid/v2"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

func importCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Fill the configured store with everything that was exported from another one",
		Long: `Reads what "sitrep export --all" has written, from a file or with - from standard input, into the configured store, which must
be empty, and in which no bot may run meanwhile. An import that breaks off leaves a store that is of no use: empty it, and begin again.`,
		Example: "  sitrep export --all -c old.yaml | sitrep import -c new.yaml -",
		Args:    cobra.ExactArgs(1),
	}
	path := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := readConfig(*path)
		if err != nil {
			return err
		}
		in := cmd.InOrStdin()
		if args[0] != "-" {
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer func() { _ = f.Close() }()
			in = f
		}
		st, err := openStore(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		n := 0
		alone := sole{leases: st, owner: ulid.Make().String(), ttl: leaseTTL}
		err = alone.run(cmd.Context(), func(ctx context.Context) (err error) {
			n, err = importAll(ctx, st, in)
			return err
		})
		if err = errors.Join(err, st.Close()); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%d lines imported\n", n)
		return nil
	}
	return cmd
}

// importer fills a store. What must not keep its order is written at once, since a store makes one fsync of many writes.
type importer struct {
	st      store.Store
	g       *errgroup.Group
	numbers []store.Entry
	last    incident.Number // that was reserved
	state   incident.State  // of the incident whose lines are being read
	events  []incident.Recorded
	commits []store.Commit // of that incident, in their order
	lines   int            // that were read
}

// importAll fills an empty store with what exportAll has written, and returns how many lines that were.
func importAll(ctx context.Context, st store.Store, in io.Reader) (int, error) {
	if err := empty(ctx, st); err != nil {
		return 0, err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(64)
	m := &importer{st: st, g: g}
	err := m.readAll(gctx, json.NewDecoder(in))
	if werr := g.Wait(); werr != nil {
		err = werr // the one that has ended the others
	}
	return m.lines, err
}

// empty refuses a store in which there is anything.
func empty(ctx context.Context, st store.Store) error {
	used := errors.New("the store is not empty; import into a new one")
	if err := st.Each(ctx, func(store.Entry) error { return used }); err != nil {
		return err
	}
	requests, err := st.Requests(ctx, nil, 1)
	if err != nil {
		return err
	}
	tasks, err := st.Tasks(ctx, nil, 1)
	if len(requests)+len(tasks) > 0 {
		return used
	}
	return err
}

func (m *importer) readAll(ctx context.Context, in *json.Decoder) error {
	var first line
	if err := in.Decode(&first); err != nil || first.Sitrep == 0 {
		return errors.New("this was not written by `sitrep export --all`")
	}
	if first.Sitrep > format {
		return fmt.Errorf("this was written in format %d by a newer sitrep, and this one knows formats up to %d", first.Sitrep, format)
	}
	for m.lines = 1; ; m.lines++ {
		var l line
		if err := in.Decode(&l); err != nil {
			return fmt.Errorf("line %d: the export is cut short or damaged: %w", m.lines+1, err)
		}
		if l.Lines > 0 {
			if l.Lines != m.lines {
				return fmt.Errorf("%d lines were written, and only %d are here", l.Lines, m.lines)
			}
			return m.flush(ctx)
		}
		if err := m.take(ctx, l); err != nil {
			return fmt.Errorf("line %d: %w", m.lines+1, err)
		}
	}
}

// take writes a line, or keeps it until its incident is complete.
func (m *importer) take(ctx context.Context, l line) error {
	switch {
	case l.Entry != nil && l.Entry.Kind == store.NumberEntry:
		m.numbers = append(m.numbers, *l.Entry)
		return nil
	case l.Entry != nil:
		m.g.Go(func() error { return m.remember(ctx, *l.Entry) })
		return nil
	case l.Record != nil:
		m.g.Go(func() error { return m.st.PutRecord(ctx, l.Record.Kind, l.Record.Key, l.Record.Value) })
		return nil
	case l.Timer != nil:
		m.g.Go(func() error {
			return m.st.Commit(ctx, store.Commit{Incident: l.Timer.Incident, Set: []store.Timer{*l.Timer}})
		})
		return nil
	case l.Counts != nil:
		m.g.Go(func() error {
			return m.st.Commit(ctx, store.Commit{Incident: l.Counts.Incident, Counts: l.Counts.Counts})
		})
		return nil
	case l.Event != nil:
		return m.event(ctx, l.Event)
	case l.Task != nil:
		return m.st.Commit(ctx, store.Commit{Incident: l.Task.Incident, Tasks: []store.Task{*l.Task}})
	case l.Request != nil:
		_, err := m.st.Receive(ctx, *l.Request)
		return err
	}
	return errors.New("what this is, this sitrep does not know")
}

// remember writes what a store remembers by writing what it is remembered from.
func (m *importer) remember(ctx context.Context, e store.Entry) error {
	switch e.Kind {
	case store.ClaimEntry:
		return m.st.Commit(ctx, store.Commit{Incident: e.Incident, Claims: []store.Claim{{Key: e.Key}}})
	case store.AnsweredEntry:
		nobody := incident.ID(fmt.Sprintf("s%02d-import", e.Shard)) // what counts is its shard
		return m.st.Commit(ctx, store.Commit{Incident: nobody, Requests: []string{e.Key}})
	case store.ClosedEntry:
		if _, err := m.st.Receive(ctx, store.Request{ID: e.Key}); err != nil {
			return err
		}
		return m.st.CloseRequests(ctx, e.Key)
	}
	return fmt.Errorf("an entry of kind %q, which this sitrep does not know", e.Kind)
}

// event keeps an event until its incident is complete.
func (m *importer) event(ctx context.Context, l *eventLine) error {
	r, err := incident.Decode(l.Recorded)
	if err != nil {
		return err
	}
	if l.Incident != m.state.ID {
		if err := m.flush(ctx); err != nil {
			return err
		}
		m.state = incident.State{ID: l.Incident}
	}
	if m.events = append(m.events, r); len(m.events) == atOnce {
		m.cut()
	}
	return nil
}

// cut makes a commit of the events that were kept.
func (m *importer) cut() {
	if len(m.events) == 0 {
		return
	}
	c := store.Commit{Incident: m.state.ID, Expect: m.state.Version, Events: m.events}
	for _, r := range m.events {
		m.state = incident.Apply(m.state, r)
	}
	c.State, m.events = m.state, nil
	m.commits = append(m.commits, c)
}

// flush has the incident written that was read.
func (m *importer) flush(ctx context.Context) error {
	if err := m.reserve(ctx); err != nil {
		return err
	}
	m.cut()
	commits := m.commits
	m.commits = nil
	m.g.Go(func() error {
		for _, c := range commits {
			if err := m.st.Commit(ctx, c); err != nil {
				return fmt.Errorf("%s: %w", c.Incident, err)
			}
		}
		return nil
	})
	return nil
}

// reserve gives the numbers again, in their order, and to nobody those that belong to nobody.
func (m *importer) reserve(ctx context.Context) error {
	slices.SortFunc(m.numbers, func(a, b store.Entry) int { return cmp.Compare(a.Number, b.Number) })
	for _, want := range m.numbers {
		for m.last < want.Number {
			id := want.Incident
			if m.last+1 < want.Number {
				id = "s00-nobody"
			}
			n, err := m.st.Reserve(ctx, id)
			if err != nil {
				return err
			}
			if m.last++; n != m.last {
				return fmt.Errorf("number %d became %d: something else writes to the store", m.last, n)
			}
		}
	}
	m.numbers = nil
	return nil
}
