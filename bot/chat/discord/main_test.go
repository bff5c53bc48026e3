package discord_test

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/zap/zapcore"
)

// Tests are quiet; set this lower to see what a platform logs.
const zapLevel = zapcore.DPanicLevel

// Discordgo sleeps for a second whenever a session ends, so that these tests mostly wait: many wait at once.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
