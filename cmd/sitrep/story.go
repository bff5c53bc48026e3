package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"sitrep/bot"
)

// headlessDemo plays the whole incident on a fast clock, and prints what stands in each room and the postmortem.
func headlessDemo(ctx context.Context, out io.Writer, speed float64) error {
	start := time.Now().UTC().Truncate(24 * time.Hour).Add(-22 * time.Hour) // two in the morning, yesterday
	clock := newPacedClock(start, max(min(1, speed), speed/peopleAreSlower), speed)
	c := cadence{first: 10 * time.Minute, then: 20 * time.Minute, draft: 5 * time.Minute}
	return startDemo(ctx, "127.0.0.1:0", clock, c, zap.NewNop(), func(ctx context.Context, d *demo) error {
		s := &story{demo: d, clock: clock, cadence: c, out: out}
		return errors.Join(s.play(ctx), s.print(ctx))
	})
}

// peopleAreSlower is how much slower the clock runs while people act than while everybody waits.
const peopleAreSlower = 20

// story plays people, through the console's own API.
type story struct {
	*demo
	clock   *pacedClock
	cadence cadence
	out     io.Writer
}

// seen is a message as the API shows it.
type seen struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Bot     bool      `json:"bot"`
	Author  struct{ Name string }
	Text    string `json:"text"`
	Private bool   `json:"private"`
	Blocks  []struct {
		Image *struct{ URL, Alt string }  `json:"image"`
		File  *struct{ URL, Name string } `json:"file"`
	} `json:"blocks"`
}

type place struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"`
}

const (
	lead      = "lena"
	bystander = "tomas"
	status    = "#status"
)

func (s *story) play(ctx context.Context) error {
	s.shop.ShipBad()
	if err := s.pass(ctx, 45*time.Second); err != nil {
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

// says has a person type a line, and waits until the room shows what is expected after it.
func (s *story) says(ctx context.Context, who, room, line, expected string) error {
	before, err := s.messages(ctx, room, who)
	if err != nil {
		return err
	}
	body := map[string]any{"user": who, "text": line}
	if err := s.call(ctx, http.MethodPost, "rooms/"+url.PathEscape(room)+"/messages", body, nil); err != nil {
		return err
	}
	return s.until(ctx, fmt.Sprintf("an answer to %q with %q", line, expected), func() (bool, error) {
		now, err := s.messages(ctx, room, who)
		fresh := now[min(len(before), len(now)):]
		return slices.ContainsFunc(fresh, func(m seen) bool { return m.Bot && strings.Contains(m.Text, expected) }), err
	})
}

func (s *story) expect(ctx context.Context, room, text string) error {
	return s.expectCount(ctx, room, text, 1)
}

// expectCount waits until so many messages of sitrep's in a room contain a text.
func (s *story) expectCount(ctx context.Context, room, text string, n int) error {
	return s.until(ctx, fmt.Sprintf("%d messages with %q in %s", n, text, room), func() (bool, error) {
		ms, err := s.messages(ctx, room, lead)
		count := 0
		for _, m := range ms {
			if m.Bot && strings.Contains(m.Text, text) {
				count++
			}
		}
		return count >= n, err
	})
}

// room waits for a room whose name begins so, and returns its id.
func (s *story) room(ctx context.Context, prefix string) (string, error) {
	return s.find(ctx, "a room "+prefix+"…", func(p place) bool { return strings.HasPrefix(p.Name, prefix) })
}

// direct waits for what sitrep says to the lead alone.
func (s *story) direct(ctx context.Context) (string, error) {
	return s.find(ctx, "a word to "+lead+" alone", func(p place) bool { return p.Kind == "direct" })
}

func (s *story) find(ctx context.Context, what string, is func(place) bool) (id string, err error) {
	err = s.until(ctx, what, func() (bool, error) {
		rooms, err := s.rooms(ctx, lead)
		i := slices.IndexFunc(rooms, is)
		if i >= 0 {
			id = rooms[i].ID
		}
		return i >= 0, err
	})
	return id, err
}

// errBusy says that the console is not there yet.
var errBusy = errors.New("the console is busy")

const patience = time.Minute

// until asks again and again, in real time.
func (s *story) until(ctx context.Context, what string, ok func() (bool, error)) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		done, err := ok()
		if done || err != nil && !errors.Is(err, errBusy) {
			return err
		}
		if err := bot.RealClock().Wait(ctx, time.Now().Add(25*time.Millisecond)); err != nil {
			return err
		}
	}
	return fmt.Errorf("the story waited for %s in vain", what)
}

func (s *story) rooms(ctx context.Context, who string) ([]place, error) {
	var out struct{ Rooms []place }
	err := s.call(ctx, http.MethodGet, "rooms?user="+url.QueryEscape(who), nil, &out)
	return out.Rooms, err
}

func (s *story) messages(ctx context.Context, room, who string) ([]seen, error) {
	var out struct{ Messages []seen }
	err := s.call(ctx, http.MethodGet, "rooms/"+url.PathEscape(room)+"/messages?user="+url.QueryEscape(who), nil, &out)
	return out.Messages, err
}

func (s *story) call(ctx context.Context, method, path string, body, into any) error {
	var payload io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url+"/console/api/"+path, payload)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusServiceUnavailable {
		return errBusy
	}
	if resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
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

func (p place) title() string {
	switch p.Kind {
	case "direct":
		return "to " + lead + " alone"
	case "channel":
		return "#" + p.Name
	}
	return p.Name
}

func (m seen) by() string {
	who := m.Author.Name
	if m.Bot {
		who = "sitrep"
	}
	if m.Private {
		who += " (only to " + lead + ")"
	}
	return who
}

// printFiles writes the documents that were posted, whole.
func (s *story) printFiles(ctx context.Context, ms []seen) error {
	for _, m := range ms {
		for _, b := range m.Blocks {
			if b.File == nil {
				continue
			}
			s.headline(b.File.Name)
			if err := s.download(ctx, b.File.URL); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *story) download(ctx context.Context, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, resp.Status)
	}
	_, err = io.Copy(s.out, resp.Body)
	return err
}

func indent(text string) string {
	return "          " + strings.ReplaceAll(text, "\n", "\n          ")
}
