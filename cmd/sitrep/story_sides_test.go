package main

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/bot/chat/console/consoletest"
	"sitrep/bot/chat/discord/discordfake"
	"sitrep/bot/chat/slack/slackfake"
	"sitrep/bot/contract"
)

// side is one chat platform, seen from its server and from the people on it.
type side struct {
	named
	name    string
	world   chattest.World
	script  string // its part of the configuration
	open    func(*stage)
	checked func() int
	end     func()
}

// backdrop makes a side for a sitrep that listens at url, with the clock of what is written there.
type backdrop func(t *testing.T, url string, now func() time.Time) *side

func (s *side) settle(t *testing.T) {
	t.Helper()
	s.named = named{users: map[string]chat.UserID{}, channels: map[string]chat.RoomID{}}
	for _, name := range cast {
		s.users[name] = s.world.Person(name)
	}
	for _, name := range []string{"incidents", "status", "general"} {
		s.channels[name] = s.world.Channel(name)
	}
}

// close ends the platform's server, and tells in what sitrep broke its rules.
func (s *side) close(t *testing.T) {
	for _, v := range s.world.Violations() {
		t.Errorf("%s: the platform's rules were broken: %s", s.name, v)
	}
	s.end()
	n := s.checked()
	if s.name != "console" && os.Getenv(contract.Env) != "" {
		t.Logf("%s: %d exchanges were held against the vendor's document", s.name, n)
		if n == 0 {
			t.Errorf("%s: no exchange was held against the vendor's document", s.name)
		}
	}
}

func slackSocket(t *testing.T, _ string, now func() time.Time) *side {
	fake := slackfake.New(slackfake.Options{Now: now})
	return slackSide(t, fake, "mode: socket, app_token: "+slackfake.AppToken)
}

func slackHTTP(t *testing.T, url string, now func() time.Time) *side {
	fake := slackfake.New(slackfake.Options{Now: now})
	fake.ReachBot(url)
	return slackSide(t, fake, "mode: http, signing_secret: "+slackfake.SigningSecret)
}

func slackSide(t *testing.T, fake *slackfake.Server, mode string) *side {
	s := &side{
		name: "slack", world: fake, checked: fake.Checked, end: fake.Close, open: func(*stage) {},
		script: fmt.Sprintf("slack: {bot_token: %s, %s, api_url: %q}\n", slackfake.BotToken, mode, fake.APIURL()),
	}
	s.settle(t)
	return s
}

func discordGateway(t *testing.T, _ string, now func() time.Time) *side {
	return discordSide(t, discordfake.New(discordfake.Options{Now: now}), "gateway")
}

func discordHTTP(t *testing.T, url string, now func() time.Time) *side {
	fake := discordfake.New(discordfake.Options{Now: now})
	fake.SetEndpoint(url + "/discord/interactions")
	return discordSide(t, fake, "http")
}

func discordSide(t *testing.T, fake *discordfake.Fake, mode string) *side {
	s := &side{
		name: "discord", world: fake, checked: fake.Checked, end: fake.Close, open: func(*stage) {},
		script: fmt.Sprintf("discord: {token: %s, application_id: %q, guild_id: %q, public_key: %q, mode: %s, api_url: %q}\n",
			discordfake.BotToken, fake.ApplicationID(), fake.GuildID(), fake.PublicKey(), mode, fake.URL()),
	}
	s.settle(t)
	return s
}

const consoleToken = "a-token-for-the-console"

// consoleSide has people use the console of the very sitrep that is on the stage. They come once it listens.
func consoleSide(t *testing.T, at string, _ func() time.Time) *side {
	target, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	world := consoletest.New(t, []chat.Route{{Pattern: "/console/", Handler: proxy}}, consoleToken, &consoletest.Keeper{})
	s := &side{
		name: "console", world: world, checked: func() int { return 0 }, end: func() {},
		script: fmt.Sprintf("console: {enabled: true, token: %s, channels: [\"#incidents\", \"#status\", \"#general\"]}\n", consoleToken),
	}
	s.named = named{users: map[string]chat.UserID{}, channels: map[string]chat.RoomID{}}
	for _, name := range cast {
		s.users[name] = chat.UserID(name)
	}
	for _, name := range []string{"incidents", "status", "general"} {
		s.channels[name] = chat.RoomID("#" + name)
	}
	s.open = func(st *stage) {
		st.until("the console answers", world.Connected)
		for _, name := range cast {
			world.Person(name)
		}
	}
	return s
}

// body is the alert as Alertmanager sends it, in version 4 of its format.
func (a alert) body(at time.Time) []byte {
	labels := map[string]any{"alertname": a.name, "service": "checkout", "severity": "critical", "environment": "production"}
	for k, v := range a.labels {
		labels[k] = v
	}
	status, ends := "firing", time.Time{}
	if a.cleared {
		status, ends = "resolved", at
	}
	one := map[string]any{
		"status": status, "labels": labels, "annotations": map[string]any{"summary": a.summary, "description": a.description},
		"startsAt": at.Add(-time.Minute).Format(time.RFC3339), "endsAt": ends.Format(time.RFC3339),
		"generatorURL": "http://prometheus.shop.example/graph", "fingerprint": "f-" + a.name + a.summary[:min(20, len(a.summary))],
	}
	return toJSON(map[string]any{
		"version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": status, "receiver": "sitrep", "groupLabels": map[string]any{},
		"commonLabels": labels, "commonAnnotations": map[string]any{}, "externalURL": "http://alertmanager.shop.example", "alerts": []any{one},
	})
}

// postTo sends a webhook, and returns the answer.
func postTo(t *testing.T, to, token string, body []byte, want int) string {
	t.Helper()
	if token == "" {
		token = webhookToken
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer := readAll(t, resp)
	if resp.StatusCode != want {
		t.Fatalf("POST %s: %s: %s; want %d", to, resp.Status, answer, want)
	}
	return answer
}
