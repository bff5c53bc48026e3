package discord_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sitrep/bot/chat/discord"
	"sitrep/bot/chat/discord/discordfake"
)

func TestOnlyFreshAndSignedInteractionsAreTaken(t *testing.T) {
	t.Parallel()
	s := running(t, discord.HTTP, discordfake.Options{}, nil)
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	s.must(err)
	command := `{"id":"1574455497434595330","type":2,"token":"t","guild_id":"` + s.fake.GuildID() + `","channel_id":"5","member":{"user":{"id":"7"}},
		"data":{"type":1,"name":"inc","options":[{"name":"do","type":1,"options":[{"name":"command","type":3,"value":"help"}]}]}}`
	for _, tt := range []struct {
		name, body string
		age        time.Duration
		key        ed25519.PrivateKey
		want       int
	}{
		{name: "signed now", body: command, want: http.StatusOK},
		{name: "replayed within its time", body: command, age: 4 * time.Minute, want: http.StatusOK},
		{name: "replayed too late", body: command, age: 6 * time.Minute, want: http.StatusUnauthorized},
		{name: "dated ahead", body: command, age: -6 * time.Minute, want: http.StatusUnauthorized},
		{name: "signed by a stranger", body: command, key: stranger, want: http.StatusUnauthorized},
		{name: "malformed", body: `{"type":`, want: http.StatusBadRequest},
		{name: "oversized", body: `{"x":"` + strings.Repeat("x", 1<<20) + `"}`, want: http.StatusUnauthorized},
	} {
		before := len(s.inbox.Requests())
		status, _ := s.fake.Post([]byte(tt.body), time.Now().Add(-tt.age), tt.key)
		if status != tt.want {
			t.Errorf("%s: HTTP %d, want %d", tt.name, status, tt.want)
		}
		if stored := len(s.inbox.Requests()) > before; stored != (tt.want == http.StatusOK) {
			t.Errorf("%s: stored %v", tt.name, stored)
		}
	}
	if n := len(s.inbox.Inbounds(t)); n != 1 {
		t.Errorf("the replayed command is a second one: %d", n)
	}
}

func TestTheEndpointIsNotReadyBeforeRun(t *testing.T) {
	t.Parallel()
	_, d := open(t, discord.HTTP, discordfake.Options{}, nil)
	w := httptest.NewRecorder()
	d.Routes()[0].Handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/discord/interactions", strings.NewReader("{}")))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("HTTP %d, want 503", w.Code)
	}
}

func TestOverTheGatewayThereAreNoRoutes(t *testing.T) {
	t.Parallel()
	if _, d := open(t, discord.Gateway, discordfake.Options{}, nil); len(d.Routes()) != 0 {
		t.Errorf("routes: %v", d.Routes())
	}
}
