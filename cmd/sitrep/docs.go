package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sitrep/bot/chat/slack"
	"sitrep/handlers"
	"sitrep/integrations"
	"sitrep/integrations/all"
	"sitrep/templates"
)

func docsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "docs FILE…",
		Short: "Write the generated tables into Markdown files",
		Long: `Replaces what stands between <!-- sitrep:NAME --> and <!-- /sitrep:NAME --> in Markdown files by the table of that name:
verbs, configuration, integrations, sources. A test of the project holds its own files to this.`,
		Args: cobra.MinimumNArgs(1),
	}
	check := cmd.Flags().Bool("check", false, "write nothing; fail when a file is out of date")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		for _, file := range files {
			old, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			now, err := withTables(old)
			switch {
			case err != nil:
				return fmt.Errorf("%s: %w", file, err)
			case bytes.Equal(old, now):
			case *check:
				return fmt.Errorf("%s is out of date: run `sitrep docs %s`", file, file)
			default:
				if err := os.WriteFile(file, now, 0o644); err != nil { //nolint:gosec // a document is for everyone to read
					return err
				}
			}
		}
		return nil
	}
	return cmd
}

var tableMark = regexp.MustCompile(`(?s)(<!-- sitrep:([a-z]+) -->\n).*?(<!-- /sitrep:([a-z]+) -->)`)

// withTables puts the generated tables in their places.
func withTables(text []byte) ([]byte, error) {
	var wrong error
	out := tableMark.ReplaceAllFunc(text, func(old []byte) []byte {
		m := tableMark.FindSubmatch(old)
		table, ok := tables()[string(m[2])]
		if !ok || string(m[2]) != string(m[4]) {
			wrong = fmt.Errorf("there is no table %q", m[2])
			return old
		}
		return slices.Concat(m[1], []byte(table()), m[3])
	})
	return out, wrong
}

func tables() map[string]func() string {
	return map[string]func() string{
		"verbs": verbTable, "configuration": configTable, "integrations": integrationTable, "sources": sourceTable,
	}
}

func verbTable() string {
	texts, _ := templates.Load("") // the embedded texts are sound: a test holds them
	var b strings.Builder
	group := handlers.Group("")
	for _, v := range handlers.New(handlers.Deps{Templates: texts}).Verbs() {
		if v.Group != group {
			group = v.Group
			fmt.Fprintf(&b, "\n**%s**\n\n| verb | also | what it does |\n|---|---|---|\n", group)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(strings.TrimSpace(v.Name+" "+v.Usage), "|", `\|`), codes(v.Synonyms), v.Summary)
	}
	return b.String() + "\n"
}

func codes(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = "`" + w + "`"
	}
	return strings.Join(out, " ")
}

func configTable() string {
	var b strings.Builder
	b.WriteString("\n| key | type | default | what it is |\n|---|---|---|---|\n")
	keyRows(&b, integrations.Keys(defaultConfig()))
	return b.String() + "\n"
}

func keyRows(b *strings.Builder, keys []integrations.Key) {
	for _, k := range keys {
		def := ""
		if k.Default != "" {
			def = "`" + k.Default + "`"
		}
		if k.Required {
			def = "*required*"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", k.Name, k.Type, def, strings.ReplaceAll(k.Doc, "|", `\|`))
	}
}

func integrationTable() string {
	var b strings.Builder
	b.WriteString("\n| kind | system | offers |\n|---|---|---|\n")
	for _, s := range all.Specs() {
		fmt.Fprintf(&b, "| `%s` | [%s](%s) | %s |\n", s.Kind, s.Title, s.Docs, strings.ToLower(strings.Join(s.Offers, ", ")))
	}
	return b.String() + "\n"
}

// sourceTable tells the keys of each kind of integration, and those under which a service names itself to it.
func sourceTable() string {
	var b strings.Builder
	for _, s := range all.Specs() {
		fmt.Fprintf(&b, "\n**`kind: %s`** ([%s](%s))\n\n| key | type | default | what it is |\n|---|---|---|---|\n", s.Kind, s.Title, s.Docs)
		keyRows(&b, s.Keys)
		if len(s.Sources) > 0 {
			b.WriteString("\nA service tells it, under `services[].sources.<name>`:\n\n| key | what it is |\n|---|---|\n")
			for _, k := range s.Sources {
				fmt.Fprintf(&b, "| `%s` | %s |\n", k.Name, strings.ReplaceAll(k.Doc, "|", `\|`))
			}
		}
	}
	return b.String() + "\n"
}

func manifestCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "manifest slack",
		Short: "Print the manifest from which Slack makes the app",
		Long: `Prints the app manifest with exactly the scopes, events and commands that sitrep uses. Paste it at api.slack.com/apps,
"Create New App", "From a manifest".`,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"slack"},
	}
	path := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg := defaultConfig()
		if _, err := os.Stat(*path); err == nil {
			if cfg, err = readConfig(*path); err != nil {
				return err
			}
		}
		text, err := slack.Manifest(cfg.slack())
		if err != nil {
			return err
		}
		_, err = cmd.OutOrStdout().Write(text)
		return err
	}
	return cmd
}
