package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"sitrep/bot"
	"sitrep/cmd/sitrep/shop"
)

//go:embed demo.yaml
var demoConfig string

func demoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play an incident in the browser, with nothing to set up",
		Long: `Starts sitrep with the console, a store in a temporary folder, and a small simulated shop whose metrics, logs and deploys it
queries over the real APIs. A bad deploy has made checkout slow: the alert comes in within a minute, and you answer.

With --headless it plays the whole incident by itself on a fast clock, and prints what stands in each room and the postmortem.`,
		Args: cobra.NoArgs,
	}
	headless := cmd.Flags().Bool("headless", false, "play the story without a browser, print it, and end")
	listen := cmd.Flags().String("listen", "127.0.0.1:8080", "address of the page; another port is taken when it is in use")
	speed := cmd.Flags().Float64("speed", 0, "run the clock so many times as fast (1; with --headless 300 while everybody waits, and slower while people act)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		out := cmd.OutOrStdout()
		if *headless {
			return headlessDemo(cmd.Context(), out, orElse(*speed, 300))
		}
		return visitorDemo(cmd.Context(), out, *listen, orElse(*speed, 1))
	}
	return cmd
}

func orElse(v, other float64) float64 {
	if v == 0 {
		return other
	}
	return v
}

// demo is sitrep and the shop, running in one process.
type demo struct {
	app   *app
	shop  *shop.Shop
	clock bot.Clock
	url   string // of sitrep's listener
	tools string // of the shop
	token string
}

// cadence is how often people are told in a demonstration.
type cadence struct{ first, then, draft time.Duration }

// startDemo starts everything, and calls play once it answers. It ends when play does.
func startDemo(ctx context.Context, listen string, clock bot.Clock, c cadence, log *zap.Logger, play func(context.Context, *demo) error) error {
	dir, err := os.MkdirTemp("", "sitrep-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	l, err := freeListener(ctx, listen)
	if err != nil {
		return err
	}
	shopListener, err := freeListener(ctx, "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, l.Close())
	}
	d := &demo{
		shop: shop.New(clock.Now), clock: clock, token: rand.Text(),
		url: "http://" + l.Addr().String(), tools: "http://" + shopListener.Addr().String(),
	}
	values := map[string]string{
		"LISTEN": l.Addr().String(), "URL": d.url, "STORE": filepath.Join(dir, "demo.db"), "SHOP": d.tools, "TOKEN": d.token,
		"FIRST": c.first.String(), "THEN": c.then.String(), "DRAFT": c.draft.String(),
	}
	cfg, err := parseConfig([]byte(demoConfig), func(name string) (string, bool) { v, ok := values[name]; return v, ok })
	if err != nil {
		return errors.Join(err, l.Close(), shopListener.Close())
	}
	if d.app, err = assemble(cfg, l, clock, log); err != nil {
		return errors.Join(err, l.Close(), shopListener.Close())
	}
	err = d.run(ctx, shopListener, play)
	return errors.Join(err, d.app.close())
}

func (d *demo) run(ctx context.Context, l net.Listener, play func(context.Context, *demo) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	srv := &http.Server{Handler: d.shop.Handler(), ReadHeaderTimeout: 5 * time.Second}
	g.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error { return d.app.run(ctx) })
	g.Go(func() error {
		return d.shop.Watch(ctx, shop.Alerting{
			URL: d.url + "/webhooks/alerts", Token: d.token, Wait: d.clock.Wait, HTTP: &http.Client{Timeout: 10 * time.Second},
		})
	})
	g.Go(func() error {
		<-ctx.Done()
		return srv.Close()
	})
	g.Go(func() error {
		defer stop()
		if err := d.ready(ctx); err != nil {
			return err
		}
		return play(ctx, d)
	})
	return g.Wait()
}

// ready waits until sitrep answers.
func (d *demo) ready(ctx context.Context) error {
	for range 500 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+"/readyz", http.NoBody)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		if err := bot.RealClock().Wait(ctx, time.Now().Add(20*time.Millisecond)); err != nil {
			return err
		}
	}
	return errors.New("sitrep did not get ready within ten seconds")
}

// freeListener listens on the wanted address, or on another port when that is in use.
func freeListener(ctx context.Context, listen string) (net.Listener, error) {
	var listener net.ListenConfig
	l, err := listener.Listen(ctx, "tcp", listen)
	if err == nil {
		return l, nil
	}
	host, _, split := net.SplitHostPort(listen)
	if split != nil {
		return nil, err
	}
	return listener.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
}

// visitorDemo runs until it is stopped.
func visitorDemo(ctx context.Context, out io.Writer, listen string, speed float64) error {
	log, err := logger(LogConfig{Level: "warn"})
	if err != nil {
		return err
	}
	clock := bot.FastClock(time.Time{}, speed)
	c := cadence{first: 2 * time.Minute, then: 3 * time.Minute, draft: time.Minute}
	err = startDemo(ctx, listen, clock, c, log, func(ctx context.Context, d *demo) error {
		d.shop.ShippedBad(75 * time.Second)
		fmt.Fprintf(out, `
  sitrep demo

  Open                   %s/console/
  The shop's deploy tool %s/

  A bad version of checkout went out a minute ago. In less than a minute the alert fires, and an incident room opens in the
  console; there you are told what to try. It takes ten minutes at most. Stakeholders read #status: sitrep posts there by itself when
  an update is due. Ctrl-C ends the demo, and nothing is left of it.

`, d.url, d.tools)
		if err := newGuide(d.url).lead(ctx); err != nil && ctx.Err() == nil {
			log.Warn("the guide has left", zap.Error(err))
		}
		<-ctx.Done()
		return nil
	})
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the end of ctx is how a visitor ends it
	}
	return err
}
