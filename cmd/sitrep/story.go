package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

// headlessDemo plays the whole incident on a fast clock, and prints what stands in each room and the postmortem.
func headlessDemo(ctx context.Context, out io.Writer, speed float64) error {
	start := time.Now().UTC().Truncate(24 * time.Hour).Add(-22 * time.Hour) // two in the morning, yesterday
	clock := newPacedClock(start, max(min(1, speed), speed/peopleAreSlower), speed)
	c := cadence{first: 10 * time.Minute, then: 20 * time.Minute, draft: 5 * time.Minute}
	return startDemo(ctx, "127.0.0.1:0", clock, c, zap.NewNop(), func(ctx context.Context, d *demo) error {
		s := &story{demo: d, desk: &desk{url: d.url, patience: time.Minute}, clock: clock, cadence: c, out: out}
		return errors.Join(s.play(ctx), s.print(ctx))
	})
}

// peopleAreSlower is how much slower the clock runs while people act than while everybody waits.
const peopleAreSlower = 20

// story plays people, through the console's own API.
type story struct {
	*demo
	*desk
	clock   *pacedClock
	cadence cadence
	out     io.Writer
}

const (
	lead      = "lena"
	bystander = "tomas"
	status    = "#status"
)

func (s *story) play(ctx context.Context) error {
	s.shop.ShipBad()
	if err := s.pass(ctx, 105*time.Second); err != nil {
		return err
	}
	room, err := s.room(ctx, "inc-1-")
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context, string) error{s.respond, s.look, s.tell, s.mend, s.finish} {
		if err := step(ctx, room); err != nil {
			return err
		}
	}
	return nil
}

// respond: the card stands, and somebody takes the lead.
func (s *story) respond(ctx context.Context, room string) error {
	if err := s.expect(ctx, room, "Checkout latency is above 1 s"); err != nil {
		return err
	}
	if err := s.says(ctx, lead, room, "/inc ack", "is on #1"); err != nil {
		return err
	}
	return s.says(ctx, lead, room, "/inc lead me", "lead")
}

// look: metrics with a chart, logs, deploys.
func (s *story) look(ctx context.Context, room string) error {
	if err := s.pass(ctx, time.Minute); err != nil {
		return err
	}
	if err := s.says(ctx, lead, room, "/inc metrics", "[picture"); err != nil {
		return err
	}
	if err := s.says(ctx, bystander, room, "/inc logs timeout", "waiting for a connection"); err != nil {
		return err
	}
	return s.says(ctx, bystander, room, "/inc deploys", "v1.42.0")
}

// tell: a person says how it stands; then nobody says anything, and sitrep posts the update that was promised. The lead gets a draft before.
func (s *story) tell(ctx context.Context, room string) error {
	words := `/inc status identified "The new version of checkout runs out of database connections; we are rolling it back." --impact "About one order in ten fails."`
	if err := s.says(ctx, lead, room, words, "identified"); err != nil {
		return err
	}
	if err := s.expect(ctx, status, "rolling it back"); err != nil {
		return err
	}
	if err := s.says(ctx, lead, room, `/inc followup "Limit connections per order in the stock check" @tomas due:fri`, "Limit connections"); err != nil {
		return err
	}
	if err := s.pass(ctx, s.cadence.then-s.cadence.draft); err != nil {
		return err
	}
	direct, err := s.direct(ctx)
	if err != nil {
		return err
	}
	if err := s.expect(ctx, direct, "draft of update 2"); err != nil {
		return err
	}
	if err := s.pass(ctx, s.cadence.draft); err != nil {
		return err
	}
	return s.expectCount(ctx, status, "Next update", 2)
}

// mend: the deploy is taken back, and the alert clears.
func (s *story) mend(ctx context.Context, room string) error {
	s.shop.Rollback()
	if err := s.says(ctx, bystander, room, `/inc note "Rolled checkout back to v1.41.0"`, "Noted for #1"); err != nil {
		return err
	}
	if err := s.expect(ctx, room, "No alert fires any more"); err != nil {
		return err
	}
	return s.says(ctx, lead, room, `/inc mitigate "Orders go through again."`, "itigated")
}

// finish: the incident is resolved, and its postmortem drafted.
func (s *story) finish(ctx context.Context, room string) error {
	if err := s.pass(ctx, 2*time.Minute); err != nil {
		return err
	}
	if err := s.says(ctx, lead, room, `/inc resolve "The old version is running, and the alert has cleared."`, "esolved"); err != nil {
		return err
	}
	if err := s.expect(ctx, status, "esolved"); err != nil {
		return err
	}
	if err := s.says(ctx, lead, room, "/inc postmortem", "ostmortem"); err != nil {
		return err
	}
	return s.expect(ctx, room, "postmortem-1.md")
}

// pass lets time go by, fast.
func (s *story) pass(ctx context.Context, d time.Duration) error {
	t := s.clock.Now().Add(d)
	s.clock.hasten(t)
	return s.clock.Wait(ctx, t)
}

// print writes what stands in each room as a reader sees it, the room that spoke first first, then the postmortem.
func (s *story) print(ctx context.Context) error {
	rooms, err := s.rooms(ctx, lead)
	if err != nil {
		return err
	}
	said := map[string][]seen{}
	for _, r := range rooms {
		if said[r.ID], err = s.messages(ctx, r.ID, lead); err != nil {
			return err
		}
	}
	rooms = slices.DeleteFunc(rooms, func(r place) bool { return len(said[r.ID]) == 0 })
	slices.SortFunc(rooms, func(a, b place) int { return said[a.ID][0].At.Compare(said[b.ID][0].At) })
	for _, r := range rooms {
		s.headline(r.title())
		for _, m := range said[r.ID] {
			fmt.Fprintf(s.out, "%s  %s\n%s\n\n", m.At.UTC().Format("15:04:05"), m.by(), indent(m.Text))
		}
	}
	for _, r := range rooms {
		if err := s.printFiles(ctx, said[r.ID]); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) headline(text string) {
	fmt.Fprintf(s.out, "━━ %s %s\n\n", text, strings.Repeat("━", max(0, 100-len(text))))
}

// printFiles writes the documents that were posted, whole.
func (s *story) printFiles(ctx context.Context, ms []seen) error {
	for _, m := range ms {
		for _, b := range m.Blocks {
			if b.File == nil {
				continue
			}
			s.headline(b.File.Name)
			if err := s.download(ctx, b.File.URL, s.out); err != nil {
				return err
			}
		}
	}
	return nil
}

func indent(text string) string {
	return "          " + strings.ReplaceAll(text, "\n", "\n          ")
}
