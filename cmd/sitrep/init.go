package main

import (
	_ "embed"

	"github.com/spf13/cobra"
)

//go:embed sitrep.example.yaml
var exampleConfig string

func initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Print a configuration to start from",
		Long:  "Prints a commented configuration. It runs as it stands, with the console alone; uncomment what you use.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write([]byte(exampleConfig))
			return err
		},
	}
}
