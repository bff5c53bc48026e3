package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sitrep/bot/chat/chattest"
	"sitrep/bot/chat/discord/discordfake"
	"sitrep/bot/chat/slack/slackfake"
	"sitrep/bot/incident"
)

// platforms are those on which each of these stories is played.
var everywhere = map[string]backdrop{"console": consoleSide, "slack": slackSocket, "discord": discordGateway}

// TestWebhooksThatAreWrong: each is answered clearly, and none changes anything.
func TestWebhooksThatAreWrong(t *testing.T) {
	t.Parallel()
	s := raise(t, set{sides: []backdrop{slackSocket}})
	good := alert{name: "LatencyHigh", summary: trouble}.body(s.clock.Now())
	for name, tt := range map[string]struct {
		path, token string
		body        []byte
		status      int
		answer      string
	}{
		"no JSON":             {"/webhooks/alerts", "", []byte("alert!"), http.StatusBadRequest, "JSON"},
		"half of it":          {"/webhooks/alerts", "", good[:len(good)/2], http.StatusBadRequest, "JSON"},
		"another shape":       {"/webhooks/alerts", "", []byte(`{"alerts": "many"}`), http.StatusBadRequest, ""},
		"nothing":             {"/webhooks/alerts", "", nil, http.StatusBadRequest, ""},
		"too large":           {"/webhooks/alerts", "", bytes.Repeat([]byte("x"), 1<<20+1), http.StatusRequestEntityTooLarge, "larger than"},
		"a wrong token":       {"/webhooks/alerts", "guessed", good, http.StatusUnauthorized, "not authenticated"},
		"an unknown source":   {"/webhooks/nagios", "", good, http.StatusNotFound, "no alert source"},
		"a token's beginning": {"/webhooks/alerts", webhookToken[:len(webhookToken)-1], good, http.StatusUnauthorized, "not authenticated"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := postTo(t, s.url+tt.path, tt.token, tt.body, tt.status)
			if strings.TrimSpace(answer) == "" || !strings.Contains(answer, tt.answer) || strings.Contains(answer, webhookToken) {
				t.Errorf("the answer is %q, want %q in it", answer, tt.answer)
			}
		})
	}
	s.settle()
	if n := s.Incidents(); n != 0 {
		t.Errorf("%d incidents were opened", n)
	}
	if strings.Contains(s.logs.String(), webhookToken) {
		t.Error("the log tells the token")
	}
	for range 2 {
		s.post("/webhooks/alerts", "", good, http.StatusAccepted)
	}
	s.opened(s.sides[0])
	if state, events := s.Incident(1); s.Incidents() != 1 || len(state.Alerts) != 1 || count[incident.AlertAttached](events) != 1 {
		t.Errorf("what was sent twice is there %d times", s.Incidents())
	}
}

// count returns how many events are of a kind.
func count[E incident.Event](events []incident.Recorded) int {
	n := 0
	for _, r := range events {
		if _, ok := r.Event.(E); ok {
			n++
		}
	}
	return n
}

