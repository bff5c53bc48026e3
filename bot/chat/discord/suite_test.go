package discord_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"go.uber.org/zap/zaptest"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/bot/chat/discord"
	"sitrep/bot/chat/discord/discordfake"
	"sitrep/bot/contract"
)

func TestGatewayKeepsThePromises(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.Setup { return setup(t, discord.Gateway) })
}

func TestHTTPKeepsThePromises(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.Setup { return setup(t, discord.HTTP) })
}

func setup(t *testing.T, mode string) chattest.Setup {
	// The last promise counts goroutines, and so wants to be alone.
	if !strings.HasSuffix(t.Name(), "/run") {
		t.Parallel()
	}
	fake, d := open(t, mode, discordfake.Options{}, nil)
	return chattest.Setup{Platform: d, World: fake}
}

// open makes a fake and a platform before it, with the platform's routes mounted.
func open(t *testing.T, mode string, o discordfake.Options, change func(*discord.Config)) (*discordfake.Fake, *discord.Discord) {
	t.Helper()
	fake := discordfake.New(o)
	t.Cleanup(func() {
		fake.Close()
		if os.Getenv(contract.Env) != "" && len(fake.Calls()) > 0 && fake.Checked() == 0 {
			t.Error("no exchange was held against Discord's document")
		}
		t.Logf("%d exchanges were held against Discord's document", fake.Checked())
	})
	c := config(fake)
	c.Mode = mode
	if change != nil {
		change(&c)
	}
	d, err := discord.New(c, zaptest.NewLogger(t, zaptest.Level(zapLevel)))
	if err != nil {
		t.Fatal(err)
	}
	mount(t, fake, d)
	return fake, d
}

func config(fake *discordfake.Fake) discord.Config {
	return discord.Config{
		Token: discordfake.BotToken, ApplicationID: fake.ApplicationID(), GuildID: fake.GuildID(), PublicKey: fake.PublicKey(),
		APIURL: fake.URL(), Instance: "test", Commands: verbs(),
	}
}

func mount(t *testing.T, fake *discordfake.Fake, d *discord.Discord) {
	mux := http.NewServeMux()
	for _, r := range d.Routes() {
		mux.Handle(r.Pattern, r.Handler)
	}
	if len(d.Routes()) == 0 {
		return
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	fake.SetEndpoint(server.URL + "/discord/interactions")
}

func verbs() []chat.CommandSpec {
	return []chat.CommandSpec{
		{Name: "status", Summary: "Say or see how it stands", Options: []chat.OptionSpec{
			{Name: "text", Summary: "What is known"},
			{Name: "state", Summary: "The new state", Choices: []chat.Choice{{Label: "Investigating", Value: "investigating"}, {Label: "Identified", Value: "identified"}}},
		}},
		{Name: "lead", Summary: "Make somebody the lead", Options: []chat.OptionSpec{{Name: "who", Summary: "The person", Required: true, User: true}}},
		{Name: "logs", Summary: "Search the logs", Options: []chat.OptionSpec{{Name: "service", Summary: "Of which service", Suggested: true}}},
	}
}
