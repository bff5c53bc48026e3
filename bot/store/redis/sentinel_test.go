package redis

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"sitrep/bot/store"
)

// newSentinel starts a Sentinel that watches over a primary, and returns the URL of what it watches over.
func newSentinel(t *testing.T, primary *server) string {
	t.Helper()
	host, port, _ := net.SplitHostPort(primary.addr)
	own := strconv.Itoa(freePort(t))
	config := filepath.Join(t.TempDir(), "sentinel.conf") // which it rewrites
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\nsentinel monitor main %s %s 1\nsentinel down-after-milliseconds main 500\nsentinel failover-timeout main 3000\n",
		own, host, port)
	must(t, os.WriteFile(config, []byte(text), 0o600))
	cmd := exec.Command(serverPath(t), config, "--sentinel")
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	c := goredis.NewSentinelClient(&goredis.Options{Addr: "127.0.0.1:" + own})
	defer c.Close()
	eventually(t, "the Sentinel knows of the replica", func() bool {
		replicas, err := c.Replicas(t.Context(), "main").Result()
		return err == nil && len(replicas) == 1 && replicas[0]["flags"] == "slave" && replicas[0]["master-link-status"] == "ok"
	})
	return "redis+sentinel://127.0.0.1:" + own + "/main"
}

func TestBehindSentinelsItGoesOnWithTheNewPrimary(t *testing.T) {
	primary := newServer(t)
	host, port, _ := net.SplitHostPort(primary.addr)
	newServer(t, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	s := open(t, Options{URL: newSentinel(t, primary), Timeout: time.Second, AckedReplicas: 1})
	c := declare(1)
	eventually(t, "the replica acknowledges", func() bool { return s.PutRecord(t.Context(), "k", "k", nil) == nil })
	must(t, s.Commit(t.Context(), c))
	changed := s.Changed()
	primary.kill()
	next := note(c.State)
	eventually(t, "the replica has taken over", func() bool {
		// It has no replica of its own, so that its writes stand without being acknowledged.
		err := s.Commit(t.Context(), next)
		return errors.Is(err, store.ErrConflict) || errors.Is(err, errFewReplicas)
	})
	state, _, err := s.Load(t.Context(), c.Incident)
	must(t, err)
	if state.Version != 2 {
		t.Errorf("version %d, want 2", state.Version)
	}
	<-changed
}
