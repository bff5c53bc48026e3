package main

import (
	"bufio"
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
		Use:   "export [NUMBER]",
		Short: "Write the record of an incident, its postmortem, or everything, to standard output",
		Long: `Writes the events of an incident as JSON Lines, or with --postmortem the draft of its postmortem in Markdown.
With --all it writes everything that the store has, for "sitrep import" to put into another one.
It works while the bot runs, too: of a file it then reads a copy. Stop the bot before you move from Redis: what it writes meanwhile may be missed.`,
		Example: "  sitrep export 42 > inc-42.jsonl\n  sitrep export --postmortem 42 > postmortem-42.md\n  sitrep export --all > all.jsonl",
		Args:    cobra.MaximumNArgs(1),
	}
	path := configFlag(cmd)
	draft := cmd.Flags().Bool("postmortem", false, "write the postmortem in Markdown")
	everything := cmd.Flags().Bool("all", false, "write everything, for sitrep import")
	cmd.MarkFlagsMutuallyExclusive("all", "postmortem")
	file := cmd.Flags().String("store", "", "read this store instead of the configured one")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *everything != (len(args) == 0) {
			return errors.New("name one incident by its number, or everything with --all")
		}
		var n int64
		if !*everything {
			var err error
			if n, err = strconv.ParseInt(strings.TrimPrefix(args[0], "#"), 10, 64); err != nil {
				return fmt.Errorf("%q is no incident's number", args[0])
			}
		}
		in, st, err := readableStore(cmd.Context(), *path, *file)
		if err != nil {
			return err
		}
		defer func() { _ = st.Close() }()
		if *everything {
			out := bufio.NewWriter(cmd.OutOrStdout())
			return errors.Join(exportAll(cmd.Context(), st, out), out.Flush())
		}
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
