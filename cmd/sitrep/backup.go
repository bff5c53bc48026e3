package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sitrep/bot/store/bolt"
)

func backupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the store to a new file",
		Long:  "Writes a consistent copy of the store to a new file. It works while the bot runs, which goes on writing meanwhile.",
		Args:  cobra.ExactArgs(1),
	}
	path := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := readConfig(*path)
		if err != nil {
			return err
		}
		if cfg.inRedis() {
			return errors.New("the store is in Redis: back that up by its own means, or write everything with `sitrep export --all`")
		}
		f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		n, err := backup(cmd.Context(), cfg.Store.Path, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return errors.Join(err, os.Remove(args[0]))
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %d bytes\n", args[0], n)
		return nil
	}
	return cmd
}

// backup copies a store, through the bot that runs on it when there is one.
func backup(ctx context.Context, path string, out io.Writer) (int64, error) {
	if running(ctx, path) {
		return fetchBackup(ctx, path, out)
	}
	if _, err := os.Stat(path); err != nil {
		return 0, fmt.Errorf("there is no store at %s", path)
	}
	st, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return 0, err
	}
	n, err := st.Backup(ctx, out)
	return n, errors.Join(err, st.Close())
}

// control is the socket beside the store through which the commands of the same user reach the running bot.
func control(path string) string { return path + ".sock" }

// running reports whether a bot runs on the store.
func running(ctx context.Context, path string) bool {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", control(path))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

func fetchBackup(ctx context.Context, path string, out io.Writer) (int64, error) {
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", control(path))
	}}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://sitrep/backup", http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("the running sitrep answered %s", resp.Status)
	}
	return io.Copy(out, resp.Body)
}

// runControl serves the control socket until ctx ends. Only the user who runs the bot can open it.
func (a *app) runControl(ctx context.Context) error {
	path := control(a.live.Load().config.Store.Path)
	_ = os.Remove(path) // left by a process that was killed; the store's lock says that no other one lives
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(err, l.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /backup", func(w http.ResponseWriter, r *http.Request) {
		st, ok := a.store.(interface {
			Backup(context.Context, io.Writer) (int64, error)
		})
		if !ok {
			http.Error(w, "this store is backed up by its own means", http.StatusNotImplemented)
			return
		}
		if _, err := st.Backup(r.Context(), w); err != nil {
			panic(http.ErrAbortHandler) // the copy is cut short, and the reader must see that
		}
	})
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done()
		_ = srv.Close()
	}()
	err = srv.Serve(l)
	<-done
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
