package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"sitrep/bot/chat/discord"
)

// repository is the way from here to the top.
const repository = "../../"

// generated are the documents that have generated tables.
var generated = []string{"README.md", "docs/integrations.md"}

func TestGeneratedTablesAreUpToDate(t *testing.T) {
	seen := ""
	for _, file := range generated {
		old, err := os.ReadFile(repository + file)
		if err != nil {
			t.Fatal(err)
		}
		now, err := withTables(old)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if string(now) != string(old) {
			t.Errorf("%s is out of date: run `make docs`", file)
		}
		seen += string(old)
	}
	for name := range tables() {
		if !strings.Contains(seen, "<!-- sitrep:"+name+" -->") {
			t.Errorf("no document has the table %q", name)
		}
	}
}

func TestVerbTableShowsWhatToType(t *testing.T) {
	table := verbTable()
	for _, row := range []string{"| `note \"text\" [--at 14:05]` |", "| `sev sev1` | `severity` |", "| `why` |"} {
		if !strings.Contains(table, row) {
			t.Errorf("the table has no row %s\n%s", row, table)
		}
	}
}

func TestTablesAreReplacedBetweenTheirMarks(t *testing.T) {
	old := "before\n<!-- sitrep:integrations -->\nold\n<!-- /sitrep:integrations -->\nafter\n"
	once, err := withTables([]byte(old))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(once); strings.Contains(text, "old") || !strings.HasPrefix(text, "before\n<!--") || !strings.HasSuffix(text, "-->\nafter\n") || !strings.Contains(text, "`loki`") {
		t.Errorf("got\n%s", text)
	}
	twice, err := withTables(once)
	if err != nil || string(twice) != string(once) {
		t.Errorf("the second time gives something else (%v)\n%s", err, twice)
	}
	for _, bad := range []string{"<!-- sitrep:nothing -->\n<!-- /sitrep:nothing -->", "<!-- sitrep:verbs -->\n<!-- /sitrep:sources -->"} {
		if _, err := withTables([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || c.Long == "" || c.Short == c.Long {
			t.Errorf("%s: help has a line for the list (%q) and a text of its own (%q)", c.CommandPath(), c.Short, c.Long)
		}
		if strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: the line for the list, %q, ends in a full stop", c.CommandPath(), c.Short)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root())
}

func TestReadmeTellsOfEveryCommand(t *testing.T) {
	text, err := os.ReadFile(repository + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range root().Commands() {
		if !strings.Contains(string(text), "sitrep "+c.Name()) {
			t.Errorf("README.md does not tell of `sitrep %s`", c.Name())
		}
	}
}

func TestReadmeInvitesTheBotWithItsPermissions(t *testing.T) {
	text, err := os.ReadFile(repository + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	number, names := discord.Permissions()
	for _, want := range append(names, fmt.Sprintf("permissions=%d\n", number)) {
		if !strings.Contains(string(text), want) {
			t.Errorf("README.md does not say %q", want)
		}
	}
}

func TestEveryLibraryHasItsReason(t *testing.T) {
	text, err := os.ReadFile(repository + "docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, lib := range slices.Concat(slices.Sorted(maps.Keys(libraries)), testLibraries) {
		if name := strings.TrimPrefix(lib, "github.com/"); !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/dependencies.md does not say why %s is there", name)
		}
	}
}

var (
	docLink    = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	docSnippet = regexp.MustCompile("(?s)\n( *)```yaml\n *# sitrep.yaml\n(.*?)```")
)

func TestLinksBetweenDocumentsLead(t *testing.T) {
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range docLink.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", file, m[1])
			}
		}
	}
}

func TestConfigurationsInDocumentsAreRight(t *testing.T) {
	n := 0
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range docSnippet.FindAllStringSubmatch(string(text), -1) {
			n++
			config := strings.ReplaceAll("\n"+m[2], "\n"+m[1], "\n")
			if err := checked(t, config); err != nil {
				t.Errorf("%s has a configuration that is refused: %v\n%s", file, err, config)
			}
		}
	}
	if n == 0 {
		t.Error("the documents show no configuration (a yaml block that begins with # sitrep.yaml)")
	}
}

func TestConfigurationOfTheDeploymentIsRight(t *testing.T) {
	text, err := os.ReadFile(repository + "deploy/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var resource struct {
		Data map[string]string `yaml:"data"`
	}
	if err := yaml.Unmarshal(text, &resource); err != nil {
		t.Fatal(err)
	}
	if err := checked(t, resource.Data["sitrep.yaml"]); err != nil {
		t.Errorf("the ConfigMap's configuration is refused: %v", err)
	}
}

// checked is what `sitrep check` says of a configuration whose references are all set.
func checked(t *testing.T, text string) error {
	t.Helper()
	prefix := map[string]string{"SLACK_BOT_TOKEN": "xoxb-", "SLACK_APP_TOKEN": "xapp-"}
	for _, ref := range reference.FindAllStringSubmatch(text, -1) {
		t.Setenv(ref[2], prefix[ref[2]]+canary)
	}
	_, err := sitrepSays(t, "check", "--config", configFile(t, text))
	return err
}

func documents(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, err := filepath.Glob(repository + pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	return files
}
