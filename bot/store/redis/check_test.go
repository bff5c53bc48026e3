package redis

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// told is what Check found, a line each, without the addresses of the servers.
func told(t *testing.T, o Options, nodes ...*server) []string {
	t.Helper()
	var out []string
	for _, f := range Check(t.Context(), o) {
		mark := "ok "
		if !f.OK {
			mark = "WRONG "
			if f.Mend == "" {
				t.Errorf("%s: nothing is said about how to mend it", f.What)
			}
		}
		line := mark + f.What
		for _, n := range nodes {
			line = strings.ReplaceAll(line, n.addr, "host")
		}
		version, _, _ := strings.Cut(line, ": Redis 7.")
		if version != line {
			line = version + ": Redis 7"
		}
		out = append(out, line)
	}
	return out
}

func TestCheck(t *testing.T) {
	healthy := []string{
		"ok host: Redis 7", "ok host: maxmemory-policy noeviction",
		"ok host: appendonly yes, appendfsync always: what was acknowledged outlives a server that is killed, and a host that loses power",
		"ok host: 0 replicas, a write waits for 0",
	}
	for _, tt := range []struct {
		name     string
		settings []string
		replicas int
		change   map[int]string
	}{
		{"as it should be", nil, 0, nil},
		{"may drop keys", []string{"--maxmemory-policy", "allkeys-lru"}, 0, map[int]string{1: "WRONG host: maxmemory-policy allkeys-lru"}},
		{"every second", []string{"--appendfsync", "everysec"}, 0, map[int]string{
			2: "ok host: appendonly yes, appendfsync everysec: what was acknowledged outlives a server that is killed; a host that loses power loses the last second, two at worst",
		}},
		{"when the system likes", []string{"--appendfsync", "no"}, 0, map[int]string{
			2: "WRONG host: appendonly yes, appendfsync no: a host that loses power loses what its system had not written, half a minute or so",
		}},
		{"memory alone", []string{"--appendonly", "no"}, 0, map[int]string{2: "WRONG host: appendonly no: a server that is killed loses all since its last snapshot"}},
		{"too few replicas", nil, 1, map[int]string{3: "WRONG host: 0 replicas, a write waits for 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := newServer(t, tt.settings...)
			want := append([]string(nil), healthy...)
			for i, line := range tt.change {
				want[i] = line
			}
			if diff := cmp.Diff(want, told(t, Options{URL: srv.url(), AckedReplicas: tt.replicas}, srv)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckOfACluster(t *testing.T) {
	url, nodes := newCluster(t)
	got := told(t, Options{URL: url, AckedReplicas: 1}, nodes...)
	if len(got) != 13 || got[12] != "ok the cluster of 3 primaries" || !strings.HasPrefix(got[3], "ok host: 1 replicas, a write waits for 1") {
		t.Errorf("got %s", strings.Join(got, "\n"))
	}
}

func TestCheckOfWhatIsNotThere(t *testing.T) {
	o := Options{URL: fmt.Sprintf("redis://:hunter2@127.0.0.1:%d", freePort(t))}
	found := Check(t.Context(), o)
	if len(found) != 1 || found[0].OK || strings.Contains(fmt.Sprint(found), "hunter2") {
		t.Errorf("got %v", found)
	}
}
