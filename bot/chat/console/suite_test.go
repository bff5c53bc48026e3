package console_test

import (
	"testing"

	"go.uber.org/zap/zaptest"

	"sitrep/bot/chat/chattest"
	"sitrep/bot/chat/console"
	"sitrep/bot/chat/console/consoletest"
)

const token = "a-token-for-tests"

func open(t testing.TB, cfg console.Config) (*console.Console, *consoletest.World, *consoletest.Keeper) {
	t.Helper()
	keeper := &consoletest.Keeper{}
	c, err := console.New(cfg, keeper, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	return c, consoletest.New(t, c.Routes(), token, keeper), keeper
}

func TestPlatform(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.Setup {
		c, world, _ := open(t, console.Config{Token: token})
		return chattest.Setup{Platform: c, World: world, Skip: map[string]string{
			"the bot's removal from a room is told": "the bot cannot be removed from a room of its own console",
		}}
	})
}
