package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"sitrep/bot"
)

// desk is where the people of the demonstration sit: it acts for them through the console's own API.
type desk struct {
	url      string        // of sitrep
	patience time.Duration // how long to wait for what is expected, by the machine's clock
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

// says has a person type a line, and waits until the room shows what is expected after it.
func (d *desk) says(ctx context.Context, who, room, line, expected string) error {
	before, err := d.messages(ctx, room, who)
	if err != nil {
		return err
	}
	if err := d.write(ctx, who, room, line); err != nil {
		return err
	}
	return d.until(ctx, fmt.Sprintf("an answer to %q with %q", line, expected), func() (bool, error) {
		now, err := d.messages(ctx, room, who)
		fresh := now[min(len(before), len(now)):]
		return slices.ContainsFunc(fresh, func(m seen) bool { return m.Bot && strings.Contains(m.Text, expected) }), err
	})
}

// write has a person type a line.
func (d *desk) write(ctx context.Context, who, room, line string) error {
	body := map[string]any{"id": rand.Text(), "user": who, "text": line}
	return d.until(ctx, fmt.Sprintf("%q to be taken", line), func() (bool, error) {
		err := d.call(ctx, http.MethodPost, "rooms/"+url.PathEscape(room)+"/messages", body, nil)
		return err == nil, err
	})
}

func (d *desk) expect(ctx context.Context, room, text string) error {
	return d.expectCount(ctx, room, text, 1)
}

// expectCount waits until so many messages of sitrep's in a room contain a text.
func (d *desk) expectCount(ctx context.Context, room, text string, n int) error {
	return d.until(ctx, fmt.Sprintf("%d messages with %q in %s", n, text, room), func() (bool, error) {
		ms, err := d.messages(ctx, room, lead)
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
func (d *desk) room(ctx context.Context, prefix string) (string, error) {
	return d.find(ctx, "a room "+prefix+"…", func(p place) bool { return strings.HasPrefix(p.Name, prefix) })
}

// direct waits for what sitrep says to the lead alone.
func (d *desk) direct(ctx context.Context) (string, error) {
	return d.find(ctx, "a word to "+lead+" alone", func(p place) bool { return p.Kind == "direct" })
}

func (d *desk) find(ctx context.Context, what string, is func(place) bool) (id string, err error) {
	err = d.until(ctx, what, func() (bool, error) {
		rooms, err := d.rooms(ctx, lead)
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

// until asks again and again, in real time.
func (d *desk) until(ctx context.Context, what string, ok func() (bool, error)) error {
	for deadline := time.Now().Add(d.patience); time.Now().Before(deadline); {
		done, err := ok()
		if done || err != nil && !errors.Is(err, errBusy) {
			return err
		}
		if err := bot.RealClock().Wait(ctx, time.Now().Add(min(d.patience/400, 250*time.Millisecond))); err != nil {
			return err
		}
	}
	return fmt.Errorf("the story waited for %s in vain", what)
}

func (d *desk) rooms(ctx context.Context, who string) ([]place, error) {
	var out struct{ Rooms []place }
	err := d.call(ctx, http.MethodGet, "rooms?user="+url.QueryEscape(who), nil, &out)
	return out.Rooms, err
}

func (d *desk) messages(ctx context.Context, room, who string) ([]seen, error) {
	var out struct{ Messages []seen }
	err := d.call(ctx, http.MethodGet, "rooms/"+url.PathEscape(room)+"/messages?user="+url.QueryEscape(who), nil, &out)
	return out.Messages, err
}

func (d *desk) call(ctx context.Context, method, path string, body, into any) error {
	var payload io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.url+"/console/api/"+path, payload)
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

func (d *desk) download(ctx context.Context, path string, out io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+path, http.NoBody)
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
	_, err = io.Copy(out, resp.Body)
	return err
}
