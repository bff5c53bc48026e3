package bolt

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"

	"sitrep/bot/ops"
	"sitrep/bot/store"
)

func TestAFullDiskIsToldAndTheStoreLivesOnOnceThereIsRoom(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	s := open(t, filepath.Join(dir, "sitrep.db"))
	body := make([]byte, 32<<10)
	n := 0
	for ; ; n++ {
		_, err := s.Receive(t.Context(), store.Request{ID: fmt.Sprint(n), Body: body})
		if errors.Is(err, store.ErrFull) {
			if ops.Tell(err) != "the disk of sitrep's store is full" {
				t.Errorf("message of %v", err)
			}
			break
		}
		if err != nil || n > 1000 {
			t.Fatalf("after %d requests: %v, want ErrFull", n, err)
		}
	}
	has := func(want int) {
		t.Helper()
		got, err := s.Requests(t.Context(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != want {
			t.Errorf("%d requests, want the %d that were acknowledged", len(got), want)
		}
	}
	has(n)
	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT, "size=8m"); err != nil {
		t.Fatal(err)
	}
	if fresh, err := s.Receive(t.Context(), store.Request{ID: fmt.Sprint(n), Body: body}); err != nil || !fresh {
		t.Errorf("with room again: fresh %v, %v", fresh, err)
	}
	has(n + 1)
}
