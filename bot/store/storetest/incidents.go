package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

var incidents = []behaviour{
	{"numbers are given once, and rise", numbersRise},
	{"numbers are given once to concurrent callers", numbersAtOnce},
	{"a number without an incident is a gap", numberGap},
	{"open incidents follow the state", openFollowsState},
	{"the list pages from the highest number", listPages},
	{"rooms follow the state", roomsFollowState},
	{"a room that another incident has got stays with it", roomTakenOver},
	{"a cancelled read fails", cancelledRead},
}

func numbersRise(f *fixture) {
	var last incident.Number
	for i := range 5 {
		if i == 3 {
			f.reopen()
		}
		n, err := f.Reserve(f.Context(), one)
		f.must(err)
		if n <= last {
			f.Fatalf("number %d after %d", n, last)
		}
		last = n
	}
}

func numbersAtOnce(f *fixture) {
	got := make([]incident.Number, 64)
	for _, err := range together(len(got), func(i int) (err error) {
		got[i], err = f.Reserve(f.Context(), incident.ID(fmt.Sprintf("s%02d-x", i)))
		return err
	}) {
		f.must(err)
	}
	slices.Sort(got)
	f.same("how many different numbers", 64, len(slices.Compact(got)))
	if got[0] < 1 {
		f.Errorf("the lowest number is %d", got[0])
	}
}

func (f *fixture) numbered(n incident.Number, want incident.ID) {
	f.Helper()
	got, err := f.Numbered(f.Context(), n)
	if want == "" && errors.Is(err, store.ErrNotFound) {
		return
	}
	f.must(err)
	f.same(n.String(), want, got)
}

func (f *fixture) listed(before incident.Number, limit int, want ...incident.ID) {
	f.Helper()
	got, err := f.List(f.Context(), before, limit)
	f.must(err)
	f.same(fmt.Sprintf("list before %d, limit %d", before, limit), want, got)
}

func (f *fixture) opened(want ...incident.ID) {
	f.Helper()
	got, err := f.Open(f.Context())
	f.must(err)
	f.same("open incidents", want, got)
}

func numberGap(f *fixture) {
	a := f.declare(one)
	gap, err := f.Reserve(f.Context(), two)
	f.must(err)
	c := f.declare(three)
	f.numbered(a.Number, one)
	f.numbered(gap, "")
	f.numbered(c.Number, three)
	f.numbered(c.Number+1, "")
	f.numbered(0, "")
	f.listed(0, 100, three, one)
	f.commit(declared(two, gap))
	f.numbered(gap, two)
	f.listed(0, 100, three, two, one)
}

func openFollowsState(f *fixture) {
	f.opened()
	a := f.declare(one)
	f.declare(two)
	f.declare(three)
	f.opened(three, two, one)
	a = f.follow(a, func(s *incident.State) { s.Title = "renamed" })
	f.opened(three, two, one)
	a = f.follow(a, func(s *incident.State) { s.Reason = incident.ByResolution })
	f.opened(three, two)
	f.reopen()
	f.opened(three, two)
	f.listed(0, 100, three, two, one)
	f.follow(a, func(s *incident.State) { s.Reason = "" })
	f.opened(three, two, one)
}

func listPages(f *fixture) {
	var want []incident.ID
	for i := range 20 {
		id := incident.ID(fmt.Sprintf("s%02d-x", i))
		f.declare(id)
		want = append([]incident.ID{id}, want...)
	}
	var got []incident.ID
	var before incident.Number
	for {
		ids, err := f.List(f.Context(), before, 7)
		f.must(err)
		if len(ids) == 0 {
			break
		}
		got = append(got, ids...)
		s, _, err := f.Load(f.Context(), ids[len(ids)-1])
		f.must(err)
		before = s.Number
	}
	f.same("all pages", want, got)
	f.listed(1<<40, 2, want[0], want[1])
}