// TestSlackRequestsThatAreForged: only what Slack has signed now is taken, and that once.
func TestSlackRequestsThatAreForged(t *testing.T) {
	t.Parallel()
	s := raise(t, set{sides: []backdrop{slackHTTP}})
	slack := s.sides[0]
	team, ana, _ := strings.Cut(string(slack.users["ana"]), "/")
	_, general, _ := strings.Cut(string(slack.channels["general"]), "/")
	body := []byte(url.Values{
		"command": {"/inc"}, "text": {`new "Somebody else's words" sev3`}, "team_id": {team}, "user_id": {ana}, "user_name": {"ana"},
		"channel_id": {general}, "trigger_id": {"1.2.forged"}, "response_url": {"http://127.0.0.1:1/none"}, "api_app_id": {"A0SITREP"},
	}.Encode())
	send := func(change func(http.Header), body []byte) int {
		h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		slackfake.Sign(h, body, time.Now())
		change(h)
		return s.request("/slack/commands", h, body)
	}
	for name, change := range map[string]func(http.Header){
		"not signed":         func(h http.Header) { h.Del("X-Slack-Signature") },
		"signed by another":  func(h http.Header) { h.Set("X-Slack-Signature", "v0="+strings.Repeat("ab", 32)) },
		"signed for another": func(h http.Header) { slackfake.Sign(h, append(body, '!'), time.Now()) },
		"ten minutes old":    func(h http.Header) { slackfake.Sign(h, body, time.Now().Add(-10*time.Minute)) },
		"without its time":   func(h http.Header) { h.Del("X-Slack-Request-Timestamp") },
	} {
		if status := send(change, body); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
	s.settle()
	if n := s.Incidents(); n != 0 {
		t.Fatalf("%d incidents were opened", n)
	}
	for range 3 { // replayed within Slack's five minutes
		if status := send(func(http.Header) {}, body); status != http.StatusOK {
			t.Errorf("signed: %d", status)
		}
	}
	s.until("it is declared", func() bool { return s.Incidents() > 0 })
	s.settle()
	if n := s.Incidents(); n != 1 {
		t.Errorf("what was replayed was carried out %d times", n)
	}
}

func (s *stage) request(path string, h http.Header, body []byte) int {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+path, bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	req.Header = h
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	readAll(s.T, resp)
	return resp.StatusCode
}

// TestDiscordRequestsThatAreForged is the same for Discord's interactions.
func TestDiscordRequestsThatAreForged(t *testing.T) {
	t.Parallel()
	s := raise(t, set{sides: []backdrop{discordHTTP}})
	discord := s.sides[0]
	fake := discord.world.(*discordfake.Fake)
	body := toJSON(map[string]any{
		"id": "1234567890123456789", "application_id": fake.ApplicationID(), "type": 2, "token": "forged", "version": 1, "guild_id": fake.GuildID(),
		"channel_id": discord.channels["general"], "member": map[string]any{"user": map[string]any{"id": discord.users["ana"], "username": "ana"}},
		"data": map[string]any{"id": "1", "name": "inc", "type": 1, "options": []any{map[string]any{
			"name": "do", "type": 1, "options": []any{map[string]any{"name": "words", "type": 3, "value": `new "Somebody else's words" sev3`}},
		}}},
	})
	_, another, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if status, answer := fake.Post(body, time.Now(), another); status != http.StatusUnauthorized {
		t.Errorf("signed by another: %d %s", status, answer)
	}
	if status, answer := fake.Post(body, time.Now().Add(-10*time.Minute), nil); status != http.StatusUnauthorized {
		t.Errorf("ten minutes old: %d %s", status, answer)
	}
	if status := s.request("/discord/interactions", http.Header{}, body); status != http.StatusUnauthorized {
		t.Errorf("not signed: %d", status)
	}
	if status, answer := fake.Post([]byte(`{"type": 2`), time.Now(), nil); status != http.StatusBadRequest {
		t.Errorf("half of it: %d %s", status, answer)
	}
	s.settle()
	if n := s.Incidents(); n != 0 {
		t.Errorf("%d incidents were opened", n)
	}
}

// TestDeliveredTwice: what a platform delivers twice is carried out once and answered once.
func TestDeliveredTwice(t *testing.T) {
	for platform, b := range everywhere {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			s := raise(t, set{sides: []backdrop{b}})
			s.Alert(trouble)
			room := s.opened(s.sides[0])
			room.side.world.DeliverTwice(true)
			room.Types("ana", "lead me", "Ana leads")
			room.Types("ana", `note "twice is once"`, "twice is once")
			room.Types("bo", `followup "one of these" @bo`, "one of these")
			said := room.side.world.Say(room.side.users["bo"], room.id, "the cache was cold")
			room.side.world.PinWithReaction(room.side.users["ana"], room.id, said)
			s.until("it is pinned", func() bool { _, events := s.Incident(1); return count[incident.Pinned](events) > 0 })
			s.Advance(time.Minute)
			for _, words := range []string{"Ana leads", "twice is once", "one of these"} {
				room.Times(1, words)
			}
			state, events := s.Incident(1)
			for what, n := range map[string]int{
				"roles": count[incident.RoleAssigned](events), "notes": count[incident.NoteAdded](events), "pins": count[incident.Pinned](events),
				"follow-ups": len(state.Followups),
			} {
				if n != 1 {
					t.Errorf("%d %s, want 1", n, what)
				}
			}
		})
	}
}

// TestUnknownVerbs: the nearest one is suggested, and nothing is done.
func TestUnknownVerbs(t *testing.T) {
	for platform, b := range everywhere {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			s := raise(t, set{sides: []backdrop{b}})
			s.Alert(trouble)
			room := s.opened(s.sides[0])
			room.Types("ana", `rezolve "it is over"`, "resolve")
			room.Types("ana", "sev9", "sev")
			room.Types("ana", "sev hurricane", "sev")
			s.settle()
			if state, _ := s.Incident(1); !state.Open() || state.Severity != incident.Sev1 {
				t.Errorf("it is %s, %s", state.Status, state.Severity)
			}
		})
	}
}

const leaked = "eyJhbGciOiJIUzI1NiJ9"

