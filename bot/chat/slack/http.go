package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

const (
	maxBody   = 1 << 20
	maxAge    = 5 * time.Minute
	pathEvent = "/slack/events"
	pathVerb  = "/slack/commands"
	pathClick = "/slack/interactions"
)

// serving is the intake while Run goes on, and the requests that are using it.
type serving struct {
	mu sync.Mutex
	in chat.Intake
	wg sync.WaitGroup
}

// during lends in to the handlers until ctx ends, and waits for those that have it.
func (s *serving) during(ctx context.Context, in chat.Intake) {
	s.mu.Lock()
	s.in = in
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.in = nil
	s.mu.Unlock()
	s.wg.Wait()
}

func (s *serving) borrow() (in chat.Intake, giveBack func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in == nil {
		return nil, nil
	}
	s.wg.Add(1)
	return s.in, s.wg.Done
}

// Routes are the addresses that Slack calls with HTTP; there are none with Socket Mode.
func (s *Slack) Routes() []chat.Route {
	if s.cfg.Mode != HTTP {
		return nil
	}
	return []chat.Route{
		{Pattern: "POST " + pathEvent, Handler: s.handler(kindEvent)},
		{Pattern: "POST " + pathVerb, Handler: s.handler(kindCommand)},
		{Pattern: "POST " + pathClick, Handler: s.handler(kindInteraction)},
	}
}

func (s *Slack) handler(kind string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			var large *http.MaxBytesError
			if errors.As(err, &large) {
				http.Error(w, "too large", http.StatusRequestEntityTooLarge)
				return
			}
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		if err := verify(r.Header, body, s.cfg.SigningSecret, time.Now()); err != nil {
			s.log.Warn("request refused", zap.String("path", r.URL.Path), zap.Error(err))
			http.Error(w, ops.Tell(err), http.StatusUnauthorized)
			return
		}
		s.serve(w, r, kind, body)
	})
}

func (s *Slack) serve(w http.ResponseWriter, r *http.Request, kind string, body []byte) {
	payload, err := payloadOf(kind, r.Header, body)
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	if challenge, ok := asksChallenge(kind, payload); ok {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, challenge)
		return
	}
	in, giveBack := s.serving.borrow()
	if in == nil {
		http.Error(w, "starting", http.StatusServiceUnavailable)
		return
	}
	defer giveBack()
	if err := s.plan(r.Context(), in, kind, payload).do(r.Context()); err != nil {
		s.log.Warn("not stored, slack is not told that it arrived", zap.String("kind", kind), zap.Error(err))
		http.Error(w, "not stored", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// payloadOf returns the JSON that Socket Mode would have brought.
func payloadOf(kind string, h http.Header, body []byte) ([]byte, error) {
	if kind == kindEvent {
		if !json.Valid(body) {
			return nil, errors.New("no JSON")
		}
		return body, nil
	}
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, errors.New("no form")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	if kind == kindInteraction {
		if payload := []byte(form.Get("payload")); json.Valid(payload) {
			return payload, nil
		}
		return nil, errors.New("no payload")
	}
	flat := map[string]string{}
	for key := range form {
		flat[key] = form.Get(key)
	}
	return json.Marshal(flat)
}

func asksChallenge(kind string, payload []byte) (string, bool) {
	var w struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
		SSLCheck  string `json:"ssl_check"`
	}
	if json.Unmarshal(payload, &w) != nil {
		return "", false
	}
	return w.Challenge, kind == kindEvent && w.Type == "url_verification" || kind == kindCommand && w.SSLCheck == "1"
}

// verify checks that Slack has sent the body, and not long ago (https://docs.slack.dev/authentication/verifying-requests-from-slack).
func verify(h http.Header, body []byte, secret string, now time.Time) error {
	refuse := func(msg string) error {
		return &ops.Error{Op: "slack.verify", Kind: ops.Denied, Msg: msg}
	}
	sent, stamp := h.Get("X-Slack-Signature"), h.Get("X-Slack-Request-Timestamp")
	if sent == "" || stamp == "" {
		return refuse("the request carries no signature")
	}
	sec, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(sec, 0)).Abs() > maxAge {
		return refuse("the request is too old, or a clock is wrong")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + stamp + ":"))
	mac.Write(body)
	if !hmac.Equal([]byte("v0="+hex.EncodeToString(mac.Sum(nil))), []byte(sent)) {
		return refuse("the request's signature is wrong")
	}
	return nil
}
