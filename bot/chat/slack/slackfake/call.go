package slackfake

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sitrep/bot/chat/chattest"
	"sitrep/bot/contract"
)

// args are a call's arguments. A form's are strings, in which blocks and the like are JSON once more.
type args map[string]json.RawMessage

func (a args) str(key string) string {
	var s string
	if json.Unmarshal(a[key], &s) == nil {
		return s
	}
	return string(a[key])
}

func (a args) yes(key string) bool {
	b, _ := strconv.ParseBool(a.str(key))
	return b
}

func (a args) number(key string, otherwise int) int {
	if n, err := strconv.Atoi(a.str(key)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// into decodes an argument that is JSON, whether it came inside a string or not; an absent one leaves v as it is.
func (a args) into(key string, v any) bool {
	if len(a[key]) == 0 {
		return true
	}
	return json.Unmarshal([]byte(a.str(key)), v) == nil
}

func parse(r *http.Request, body []byte) (args, error) {
	a := args{}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media == "application/json" {
		if len(body) == 0 {
			return a, nil
		}
		return a, json.Unmarshal(body, &a)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	for key := range form {
		a[key] = encode(form.Get(key))
	}
	return a, nil
}

// refusal is Slack's error code, with what it may say beside it.
type refusal struct {
	code, needed string
	messages     []string
}

func refuse(code string) *refusal { return &refusal{code: code} }

type result map[string]any

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil {
		return
	}
	method := r.PathValue("method")
	a, err := parse(r, body)
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	done, ok := s.enter(w, r, method, s.describe(method, a))
	if !ok {
		return
	}
	out, refused := s.act(r, method, a)
	done()
	answer := out
	if refused != nil {
		answer = result{"ok": false, "error": refused.code}
		if refused.needed != "" {
			answer["needed"], answer["provided"] = refused.needed, strings.Join(s.scopes(), ",")
		}
		if len(refused.messages) > 0 {
			answer["response_metadata"] = result{"messages": refused.messages}
		}
	} else {
		answer["ok"] = true
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-OAuth-Scopes", strings.Join(s.scopes(), ","))
	said := encode(answer)
	s.compare(r, method, a, body, w.Header(), said)
	w.Write(said)
}

// enter records a call, runs the hook and misbehaves as was asked. It returns false when the call has been answered; else
// its function is to be run after the call was acted on.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, name string, call chattest.Call) (func(), bool) {
	call.Name, call.Header, call.At = name, r.Header.Clone(), time.Now()
	s.mu.Lock()
	s.calls = append(s.calls, call)
	hook := s.onCall
	if until := s.notBefore[name]; call.At.Before(until) {
		s.violatedLocked("%s was called %v before its Retry-After had passed", name, until.Sub(call.At))
	}
	s.mu.Unlock()
	if hook != nil {
		hook(call)
	}
	if s.misbehave(w, r, name) {
		return nil, false
	}
	return func() {
		if hook != nil {
			call.After = true
			hook(call)
		}
	}, true
}

func (s *Server) takeFault(name string) chattest.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.fault
	if !strings.Contains(name, f.Match) {
		return chattest.Fault{}
	}
	if f.Times > 0 {
		if s.faultsLeft == 0 {
			return chattest.Fault{}
		}
		s.faultsLeft--
	}
	return f
}

// misbehave returns true when it has answered, or never will.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, name string) bool {
	f := s.takeFault(name)
	if f.Hang {
		select {
		case <-r.Context().Done():
		case <-s.end.Done():
		}
		return true
	}
	if f.Latency > 0 && !wait(r.Context(), f.Latency) {
		return true
	}
	switch f.Status {
	case 0:
		return false
	case http.StatusTooManyRequests:
		s.limit(w, name, f.RetryAfter)
	default:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(f.Status)
		io.WriteString(w, "<html>Server Error</html>")
	}
	return true
}