// TestHostileWords: what is written in alerts, titles and notes calls nobody, breaks no platform's rule, and what is secret in it is told nowhere.
func TestHostileWords(t *testing.T) {
	for platform, b := range everywhere {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			s := raise(t, set{sides: []backdrop{b}})
			side := s.sides[0]
			cyn := side.users["cyn"]
			_, bare, _ := strings.Cut("/"+string(cyn), "/")
			bare = bare[strings.LastIndex(bare, "/")+1:]
			calls := fmt.Sprintf("@everyone @here <!channel> <!everyone> <!here> <@%s> <@!%s> @cyn <@&1> <!subteam^S1> <#C1>", bare, bare)
			secret := "authorization=\"Bearer " + leaked + ".c2hvcA.0123456789abcdef0123\""
			long := strings.Repeat("very long ", 1000)
			s.shop.ShipBad()
			s.Advance(3 * time.Minute)
			s.deliver(alert{name: "LatencyHigh", summary: "Slow " + calls, description: calls + secret + long, labels: map[string]string{"hint": secret}}, http.StatusAccepted)
			room := s.Room(side, "inc-1")
			room.Sees("Slow")
			room.Types("cyn", "join", "Cyn")
			room.Types("ana", `note "`+calls+" "+secret+`"`, "oted")
			room.Types("ana", "logs retrying", "retrying payment")
			room.Types("ana", `status "`+calls+`" --impact "`+calls+" "+secret+`"`, "Next update")
			room.Types("ana", `rename "`+calls+`"`, "")
			s.deliver(alert{name: "Other", summary: long, description: long}, http.StatusAccepted)
			s.Advance(30 * time.Minute)
			room.Types("ana", "timeline", "")
			room.Types("ana", "alerts", "")
			room.Types("ana", `resolve "`+calls+" "+secret+`"`, "esolved")
			room.Types("ana", "postmortem", "ostmortem")
			room.Sees("postmortem-1.md")
			s.callsNobody(side, cyn)
			s.tellsNowhere(side, leaked)
		})
	}
}

// callsNobody holds that no message of sitrep's has called a person who has nothing to do with it.
func (s *stage) callsNobody(side *side, who any) {
	s.Helper()
	seen := 0
	for _, m := range s.everything(side) {
		seen++
		for _, id := range m.Pings {
			if id == who {
				s.Errorf("somebody was called by\n%s", m.Text)
			}
		}
	}
	if seen < 8 {
		s.Errorf("only %d messages were looked at", seen)
	}
}

// everything is all messages of sitrep's that the cast can see.
func (s *stage) everything(side *side) []chattest.Seen {
	var all []chattest.Seen
	for id := range side.world.Rooms() {
		for _, name := range cast {
			all = append(all, side.world.Messages(id, side.users[name])...)
		}
	}
	return slices.DeleteFunc(all, func(m chattest.Seen) bool { return !m.FromBot })
}

// tellsNowhere holds that a secret is in no message, file or topic, not in the record, and not in sitrep's own log.
func (s *stage) tellsNowhere(side *side, secret string) {
	s.Helper()
	for _, m := range s.everything(side) {
		for _, f := range m.Files {
			m.Text += f.Alt + string(f.Data)
		}
		if strings.Contains(m.Text, secret) {
			s.Errorf("a message tells the secret:\n%s", m.Text)
		}
	}
	for _, info := range side.world.Rooms() {
		if strings.Contains(info.Name+info.Topic, secret) {
			s.Errorf("a room tells the secret: %+v", info)
		}
	}
	var out bytes.Buffer
	for n := range s.Incidents() {
		if err := export(context.Background(), &out, s.app.live.Load().installation, s.app.store, incident.Number(n+1), false); err != nil {
			s.Error(err)
		}
	}
	if i := strings.Index(out.String(), secret); i >= 0 || out.Len() == 0 {
		s.Errorf("the record tells the secret: …%s", out.String()[max(0, i-300):min(out.Len(), max(0, i)+100)])
	}
	if strings.Contains(s.logs.String(), secret) {
		s.Error("the log tells the secret")
	}
}

// TestAPrivateIncident: nobody but its members learns of it, whatever they do.
func TestAPrivateIncident(t *testing.T) {
	for platform, b := range everywhere {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			s := raise(t, set{sides: []backdrop{b}})
			side := s.sides[0]
			s.deliver(alert{name: "BreakIn", summary: "Burglars in the vault"}, http.StatusAccepted)
			room := s.Room(side, "inc-1")
			room.Sees("Burglars")
			if info := side.world.Rooms()[room.id]; info.Name != "inc-1" || !info.Private || strings.Contains(info.Topic, "urglar") {
				t.Errorf("the room is %+v", info)
			}
			room.Types("ana", "lead me", "Ana leads")
			room.Types("ana", `status identified "The burglars have the key."`, "identified")
			s.Advance(time.Hour)
			general := s.Channel(side, "general")
			for _, line := range []string{"list", "info #1", "status #1", "timeline #1", "catchup #1", "lead #1 me", "alerts #1", "why #1", "postmortem #1"} {
				general.Types("cyn", line, "")
			}
			general.Types("ana", "list", "")
			room.Types("ana", `resolve "They are in jail, the burglars."`, "esolved")
			s.Advance(10 * time.Minute)
			for _, channel := range []string{"incidents", "status"} {
				if told := s.Channel(side, channel).As("cyn").transcript(); told != "" {
					t.Errorf("in #%s stands\n%s", channel, told)
				}
			}
			for id, info := range side.world.Rooms() {
				for _, name := range cast {
					for _, m := range side.world.Messages(id, side.users[name]) {
						told := strings.Contains(strings.ToLower(m.Text), "burglar")
						if told && (name == "cyn" || id != room.id && !m.Private && !info.Private) {
							t.Errorf("%s reads in %s: %s", name, info.Name, m.Text)
						}
					}
				}
			}
			if state, _ := s.Incident(1); state.Roles[incident.Lead].Name != "Ana" {
				t.Errorf("the lead is %+v", state.Roles)
			}
		})
	}
}
