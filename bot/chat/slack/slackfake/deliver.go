package slackfake

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The kinds of delivery, as Socket Mode calls them.
const (
	eventsAPI     = "events_api"
	slashCommands = "slash_commands"
	interactive   = "interactive"
)

// ackWait is how long Slack waits to be told that something arrived, and retries how often it sends an event again.
const (
	ackWait = 3 * time.Second
	retries = 3
)

// retryPause is shorter than Slack's (at once, a minute, five minutes), so that a test need not wait.
const retryPause = 300 * time.Millisecond

// delivery is one thing that the app is told.
type delivery struct {
	kind    string
	payload result
	attempt int
	arrived chan bool // for what a person waits for; nil for an event
}

// emit tells the app of an event, if it has subscribed to it and may hear it; mu is held.
func (s *Server) emit(name, scope string, event result) {
	if name == "message" {
		kind, _, _ := strings.Cut(scope, ":")
		name = "message." + kind
	}
	if s.opts.Events != nil && !contains(s.opts.Events, name) || scope != "" && !contains(s.scopes(), scope) {
		return
	}
	s.queue(&delivery{kind: eventsAPI, payload: s.envelope(event)})
}

// envelope is what the Events API puts around an event; mu is held.
func (s *Server) envelope(event result) result {
	return result{
		"type": "event_callback", "event_id": s.id("Ev"), "event_time": s.opts.Now().Unix(), "team_id": team, "api_app_id": appID, "event": event,
		"authorizations": []result{{"team_id": team, "user_id": botUser, "is_bot": true}},
	}
}

func (s *Server) queue(d *delivery) {
	// Frozen now: the state that the payload was made of may change before it is sent.
	var frozen result
	if err := json.Unmarshal(encode(d.payload), &frozen); err != nil {
		panic(err)
	}
	d.payload = frozen
	select {
	case s.out <- d:
	default:
		s.violations = append(s.violations, "more than 4096 deliveries are waiting")
	}
}

// dispatch sends one delivery after another, so that the app hears things in the order in which they were done.
func (s *Server) dispatch() {
	for {
		select {
		case <-s.end.Done():
			return
		case d := <-s.out:
			s.mu.Lock()
			bot, twice := s.bot, s.twice
			s.mu.Unlock()
			send := s.sendSocket
			if bot != "" {
				send = func(d *delivery) { s.finish(d, s.post(bot, d)) }
			}
			send(d)
			if twice {
				send(&delivery{kind: d.kind, payload: d.payload, attempt: retries})
			}
		}
	}
}

// finish takes note whether a delivery has arrived; an event that has not is sent again.
func (s *Server) finish(d *delivery, arrived bool) {
	if d.arrived != nil {
		d.arrived <- arrived
		return
	}
	if arrived || d.attempt >= retries || d.kind != eventsAPI {
		return
	}
	s.wg.Go(func() {
		if !wait(s.end, retryPause<<d.attempt) {
			return
		}
		again := *d
		again.attempt++
		select {
		case s.out <- &again:
		case <-s.end.Done():
		}
	})
}

// sendSocket writes a delivery to one connection, and waits aside for its acknowledgement.
func (s *Server) sendSocket(d *delivery) {
	c := s.anyConn()
	if c == nil {
		s.finish(d, false)
		return
	}
	s.mu.Lock()
	id := s.id("envelope.")
	s.mu.Unlock()
	ack := c.expect(id)
	frame := result{
		"type": d.kind, "envelope_id": id, "payload": d.payload, "accepts_response_payload": d.kind != eventsAPI,
		"retry_attempt": d.attempt,
	}
	if c.write(frame) != nil {
		s.finish(d, false)
		return
	}
	s.wg.Go(func() {
		ctx, cancel := context.WithTimeout(s.end, ackWait)
		defer cancel()
		select {
		case <-ack:
			s.finish(d, true)
		case <-c.closed:
			s.finish(d, false)
		case <-ctx.Done():
			s.finish(d, false)
		}
	})
}

// post calls the bot over HTTP, signed, and reports whether it answered 200 in time.
func (s *Server) post(bot string, d *delivery) bool {
	ctx, cancel := context.WithTimeout(s.end, ackWait)
	defer cancel()
	path, media, body := "/slack/events", "application/json", encode(d.payload)
	switch d.kind {
	case slashCommands:
		form := url.Values{}
		for key, value := range d.payload {
			if v, ok := value.(string); ok {
				form.Set(key, v)
			}
		}
		path, media, body = "/slack/commands", "application/x-www-form-urlencoded", []byte(form.Encode())
	case interactive:
		path, media, body = "/slack/interactions", "application/x-www-form-urlencoded", []byte(url.Values{"payload": {string(body)}}.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, bot+path, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", media)
	Sign(req.Header, body, time.Now())
	req.Close = true
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, r.Body)
	return err == nil && r.StatusCode == http.StatusOK
}

// Sign signs a request to the bot the way Slack does, with SigningSecret.
func Sign(h http.Header, body []byte, at time.Time) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(SigningSecret))
	mac.Write([]byte("v0:" + stamp + ":"))
	mac.Write(body)
	h.Set("X-Slack-Request-Timestamp", stamp)
	h.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
}

// ask tells the app something that a person waits for, and reports whether it arrived.
func (s *Server) ask(kind string, payload result) bool {
	arrived := make(chan bool, 1)
	s.mu.Lock()
	s.queue(&delivery{kind: kind, payload: payload, arrived: arrived})
	s.mu.Unlock()
	select {
	case ok := <-arrived:
		return ok
	case <-s.end.Done():
		return false
	}
}

// Connected says whether the bot would hear now what people do.
func (s *Server) Connected() bool {
	s.mu.Lock()
	bot, live := s.bot, len(s.conns) > 0
	var probe result
	if bot != "" {
		probe = s.envelope(result{"type": "probe"})
	}
	s.mu.Unlock()
	if bot == "" {
		return live
	}
	return s.post(bot, &delivery{kind: eventsAPI, payload: probe})
}