func (s *Server) limit(w http.ResponseWriter, name string, after time.Duration) {
	seconds := int(math.Ceil(after.Seconds()))
	s.mu.Lock()
	s.notBefore[name] = time.Now().Add(time.Duration(seconds) * time.Second)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	w.WriteHeader(http.StatusTooManyRequests)
	w.Write(encode(result{"ok": false, "error": "ratelimited"}))
}

func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// method is one method of the Web API. scope is what it needs; a "*" in it stands for the kind of the channel it is about.
type method struct {
	scope string
	do    func(*Server, args) (result, *refusal)
}

func (s *Server) act(r *http.Request, name string, a args) (result, *refusal) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if token == "" {
		token = a.str("token")
	}
	if name == "apps.connections.open" {
		if token != AppToken {
			return nil, refuse("invalid_auth")
		}
		return s.openConnection(r.Host), nil
	}
	if token != BotToken {
		return nil, refuse("invalid_auth")
	}
	m, ok := methods[name]
	if !ok {
		s.violated("%s is no method that a bot should use", name)
		return nil, refuse("unknown_method")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for scope := range strings.SplitSeq(m.scope, " ") {
		if scope = s.scopeFor(scope, a); scope != "" && !contains(s.scopes(), scope) {
			return nil, &refusal{code: "missing_scope", needed: scope}
		}
	}
	return m.do(s, a)
}

// scopeFor replaces "*" by the kind of the channel: channels, groups or im.
func (s *Server) scopeFor(scope string, a args) string {
	kind := "channels"
	c := s.channels[a.str("channel")]
	switch {
	case c != nil && c.direct != "":
		kind = "im"
	case c != nil && c.private || a.yes("is_private"):
		kind = "groups"
	}
	scope = strings.Replace(scope, "*", kind, 1)
	if scope == "channels:write" {
		return "channels:manage" // what a bot has in place of it
	}
	return scope
}

var allScopes = []string{
	"app_mentions:read", "channels:history", "channels:manage", "channels:read", "chat:write", "commands", "files:read", "files:write",
	"groups:history", "groups:read", "groups:write", "im:history", "im:write", "pins:write", "reactions:read", "users:read",
}

func (s *Server) scopes() []string {
	if s.opts.Scopes != nil {
		return s.opts.Scopes
	}
	return allScopes
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// compare holds an exchange against Slack's document, with what travels as JSON inside a form.
func (s *Server) compare(r *http.Request, name string, a args, body []byte, h http.Header, answer []byte) {
	if err := s.doc.Check(r, body, http.StatusOK, h, answer); err != nil {
		s.violated("%v", err)
		if errors.Is(err, contract.ErrUnknownOperation) {
			return
		}
	}
	for key, schema := range map[string]string{"blocks": "KnownBlock", "metadata": "MessageMetadata", "files": "FileUploadComplete"} {
		if len(a[key]) == 0 {
			continue
		}
		s.compareValues(name+" "+key, schema, []byte(a.str(key)))
	}
}

func (s *Server) compareValues(what, schema string, value []byte) {
	var values []json.RawMessage
	if !strings.HasPrefix(strings.TrimSpace(string(value)), "[") {
		values = append(values, value)
	} else if err := json.Unmarshal(value, &values); err != nil {
		s.violated("%s: %v", what, err)
		return
	}
	for i, v := range values {
		if err := s.doc.CheckValue(schema, v); err != nil {
			s.violated("%s %d: %v", what, i, err)
		}
	}
}

// describe says of a call which room it is about and what it writes.
func (s *Server) describe(name string, a args) chattest.Call {
	c := chattest.Call{}
	if id := a.str("channel"); id != "" {
		c.Room = roomID(id)
	}
	var blocks []block
	a.into("blocks", &blocks)
	if strings.HasPrefix(name, "views.") {
		var v view
		a.into("view", &v)
		blocks = v.Blocks
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Text = s.read(&message{text: a.str("text"), blocks: blocks})
	if name == "conversations.create" {
		c.Text = a.str("name")
	}
	return c
}
