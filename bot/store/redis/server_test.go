package redis

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// server is a real Redis that the test has started, in a folder of its own.
type server struct {
	addr string
	args []string
	cmd  *exec.Cmd
}

// serverPath returns where redis-server is. Without it the test is skipped, or fails when real servers are required.
func serverPath(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	switch {
	case err == nil:
	case os.Getenv("SITREP_REAL") == "required":
		t.Fatal("there is no redis-server, and SITREP_REAL=required")
	default:
		t.Skip("there is no redis-server; install it (Debian: redis-server) to run this test")
	}
	return path
}

// freePort is a port at which nobody listens, with its cluster bus beside it.
func freePort(t testing.TB) int {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if port < 50000 {
			return port
		}
	}
	t.Fatal("no free port below 50000")
	return 0
}

// newServer starts a Redis that puts each write on the disk before it answers. More settings come as "--name", "value".
func newServer(t testing.TB, settings ...string) *server {
	t.Helper()
	serverPath(t)
	port := strconv.Itoa(freePort(t))
	s := &server{addr: "127.0.0.1:" + port, args: append([]string{
		"--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--appendonly", "yes", "--appendfsync", "always", "--save", "",
		"--maxmemory-policy", "noeviction",
	}, settings...)}
	s.start(t)
	t.Cleanup(func() { s.kill() })
	return s
}

func (s *server) start(t testing.TB) {
	t.Helper()
	s.cmd = exec.Command(serverPath(t), s.args...)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := s.client()
	defer c.Close()
	eventually(t, "redis-server answers", func() bool { return c.Ping(t.Context()).Err() == nil })
}

// kill ends the server as a power failure of the process would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *server) url() string { return "redis://" + s.addr }

func (s *server) client() *goredis.Client { return goredis.NewClient(&goredis.Options{Addr: s.addr}) }

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("in vain: %s", what)
}

const slots = 16384

// newCluster starts three primaries, each with a replica, and returns the cluster's URL.
func newCluster(t testing.TB) (string, []*server) {
	t.Helper()
	nodes := make([]*server, 6)
	clients := make([]*goredis.Client, 6)
	for i := range nodes {
		nodes[i] = newServer(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0")
		clients[i] = nodes[i].client()
		defer clients[i].Close()
	}
	ctx := t.Context()
	for i, c := range clients[:3] {
		must(t, c.ClusterAddSlotsRange(ctx, i*slots/3, (i+1)*slots/3-1).Err())
	}
	for _, n := range nodes[1:] {
		host, port, _ := net.SplitHostPort(n.addr)
		must(t, clients[0].ClusterMeet(ctx, host, port).Err())
	}
	for i, c := range clients[3:] {
		id, err := clients[i].Do(ctx, "cluster", "myid").Text()
		must(t, err)
		eventually(t, "the replica knows its primary", func() bool { return c.ClusterReplicate(ctx, id).Err() == nil })
	}
	eventually(t, "the cluster is whole", func() bool { return whole(ctx, clients) })
	addrs := make([]string, len(nodes))
	for i, n := range nodes {
		addrs[i] = n.addr
	}
	return "redis+cluster://" + strings.Join(addrs, ","), nodes
}

// whole reports whether every node sees all slots served and each primary has its replica.
func whole(ctx context.Context, clients []*goredis.Client) bool {
	for i, c := range clients {
		info, err := c.ClusterInfo(ctx).Result()
		if err != nil || !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprint("cluster_known_nodes:", len(clients))) {
			return false
		}
		role, err := c.Info(ctx, "replication").Result()
		if err != nil || i < 3 && !strings.Contains(role, "connected_slaves:1") || i >= 3 && !strings.Contains(role, "master_link_status:up") {
			return false
		}
	}
	return true
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
