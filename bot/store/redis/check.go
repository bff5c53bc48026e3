package redis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"sitrep/bot/ops"
)

// Check looks at the servers: whether they can be reached, are new enough, drop nothing when they are full, and what they promise when they crash.
// It changes nothing.
func Check(ctx context.Context, o Options) []ops.Finding {
	s, err := connected(o)
	if err == nil {
		defer func() { _ = s.client.Close() }()
		err = fail(ctx, "redis.Check", s.client.Ping(ctx).Err())
	}
	if err != nil {
		return []ops.Finding{{What: "a connection to Redis", Mend: ops.Tell(err) + "."}}
	}
	nodes, err := s.look(ctx)
	if err != nil {
		return []ops.Finding{{What: "what Redis tells of itself (INFO)", Mend: "Let sitrep's user run INFO. " + ops.Tell(fail(ctx, "redis.Check", err)) + "."}}
	}
	var found []ops.Finding
	for _, n := range nodes {
		found = append(found, n.version(), n.eviction(), n.persistence(), n.replication(s.replicas))
	}
	if s.cluster != nil {
		found = append(found, s.clusterHealth(ctx, len(nodes)))
	}
	return found
}

// node is what a primary tells of itself.
type node struct {
	addr  string
	info  map[string]string
	fsync string // empty when it does not tell
}

// look asks every primary.
func (s *Store) look(ctx context.Context) ([]node, error) {
	if s.cluster == nil {
		n, err := lookAt(ctx, s.single)
		return []node{n}, err
	}
	var mu sync.Mutex
	var nodes []node
	err := s.cluster.ForEachMaster(ctx, func(ctx context.Context, c *goredis.Client) error {
		n, err := lookAt(ctx, c)
		mu.Lock()
		defer mu.Unlock()
		nodes = append(nodes, n)
		return err
	})
	slices.SortFunc(nodes, func(a, b node) int { return cmp.Compare(a.addr, b.addr) })
	return nodes, err
}

func lookAt(ctx context.Context, c *goredis.Client) (node, error) {
	n := node{addr: c.Options().Addr, info: map[string]string{}}
	text, err := c.Info(ctx).Result()
	if err != nil {
		return n, err
	}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			n.info[name] = value
		}
	}
	// Hosted servers often forbid CONFIG. INFO tells all but this.
	if set, err := c.ConfigGet(ctx, "appendfsync").Result(); err == nil {
		n.fsync = set["appendfsync"]
	}
	return n, nil
}

func (n node) version() ops.Finding {
	v := n.info["redis_version"]
	major, _, _ := strings.Cut(v, ".")
	number, _ := strconv.Atoi(major)
	return ops.Finding{OK: number >= 7, What: fmt.Sprintf("%s: Redis %s", n.addr, orUnknown(v)), Mend: "sitrep needs Redis 7 or newer."}
}

func (n node) eviction() ops.Finding {
	policy := n.info["maxmemory_policy"]
	return ops.Finding{
		OK: policy == "noeviction", What: fmt.Sprintf("%s: maxmemory-policy %s", n.addr, orUnknown(policy)),
		Mend: "Set maxmemory-policy to noeviction. With any other one a Redis that is full drops keys, and with them incidents.",
	}
}

func (n node) persistence() ops.Finding {
	f := ops.Finding{OK: true, What: n.addr + ": appendonly yes, appendfsync " + orUnknown(n.fsync)}
	mend := "Set appendonly yes, and appendfsync always or at least everysec; docs/durability.md says what each promises."
	switch {
	case n.info["aof_enabled"] != "1":
		return ops.Finding{What: n.addr + ": appendonly no: a server that is killed loses all since its last snapshot", Mend: mend}
	case n.info["aof_last_write_status"] != "" && n.info["aof_last_write_status"] != "ok":
		return ops.Finding{What: n.addr + ": the last write to the append-only file failed", Mend: "Look at the server's log and at its disk."}
	case n.fsync == "always":
		f.What += ": what was acknowledged outlives a server that is killed, and a host that loses power"
	case n.fsync == "everysec":
		f.What += ": what was acknowledged outlives a server that is killed; a host that loses power loses the last second, two at worst"
	case n.fsync == "no":
		return ops.Finding{What: f.What + ": a host that loses power loses what its system had not written, half a minute or so", Mend: mend}
	}
	return f
}

func (n node) replication(want int) ops.Finding {
	has, _ := strconv.Atoi(n.info["connected_slaves"])
	f := ops.Finding{OK: true, What: fmt.Sprintf("%s: %d replicas, a write waits for %d", n.addr, has, want)}
	switch {
	case has < want:
		f.OK, f.Mend = false, "There are fewer replicas than store.redis.acked_replicas asks for, so that every write fails. Start them, or ask for fewer."
	case has > 0 && want == 0:
		f.What += ": a failover loses what the new primary had not received yet"
	case has > 0:
		f.What += ": a failover loses only what a replica without the last write loses when it is the one that is chosen"
	}
	return f
}

func (s *Store) clusterHealth(ctx context.Context, primaries int) ops.Finding {
	f := ops.Finding{What: fmt.Sprintf("the cluster of %d primaries", primaries), Mend: "Some slots have no server: look at CLUSTER INFO and CLUSTER NODES."}
	text, err := s.cluster.ClusterInfo(ctx).Result()
	f.OK = err == nil && strings.Contains(text, "cluster_state:ok") && strings.Contains(text, "cluster_slots_ok:16384")
	return f
}

func orUnknown(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}
