package bolt

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

// hooked is a Writer that runs a function before its first write.
type hooked struct {
	bytes.Buffer
	first func()
}

func (h *hooked) Write(p []byte) (int, error) {
	if h.first != nil {
		h.first()
		h.first = nil
	}
	return h.Buffer.Write(p)
}

func TestBackupIsACopyOfOneMomentWhileWritesGoOn(t *testing.T) {
	s, _ := newStore(t)
	const before, during = 20, 300
	commit := func(from, to int) {
		for i := from; i < to; i++ {
			if err := s.Commit(t.Context(), declare(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	commit(0, before)
	out := &hooked{first: func() { commit(before, before+during) }}
	n, err := s.Backup(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	if n != int64(out.Len()) {
		t.Errorf("%d bytes were told, %d written", n, out.Len())
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	restored := open(t, path)
	ids, err := restored.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) != before {
		t.Errorf("the copy has %d incidents, want the %d of its beginning", len(ids), before)
	}
	for i := range before {
		if diff := cmp.Diff(content(t, s, declare(i).Incident), content(t, restored, declare(i).Incident)); diff != "" {
			t.Fatalf("copy of incident %d (-want +got):\n%s", i, diff)
		}
	}
	if err := restored.Commit(t.Context(), declare(before)); err != nil {
		t.Errorf("the copy takes no commits: %v", err)
	}
}

func content(t *testing.T, s *Store, id incident.ID) []any {
	t.Helper()
	state, _, err := s.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := s.Events(t.Context(), id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	tasks, err := s.Tasks(t.Context(), store.Cursor{id.Shard(): 0}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return []any{state, recorded, tasks}
}

func TestBackupStopsWithItsContextAndItsWriter(t *testing.T) {
	s, _ := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := s.Backup(ctx, &hooked{first: cancel}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	path := filepath.Join(t.TempDir(), "closed")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if _, err := s.Backup(t.Context(), f); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v, want the writer's own error", err)
	}
}
