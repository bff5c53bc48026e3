package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"sitrep/bot"
	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/handlers"
)

func checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration without connecting to anything",
		Long:  "Reads the configuration and tells everything that is wrong with it, with line and key. It connects to nothing.",
		Args:  cobra.NoArgs,
	}
	path := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := readConfig(*path)
		if err != nil {
			return err
		}
		in, err := install(cfg, time.Now, zap.NewNop())
		if err != nil {
			return fmt.Errorf("%s:\n%w", *path, err)
		}
		specs := handlers.New(handlers.Deps{Templates: in.texts}).Specs()
		if _, err := platforms(cfg, specs, nowhere{}, time.Now, zap.NewNop()); err != nil {
			return fmt.Errorf("%s: %w", *path, err)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s is right: platforms %s; %d integrations, %d services, %d people, %d routes.\n",
			*path, list(cfg.platforms()), len(in.sources), len(cfg.Services), len(cfg.People), len(cfg.Routes))
		return nil
	}
	return cmd
}

// nowhere is a keeper for a console that is only checked: it keeps nothing, because nothing is said.
type nowhere struct{}

func (nowhere) PutRecord(context.Context, string, string, []byte) error { return nil }
func (nowhere) EachRecord(context.Context, string, string, func(string, []byte) error) error {
	return nil
}
func (nowhere) DeleteRecord(context.Context, string, string) error { return nil }

func doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Connect to everything, and tell what is missing and how to mend it",
		Long: `Connects to each chat platform and integration with the configured credentials, and names each missing scope, permission,
channel or token, with what to do about it. It changes nothing. It exits 1 when anything is wrong.`,
		Args: cobra.NoArgs,
	}
	path := configFlag(cmd)
	timeout := cmd.Flags().Duration("timeout", 15*time.Second, "how long each connection may take")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := readConfig(*path)
		if err != nil {
			return err
		}
		in, err := install(cfg, time.Now, zap.NewNop())
		if err != nil {
			return fmt.Errorf("%s:\n%w", *path, err)
		}
		return examine(cmd.Context(), cmd.OutOrStdout(), in, *timeout)
	}
	return cmd
}

// examine checks every connection, and prints what it finds.
func examine(ctx context.Context, out io.Writer, in *installation, timeout time.Duration) error {
	ps, err := platforms(in.config, handlers.New(handlers.Deps{Templates: in.texts}).Specs(), nowhere{}, time.Now, zap.NewNop())
	if err != nil {
		return err
	}
	var wrong int
	if in.config.inRedis() {
		wrong += report(ctx, out, "store (Redis)", redisHealth{in.config.redis()}, timeout)
	}
	for _, p := range ps {
		wrong += report(ctx, out, p.Name(), rights{p, channelsOn(in.settings, p.Name())}, timeout)
	}
	for _, s := range in.sources {
		wrong += report(ctx, out, s.Name+" ("+s.Title+")", s.Offer.Check, timeout)
	}
	if wrong > 0 {
		fmt.Fprintf(out, "\n%d to mend.\n", wrong)
		return errTold
	}
	fmt.Fprintln(out, "\nAll well.")
	return nil
}

// channelsOn lists the channels of a platform that the settings name, each once.
func channelsOn(s bot.Settings, platform string) []string {
	var out []string
	add := func(cs []incident.Channel) {
		for _, c := range cs {
			if c.Platform == platform && !slices.Contains(out, c.ID) {
				out = append(out, c.ID)
			}
		}
	}
	add(s.Announce)
	for _, p := range s.Audiences {
		add(p.Channels)
	}
	return out
}

// rights is a platform with the channels in which it is to be heard.
type rights struct {
	chat.Platform
	channels []string
}

// Check looks at the platform, and then at each channel, if the platform can tell.
func (r rights) Check(ctx context.Context) []ops.Finding {
	found := r.Platform.Check(ctx)
	reacher, ok := r.Platform.(chat.Reacher)
	if !ok {
		return found
	}
	for _, c := range r.channels {
		f := ops.Finding{OK: true, What: "channel " + c}
		if err := reacher.Reach(ctx, chat.RoomID(c)); err != nil {
			f.OK, f.Mend = false, orText(ops.Tell(err), "The platform did not say whether it can be reached.")
		}
		found = append(found, f)
	}
	return found
}

func orText(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// report prints what one connection's check found, and returns how much of it is wrong.
func report(ctx context.Context, out io.Writer, name string, c ops.Checker, timeout time.Duration) int {
	fmt.Fprintln(out, name)
	if c == nil {
		fmt.Fprintln(out, "  ok    nothing to connect to: it is only listened to")
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	wrong := 0
	for _, f := range c.Check(ctx) {
		if f.OK {
			fmt.Fprintf(out, "  ok    %s\n", f.What)
			continue
		}
		wrong++
		fmt.Fprintf(out, "  WRONG %s\n        %s\n", f.What, f.Mend)
	}
	return wrong
}
