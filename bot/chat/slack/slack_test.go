package slack_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/bot/chat/slack"
	"sitrep/bot/chat/slack/slackfake"
	"sitrep/bot/contract"
)

func TestPlatformOverSocketMode(t *testing.T) {
	var fake *slackfake.Server
	chattest.Run(t, func(t *testing.T) chattest.Setup {
		s, w := overSocket(t)
		fake = w
		return chattest.Setup{Platform: s, World: w}
	})
	heldToContract(t, fake)
}

func TestPlatformOverHTTP(t *testing.T) {
	var fake *slackfake.Server
	chattest.Run(t, func(t *testing.T) chattest.Setup {
		s, w := overHTTP(t)
		fake = w
		return chattest.Setup{Platform: s, World: w}
	})
	heldToContract(t, fake)
}

// heldToContract fails when documents are there and nothing was held against them.
func heldToContract(t *testing.T, fake *slackfake.Server) {
	t.Helper()
	doc, err := contract.Load("slack")
	if err != nil {
		t.Fatal(err)
	}
	if doc != nil && fake.Checked() == 0 {
		t.Fatal("no exchange was held against slack.json")
	}
	t.Logf("%d exchanges held against slack.json so far", fake.Checked())
}

// asManifest makes a workspace that grants exactly what the manifest asks for, so that a scope or event that is missing there shows.
func asManifest(t *testing.T) slackfake.Options {
	t.Helper()
	raw, err := slack.Manifest(slack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		OAuth struct {
			Scopes struct {
				Bot []string `json:"bot"`
			} `json:"scopes"`
		} `json:"oauth_config"`
		Settings struct {
			Events struct {
				Bot []string `json:"bot_events"`
			} `json:"event_subscriptions"`
		} `json:"settings"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return slackfake.Options{Scopes: m.OAuth.Scopes.Bot, Events: m.Settings.Events.Bot}
}

func open(t *testing.T, cfg slack.Config, w *slackfake.Server) *slack.Slack {
	t.Helper()
	cfg.BotToken, cfg.AppToken, cfg.SigningSecret, cfg.APIURL = slackfake.BotToken, slackfake.AppToken, slackfake.SigningSecret, w.APIURL()
	s, err := slack.New(cfg, logger(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func logger(t *testing.T) *zap.Logger { return zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel)) }

func overSocket(t *testing.T) (*slack.Slack, *slackfake.Server) {
	t.Helper()
	w := slackfake.New(asManifest(t))
	t.Cleanup(w.Close)
	return open(t, slack.Config{Instance: "test"}, w), w
}

func overHTTP(t *testing.T) (*slack.Slack, *slackfake.Server) {
	t.Helper()
	w := slackfake.New(asManifest(t))
	t.Cleanup(w.Close)
	s := open(t, slack.Config{Instance: "test", Mode: slack.HTTP}, w)
	server := httptest.NewServer(mount(s.Routes()))
	t.Cleanup(server.Close)
	w.ReachBot(server.URL)
	return s, w
}

func mount(routes []chat.Route) http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.Handle(r.Pattern, r.Handler)
	}
	return mux
}
