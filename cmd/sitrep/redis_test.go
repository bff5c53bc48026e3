package main

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/zap/zaptest"

	"sitrep/bot"
	"sitrep/bot/incident"
	"sitrep/integrations"
)

// onRedis is a whole sitrep whose record is in Redis. It runs until stop is called, which waits for it.
func onRedis(t *testing.T, url string) (base string, stop func() error) {
	t.Helper()
	cfg, err := parseConfig([]byte(minimal), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	cfg.Store.Redis.URL = integrations.NewSecret(url)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := assemble(cfg, l, bot.RealClock(), zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.run(ctx) }()
	return "http://" + l.Addr().String(), func() error {
		cancel()
		err := <-ended
		if cerr := a.close(); cerr != nil {
			t.Error(cerr)
		}
		return err
	}
}

func TestServeOnRedis(t *testing.T) {
	m := miniredis.RunT(t)
	shard := strconv.Itoa(int(incident.ShardOf("runtime"))) // of the record that tells when sitrep was last alive
	for range 2 {                                           // the second one takes over from the first, which has given the installation back
		base, stop := onRedis(t, "redis://"+m.Addr())
		deadline := time.Now().Add(10 * time.Second)
		for {
			resp, err := http.Get(base + "/readyz")
			if err == nil {
				_ = resp.Body.Close()
				if resp.StatusCode == http.StatusOK && m.Exists("sitrep:{s"+shard+"}:rec") {
					break
				}
			}
			if time.Now().After(deadline) {
				t.Fatalf("it never became ready and recorded anything: %v", m.Keys())
			}
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
}