func (f *fixture) room(platform, room string, want incident.ID) {
	f.Helper()
	got, err := f.Room(f.Context(), platform, room)
	if want == "" {
		if !errors.Is(err, store.ErrNotFound) {
			f.Fatalf("room %s of %s: got %q, %v, want ErrNotFound", room, platform, got, err)
		}
		return
	}
	f.must(err)
	f.same("room "+room+" of "+platform, want, got)
}

func roomsFollowState(f *fixture) {
	a, b := f.declare(one), f.declare(two)
	a = f.follow(a, func(s *incident.State) { s.Rooms = map[string]incident.Room{"slack": {Generation: 1}} })
	f.room("slack", "", "")
	a = f.follow(a, func(s *incident.State) {
		s.Rooms = map[string]incident.Room{"slack": {Generation: 1, ID: "C1"}, "discord": {Generation: 1, ID: "77"}}
	})
	f.follow(b, func(s *incident.State) { s.Rooms = map[string]incident.Room{"slack": {Generation: 1, ID: "C2"}} })
	f.room("slack", "C1", one)
	f.room("discord", "77", one)
	f.room("slack", "C2", two)
	f.room("discord", "C1", "")
	f.room("slack", "77", "")
	a = f.follow(a, func(s *incident.State) {
		s.Rooms = map[string]incident.Room{"slack": {Generation: 1, ID: "C1", Lost: "deleted"}, "discord": {Generation: 1, ID: "77"}}
	})
	f.room("slack", "C1", "")
	f.room("discord", "77", one)
	a = f.follow(a, func(s *incident.State) {
		s.Rooms = map[string]incident.Room{"slack": {Generation: 2, ID: "C9"}, "discord": {Generation: 1, ID: "77"}}
	})
	f.follow(a, func(s *incident.State) { s.Reason = incident.ByResolution })
	f.reopen()
	f.room("slack", "C9", one)
	f.room("discord", "77", one)
	f.room("slack", "C2", two)
}

func roomTakenOver(f *fixture) {
	for i, other := range []incident.ID{two, neighbour, "s00-zero"} {
		id := incident.ID(fmt.Sprint("s01-first", i))
		room := fmt.Sprint("C", i)
		inRoom := func(s *incident.State) { s.Rooms = map[string]incident.Room{"slack": {Generation: 1, ID: room}} }
		a := f.follow(f.declare(id), inRoom)
		f.follow(f.declare(other), inRoom)
		f.room("slack", room, other)
		a = f.follow(a, func(s *incident.State) { s.Title = "renamed" })
		f.room("slack", room, other)
		f.follow(a, func(s *incident.State) { s.Rooms = nil })
		f.room("slack", room, other)
	}
}

func cancelledRead(f *fixture) {
	f.declare(one)
	ctx := f.cancelled()
	for name, read := range map[string]func() error{
		"Load":     func() error { _, _, err := f.Load(ctx, one); return err },
		"Events":   func() error { _, err := f.Events(ctx, one, 0, 0); return err },
		"Open":     func() error { _, err := f.Open(ctx); return err },
		"Tasks":    func() error { _, err := f.Tasks(ctx, nil, 1); return err },
		"Requests": func() error { _, err := f.Requests(ctx, nil, 1); return err },
		"Record":   func() error { _, err := f.Record(ctx, "k", "k"); return err },
		"Receive":  func() error { _, err := f.Receive(ctx, store.Request{ID: "r"}); return err },
		"Acquire":  func() error { _, err := f.Acquire(ctx, "l", "a", time.Minute); return err },
		"Each":     func() error { return f.Each(ctx, func(store.Entry) error { return nil }) },
		"Reserve":  func() error { _, err := f.Reserve(ctx, two); return err },
	} {
		if err := read(); !errors.Is(err, context.Canceled) {
			f.Errorf("%s: got %v, want context.Canceled", name, err)
		}
	}
}
