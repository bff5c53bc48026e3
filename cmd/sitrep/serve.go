package main

import (
	"context"
	"errors"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"sitrep/bot"
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the bot",
		Long: `Runs the bot until it is stopped: SIGINT and SIGTERM finish what is in flight, SIGHUP reads the configuration again
(all of it or nothing; the listener, the store and the connections to chat platforms stay as they are).`,
		Args: cobra.NoArgs,
	}
	path := configFlag(cmd)
	speed := cmd.Flags().Float64("speed", 1, "run the incidents' clock so many times as fast, for drills and tests")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := readConfig(*path)
		if err != nil {
			return err
		}
		log, err := logger(cfg.Log)
		if err != nil {
			return err
		}
		defer func() { _ = log.Sync() }()
		clock := bot.RealClock()
		if *speed != 1 {
			clock = bot.FastClock(bot.RealClock().Now(), *speed)
		}
		l, err := (&net.ListenConfig{}).Listen(cmd.Context(), "tcp", cfg.Listen)
		if err != nil {
			return err
		}
		a, err := assemble(cfg, l, clock, log)
		if err != nil {
			return errors.Join(err, l.Close())
		}
		defer func() { _ = a.close() }()
		log.Info("sitrep is starting", zap.String("version", version()), zap.String("listen", cfg.Listen), zap.Strings("platforms", cfg.platforms()))
		return a.serve(cmd.Context(), *path)
	}
	return cmd
}

// serve runs, and reloads the configuration at each SIGHUP.
func (a *app) serve(ctx context.Context, path string) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	ctx, cancel := context.WithCancel(ctx)
	reloads := make(chan struct{})
	go func() {
		defer close(reloads)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hup:
				if err := a.reload(path); err != nil {
					a.log.Error("configuration was not reloaded; the old one stays in force", zap.Error(err))
				} else {
					a.log.Info("configuration was reloaded")
				}
			}
		}
	}()
	err := a.run(ctx)
	cancel()
	<-reloads
	if err == nil {
		a.log.Info("sitrep has stopped; what was in flight is finished")
	}
	return err
}
