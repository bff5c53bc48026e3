package slackfake

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"sitrep/bot/chat/chattest"
)

const (
	triggerLife   = 3 * time.Second
	responseLife  = 30 * time.Minute
	responseUses  = 5
	maxTitle      = 24
	maxMetadata   = 3000
	maxViewBlocks = 100
)

// newTrigger lets user open one view; mu is held.
func (s *Server) newTrigger(user string) string {
	id := s.id("trigger.")
	s.triggers[id] = &trigger{user: user, born: time.Now()}
	return id
}

// newResponse makes a response URL; mu is held.
func (s *Server) newResponse(channel, user, card string) string {
	id := s.id("response")
	s.responses[id] = &response{channel: channel, user: user, born: time.Now(), card: card}
	return s.http.URL + "/response/" + id
}

func (s *Server) openView(a args) (result, *refusal) {
	t := s.triggers[a.str("trigger_id")]
	switch {
	case t == nil || time.Since(t.born) > triggerLife:
		return nil, refuse("expired_trigger_id")
	case t.used:
		return nil, refuse("exchanged_trigger_id")
	}
	v, no := s.readView("views.open", a, "modal")
	if no != nil {
		return nil, no
	}
	t.used = true
	s.forms[t.user] = v
	return result{"view": result{"id": v.ID, "type": "modal"}}, nil
}

func (s *Server) readView(name string, a args, kind string) (*view, *refusal) {
	var v view
	if !a.into("view", &v) || v.Type != kind {
		return nil, refuse("invalid_arguments")
	}
	why := s.wrong(v.Blocks, maxViewBlocks)
	if kind == "modal" && (v.Title.Text == "" || len([]rune(v.Title.Text)) > maxTitle || len([]rune(v.Submit.Text)) > maxTitle) {
		why = "title or submit is too long, or absent"
	}
	if len(v.PrivateMetadata) > maxMetadata {
		why = "private_metadata is too long"
	}
	if why != "" {
		s.violatedLocked("%s: %s", name, why)
		return nil, &refusal{code: "invalid_arguments", messages: []string{why}}
	}
	v.ID = s.id("V")
	return &v, nil
}

func (s *Server) publishView(a args) (result, *refusal) {
	if u := s.users[a.str("user_id")]; u == nil || u.deleted {
		return nil, refuse("user_not_found")
	}
	v, no := s.readView("views.publish", a, "home")
	if no != nil {
		return nil, no
	}
	s.homes[a.str("user_id")] = v
	return result{"view": result{"id": v.ID, "type": "home"}}, nil
}

// serveResponse is a response URL. It is no method, and takes no token.
func (s *Server) serveResponse(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	a := args{}
	if err != nil || json.Unmarshal(body, &a) != nil {
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	}
	call := s.describe("response_url", a)
	s.mu.Lock()
	to := s.responses[r.PathValue("id")]
	if to != nil {
		call.Room = roomID(to.channel)
	}
	s.mu.Unlock()
	done, ok := s.enter(w, r, "response_url", call)
	if !ok {
		return
	}
	if len(a["blocks"]) > 0 {
		s.compareValues("response_url blocks", "KnownBlock", a["blocks"])
	}
	no := s.respond(to, a)
	done()
	if no != nil {
		status := http.StatusBadRequest
		if no.code == "expired_url" || no.code == "used_url" {
			status = http.StatusNotFound
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write(encode(result{"ok": false, "error": no.code}))
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, "ok")
}

func (s *Server) respond(to *response, a args) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if to == nil || time.Since(to.born) > responseLife {
		return refuse("expired_url")
	}
	if to.uses++; to.uses > responseUses {
		return refuse("used_url")
	}
	m, no := s.content("response_url", a)
	if no != nil {
		return no
	}
	c := s.channels[to.channel]
	m.metadata = nil
	if a.yes("replace_original") {
		old := to.last
		if to.card != "" {
			old = c.find(to.card)
		}
		if old != nil {
			old.text, old.blocks = m.text, m.blocks
			return nil
		}
	}
	if a.str("response_type") != "in_channel" {
		m.only = to.user
	}
	s.add(c, m)
	to.last = m
	return nil
}

// ExpireAnswers lets the time pass that Slack gives for answers: every response URL made so far is dead.
func (s *Server) ExpireAnswers() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, to := range s.responses {
		to.born = to.born.Add(-responseLife)
	}
}

// ExpireTriggers lets the three seconds pass in which a form can be opened.
func (s *Server) ExpireTriggers() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.triggers {
		t.born = t.born.Add(-triggerLife)
	}
}

var _ chattest.World = (*Server)(nil)
