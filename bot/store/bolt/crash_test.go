package bolt

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// childVar names the file in which the test binary commits until it is killed, instead of running tests.
const childVar = "SITREP_BOLT_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVar); path != "" {
		commitForEver(path)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// commitForEver commits from several goroutines, and tells each thing on standard output once it is acknowledged.
func commitForEver(path string) {
	s, err := Open(path, Options{})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			if err := commitFrom(s, w); err != nil {
				fmt.Println("error", err)
			}
		})
	}
	wg.Wait()
}

func commitFrom(s *Store, worker int) error {
	ctx := context.Background()
	c := declare(os.Getpid()*8 + worker)
	for n := 0; ; n++ {
		request := fmt.Sprintf("%s/%d", c.Incident, n)
		if _, err := s.Receive(ctx, store.Request{ID: request}); err != nil {
			return err
		}
		fmt.Println("request", request)
		if err := s.Commit(ctx, c); err != nil {
			return err
		}
		fmt.Println("commit", c.Incident, c.State.Version)
		c = note(c.State)
		c.Tasks = []store.Task{{ID: store.TaskID(fmt.Sprintf("%s/%d", c.Incident, c.State.Version)), Incident: c.Incident}}
		c.Counts = map[string]int64{"notes": 1}
	}
}

// acknowledged is what children told before they died.
type acknowledged struct {
	versions map[incident.ID]incident.Version
	requests map[string]bool
}

func TestWhatWasAcknowledgedOutlivesKill9(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sitrep.db")
	random := rand.New(rand.NewPCG(17, 0))
	acked := acknowledged{map[incident.ID]incident.Version{}, map[string]bool{}}
	for range 6 {
		acked.runAndKill(t, path, 50+random.IntN(500))
		s := open(t, path)
		acked.check(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// runAndKill lets a child run until it has told n things, kills it, and takes in all that it has told.
func (a *acknowledged) runAndKill(t *testing.T, path string, n int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVar+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for sc := bufio.NewScanner(out); sc.Scan(); lines++ {
		if lines == n {
			_ = cmd.Process.Kill()
		}
		a.take(t, sc.Text())
	}
	_ = cmd.Wait()
	if lines < n {
		t.Fatalf("the child told %d things, want %d at least", lines, n)
	}
}

func (a *acknowledged) take(t *testing.T, line string) {
	t.Helper()
	f := strings.Fields(line)
	switch f[0] {
	case "request":
		a.requests[f[1]] = true
	case "commit":
		var v incident.Version
		if _, err := fmt.Sscan(f[2], &v); err != nil {
			t.Fatal(err)
		}
		a.versions[incident.ID(f[1])] = v
	default:
		t.Fatal(line)
	}
}

func (a *acknowledged) check(t *testing.T, s *Store) {
	t.Helper()
	requests, err := s.Requests(t.Context(), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{}
	for _, r := range requests {
		kept[r.ID] = true
	}
	for id := range a.requests {
		if !kept[id] {
			t.Errorf("request %s was acknowledged, and is not there", id)
		}
	}
	tasks, err := s.Tasks(t.Context(), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	perIncident := map[incident.ID]int{}
	for _, task := range tasks {
		perIncident[task.Incident]++
	}
	for id, v := range a.versions {
		a.checkIncident(t, s, id, v, perIncident[id])
	}
}

// checkIncident wants all of each commit, or nothing: as many tasks as versions, one count for each note.
func (a *acknowledged) checkIncident(t *testing.T, s *Store, id incident.ID, acked incident.Version, tasks int) {
	t.Helper()
	state, counts, err := s.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := s.Events(t.Context(), id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if state.Version < acked {
		t.Errorf("%s is at version %d, and %d was acknowledged", id, state.Version, acked)
	}
	for i, e := range recorded {
		if e.Version != incident.Version(i+1) {
			t.Fatalf("%s: event %d has version %d", id, i, e.Version)
		}
	}
	if n := int(state.Version); len(recorded) != n || tasks != n || int(counts["notes"]) != n-1 {
		t.Errorf("%s at version %d has %d events, %d tasks and %d counted notes", id, n, len(recorded), tasks, counts["notes"])
	}
}
