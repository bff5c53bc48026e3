// Command sitrep is a ChatOps bot for incidents. One process listens in chat, opens a room when an alert fires, answers verbs, posts
// timed updates by itself, and drafts the postmortem.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		if !errors.Is(err, errTold) {
			fmt.Fprintln(os.Stderr, "sitrep: "+err.Error())
		}
		stop()
		os.Exit(1)
	}
}

// errTold ends a command that has told already what is wrong.
var errTold = errors.New("told already")

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sitrep",
		Short: "A ChatOps bot for incidents, in Slack, Discord and the browser",
		Long: `sitrep opens an incident room when an alert fires, answers verbs by querying logs, metrics and deploys,
posts timed updates by itself, and drafts the postmortem.

Start with:  sitrep demo          an incident to play with, in the browser; nothing to set up
Then:        sitrep init > sitrep.yaml
             sitrep check         is the configuration right?
             sitrep doctor        do the connections work, and have they the rights that they need?
             sitrep serve`,
		Version: version(), SilenceUsage: true, SilenceErrors: true,
	}
	cmd.AddCommand(serveCommand(), demoCommand(), initCommand(), checkCommand(), doctorCommand(), manifestCommand(),
		exportCommand(), importCommand(), backupCommand(), schemaCommand(), docsCommand())
	return cmd
}

// version is that of the build: the module's version, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return info.Main.Version + " " + s.Value
		}
	}
	return info.Main.Version
}

// configFlag adds the flag that names the configuration file.
func configFlag(cmd *cobra.Command) *string {
	return cmd.Flags().StringP("config", "c", "sitrep.yaml", "configuration file")
}
