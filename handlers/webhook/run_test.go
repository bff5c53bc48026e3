package webhook_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"sitrep/handlers/webhook"
)

// patience is how long a test waits before it says that something hangs.
const patience = 30 * time.Second

// running is a site behind a real socket.
type running struct {
	*site
	addr string
	stop context.CancelFunc
	done chan error
}

func run(t *testing.T, change func(*webhook.Config)) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{site: newSite(change), addr: l.Addr().String(), stop: stop, done: make(chan error, 1)}
	go func() { r.done <- r.Run(ctx, l) }()
	t.Cleanup(stop)
	return r
}

func (r *running) ended(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(patience):
		t.Fatal("the server does not end")
		return nil
	}
}

// storing waits until a request is being stored.
func (r *running) storing(t *testing.T) {
	t.Helper()
	select {
	case <-r.inbox.in:
	case <-time.After(patience):
		t.Fatal("nothing came as far as the store")
	}
}

func (r *running) post(body string) (*http.Response, error) {
	req, err := http.NewRequest("POST", "http://"+r.addr+"/webhooks/am", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", auth)
	return http.DefaultClient.Do(req)
}

func TestWhatIsInFlightIsFinished(t *testing.T) {
	r := run(t, nil)
	r.inbox.held, r.inbox.in = make(chan struct{}), make(chan struct{}, 1)
	status := make(chan int, 1)
	go func() {
		resp, err := r.post("alert")
		if err != nil {
			status <- 0
			return
		}
		resp.Body.Close()
		status <- resp.StatusCode
	}()
	r.storing(t)
	r.stop()
	for deadline := time.Now().Add(patience); ; {
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			break // nothing more is accepted
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("connections are still accepted")
		}
	}
	close(r.inbox.held)
	if got := <-status; got != http.StatusAccepted {
		t.Errorf("the request in flight was answered %d", got)
	}
	if err := r.ended(t); err != nil {
		t.Error(err)
	}
	if n := len(r.inbox.requests()); n != 1 {
		t.Errorf("%d requests were stored", n)
	}
}

func TestWhatHangsIsCutOffAfterItsGrace(t *testing.T) {
	r := run(t, func(c *webhook.Config) { c.Grace = 20 * time.Millisecond })
	r.inbox.held, r.inbox.in = make(chan struct{}), make(chan struct{}, 1)
	go r.post("alert")
	r.storing(t)
	r.stop()
	if err := r.ended(t); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("got %v", err)
	}
	if n := len(r.inbox.requests()); n != 0 {
		t.Errorf("%d requests were stored", n)
	}
}

func TestSlowBodyIsGivenUp(t *testing.T) {
	r := run(t, func(c *webhook.Config) { c.ReadTimeout = 50 * time.Millisecond })
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "POST /webhooks/am HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: 10\r\n\r\naler", auth)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := text(t, resp); resp.StatusCode != http.StatusRequestTimeout || !strings.Contains(got, "in time") {
		t.Errorf("answered %d %q", resp.StatusCode, got)
	}
	if n := len(r.inbox.requests()); n != 0 {
		t.Errorf("%d requests were stored", n)
	}
}

func TestStreamOutlivesTheReadTimeout(t *testing.T) {
	const timeout = 400 * time.Millisecond
	stream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		flush := w.(http.Flusher)
		for i := range 2 {
			select {
			case <-time.After(timeout + timeout/4):
			case <-r.Context().Done():
				return
			}
			fmt.Fprintf(w, "data: %d\n\n", i)
			flush.Flush()
		}
	})
	r := run(t, func(c *webhook.Config) {
		c.ReadTimeout = timeout
		c.Routes = []webhook.Route{{Pattern: "POST /events", Handler: stream}}
	})
	resp, err := http.Post("http://"+r.addr+"/events", "text/plain", strings.NewReader("go"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := text(t, resp); !strings.Contains(got, "data: 1") {
		t.Errorf("the stream ended early: %q", got)
	}
}

func TestRunTellsWhyItCannotServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := newSite(nil).Run(t.Context(), l); err == nil {
		t.Error("serving on a closed listener ended without an error")
	}
}
