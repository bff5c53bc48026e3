package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"sitrep/bot/incident"
	"sitrep/bot/store"
	"sitrep/bot/store/bolt"
	"sitrep/templates"
)

func exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the record of an incident, or its postmortem, to standard output",
		Long: `Writes the events of an incident as JSON Lines, or with --postmortem the draft of its postmortem in Markdown.
It works while the bot runs, too: it then reads a copy.`,
		Example: "  sitrep export 42 > inc-42.jsonl\n  sitrep export --postmortem 42 > postmortem-42.md",
		Args:    cobra.ExactArgs(1),
	}
	path := configFlag(cmd)
	draft := cmd.Flags().Bool("postmortem", false, "write the postmortem in Markdown")
	file := cmd.Flags().String("store", "", "read this store instead of the configured one")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		n, err := strconv.ParseInt(strings.TrimPrefix(args[0], "#"), 10, 64)
		if err != nil {
			return fmt.Errorf("%q is no incident's number", args[0])
		}
		in, st, err := readableStore(cmd.Context(), *path, *file)
		if err != nil {
			return err
		}
		defer func() { _ = st.Close() }()
		return export(cmd.Context(), cmd.OutOrStdout(), in, st, incident.Number(n), *draft)
	}
	return cmd
}

// readableStore opens the configured store, or the named file, with the installation whose zone and texts are to be used. A file that a running
// bot holds is read from a copy.
func readableStore(ctx context.Context, config, file string) (*installation, store.Store, error) {
	cfg := defaultConfig()
	cfg.Console.Enabled = true
	if _, err := os.Stat(config); err == nil || file == "" {
		if cfg, err = readConfig(config); err != nil {
			return nil, nil, err
		}
	}
	in, err := install(cfg, time.Now, zap.NewNop())
	if err != nil {
		return nil, nil, err
	}
	if file == "" && cfg.inRedis() {
		st, err := openStore(ctx, cfg)
		return in, st, err
	}
	if file == "" {
		file = cfg.Store.Path
	}
	if _, err := os.Stat(file); err != nil {
		return nil, nil, fmt.Errorf("there is no store at %s", file)
	}
	st, err := asStore(bolt.Open(file, bolt.Options{}))
	if err != nil && running(ctx, file) {
		st, err = asStore(openCopy(ctx, file))
	}
	return in, st, err
}

// openCopy opens a copy of the store that a running bot holds. The copy's file is gone once it is closed.
func openCopy(ctx context.Context, file string) (*bolt.Store, error) {
	tmp, err := os.CreateTemp("", "sitrep-*.db")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // an open file stays readable after its name is gone
	_, err = fetchBackup(ctx, file, tmp)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return nil, err
	}
	return bolt.Open(tmp.Name(), bolt.Options{})
}

func export(ctx context.Context, out io.Writer, in *installation, st store.Store, n incident.Number, draft bool) error {
	id, err := st.Numbered(ctx, n)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no incident %s", n)
	}
	if err != nil {
		return err
	}
	events, err := st.Events(ctx, id, 0, 0)
	if err != nil {
		return err
	}
	if draft {
		view := templates.View{State: incident.Fold(id, events), Now: time.Now(), Zone: in.zone, Catalog: in.catalog}
		_, err = io.WriteString(out, in.texts.Postmortem(view, events))
		return err
	}
	for _, r := range events {
		line, err := incident.Encode(r)
		if err != nil {
			return err
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// jsonIndented writes v for people to read.
func jsonIndented(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
