package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.yaml.in/yaml/v3"

	"sitrep/integrations"
)

// canary stands in every place where a secret may stand; it must never come out. It is so short that no library shortens it.
const canary = "cAnArY451"

// environment has a canary under SECRET, and a few values of other types.
func environment(name string) (string, bool) {
	v, ok := map[string]string{"SECRET": canary, "PORT": "9090", "ON": "true", "LEAD": "7m", "EMPTY": "", "TRAP": "*x: [" + canary}[name]
	return v, ok
}

// configure reads and installs a configuration, as `sitrep check` does.
func configure(text string) (*installation, error) {
	cfg, err := parseConfig([]byte(text), environment)
	if err != nil {
		return nil, err
	}
	return install(cfg, time.Now, zap.NewNop())
}

const minimal = "console: {enabled: true}\n"

func TestConfigurationThatIsRight(t *testing.T) {
	tests := map[string]string{
		"the console alone":                      minimal,
		"references of several types":            minimal + "listen: 127.0.0.1:${PORT}\nlog:\n  json: ${ON}\nincidents:\n  draft_lead: ${LEAD}\ntemplates: ${EMPTY}\n",
		"a reference that would be YAML is text": minimal + "people:\n  - name: ana\n    title: ${TRAP}\n",
		"a reference in a comment is none":       minimal + "# ${NOBODY}\n",
		"Slack and Discord":                      slackKeys + discordKeys,
		"an address for all with a token":        "listen: 0.0.0.0:8080\nconsole: {enabled: true, token: '${SECRET}'}\n",
		"a cadence":                              minimal + "audiences: [{name: status, channels: ['console:#status'], cadence: {sev1: {first: 5m, then: 15m}}}]\n",
		"a severity by another of its words":     minimal + "routes: [{name: all, severity: critical}]\n",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := configure(text); err != nil {
				t.Errorf("%s\nis refused: %v", text, err)
			}
		})
	}
}

const (
	slackKeys   = "slack: {bot_token: 'xoxb-${SECRET}', app_token: 'xapp-${SECRET}'}\n"
	discordKeys = "discord: {token: '${SECRET}', application_id: '1098765432109876543', guild_id: '1087654321098765432'}\n"
)

func TestConfigurationThatIsWrong(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"no YAML":                          {"console:\n  enabled: true\n slack: x\n", "line 2"},
		"an unknown key at the top":        {minimal + "lissten: x\n", `line 2: unknown key "lissten"; did you mean "listen"?`},
		"an unknown key in a section":      {minimal + "store:\n  pth: x\n", `line 3: unknown key "pth"; did you mean "path"?`},
		"an unknown key in a list's item":  {minimal + "routes:\n  - name: a\n    triag: true\n", `line 4: unknown key "triag"; did you mean "triage"?`},
		"an unknown key in a map's value":  {minimal + "audiences:\n  - name: a\n    cadence:\n      sev1: {frist: 5m}\n", `line 5: unknown key "frist"; did you mean "first"?`},
		"an unknown key of an integration": {minimal + "integrations:\n  m:\n    kind: loki\n    url: http://loki\n    tennant: x\n", `integrations.m: line 6: unknown key "tennant"; did you mean "tenant"?`},
		"a key unlike any other":           {minimal + "log: {zzzzzzzzz: 1}\n", `unknown key "zzzzzzzzz"; known are level, json`},
		"a list for a section":             {minimal + "store: [a]\n", "line 2"},
		"a word for a duration":            {minimal + "incidents: {draft_lead: soon}\n", "line 2"},
		"a word for a number":              {minimal + "services: [{name: a, tier: first}]\n", "line 2"},
		"a word for a switch":              {"console: {enabled: maybe}\n", "line 1"},
		"a variable that is not set":       {minimal + "timezone: ${NOBODY}\n", "line 2: the environment has no NOBODY"},
		"two variables that are not set":   {minimal + "timezone: ${NOBODY}\ninstance: ${NOONE}\n", "line 3: the environment has no NOONE"},
		"a file that is not there":         {minimal + "timezone: ${file:/no/such/file}\n", "line 2: the file /no/such/file"},
		"no platform":                      {"instance: x\n", "no chat platform is configured"},
		"a platform that is not there":     {minimal + "announce: ['slack:T1/C1']\n", `announce: the platform "slack" is not configured; configured are: console`},
		"a channel without a platform":     {minimal + "audiences: [{name: a, channels: ['#status']}]\n", `audiences[0].channels: "#status" names no channel`},
		"rooms on a platform not there":    {minimal + "rooms: [teams]\n", `rooms: the platform "teams" is not configured`},
		"a route's rooms elsewhere":        {minimal + "routes: [{name: a, rooms: [discord]}]\n", `routes[0].rooms: the platform "discord" is not configured`},
		"a severity that there is not":     {minimal + "routes: [{name: a, severity: huge}]\n", `routes[0].severity: "huge" is no severity`},
		"a severity of a cadence":          {minimal + "audiences: [{name: a, cadence: {huge: {first: 1m}}}]\n", `audiences[0].cadence: "huge" is no severity`},
		"a cadence that is there twice":    {minimal + "audiences: [{name: a, cadence: {sev1: {first: 1m}, critical: {first: 2m}}}]\n", `audiences[0].cadence: "sev1" is there twice`},
		"a severity of postmortems":        {minimal + "incidents: {postmortem_for: huge}\n", `incidents.postmortem_for: "huge" is no severity`},
		"an expression that does not end":  {minimal + "routes: [{name: a, match: {env: '/(prod/'}}]\n", "routes[0].match.env: error parsing regexp"},
		"a route without a name":           {minimal + "routes: [{triage: true}]\n", "routes[0].name"},
		"an audience with a space":         {minimal + "audiences: [{name: a b}]\n", "audiences[0].name"},
		"the same person twice":            {minimal + "people: [{name: ana}, {name: ana}]\n", `people: "ana" is there twice`},
		"the same account twice": {
			minimal + "people: [{name: ana, accounts: {slack: T1/U1}}, {name: bo, accounts: {slack: T1/U1}}]\n",
			`people: "ana" and "bo" share the account T1/U1 on slack`,
		},
		"the same service twice":           {minimal + "services: [{name: a}, {name: a}]\n", `services: "a" is there twice`},
		"on call, and nobody knows them":   {minimal + "services: [{name: a, on_call: [zoe]}]\n", `a.on_call: there is nobody called "zoe" under people`},
		"a source that there is not":       {minimal + "services: [{name: a, sources: {x: {y: z}}}]\n", `a.sources: there is no integration called "x"`},
		"a source's key that it has not":   {minimal + "services: [{name: a, sources: {m: {selektor: z}}}]\nintegrations: {m: {kind: loki, url: 'http://loki'}}\n", `did you mean "selector"?`},
		"an integration of no known kind":  {minimal + "integrations:\n  m: {kind: nagios}\n", `integrations.m: line 3: kind "nagios" is not known; there are: alertmanager, generic, github, loki, prometheus`},
		"an integration that is no map":    {minimal + "integrations: {m: loki}\n", "integrations.m: line 2: an integration is a mapping with a kind"},
		"an integration without its url":   {minimal + "integrations: {m: {kind: prometheus}}\n", "integrations.m: url is required"},
		"a webhook that takes from anyone": {minimal + "integrations: {m: {kind: alertmanager}}\n", "integrations.m: authentication"},
		"a console open to all":            {minimal + "listen: 0.0.0.0:8080\n", "console.token: the console needs a token, because 0.0.0.0:8080"},
		"a console open on every address":  {minimal + "listen: :8080\n", "console.token"},
		"an address that is none":          {minimal + "listen: nowhere\n", `listen: "nowhere" is no address`},
		"a zone that there is not":         {minimal + "timezone: Mars/Base\n", `timezone: "Mars/Base" is no IANA time zone`},
		"a verb that there is not":         {minimal + "access: {verbs: {explode: [anyone]}}\n", `"explode"`},
		"a right that there is not":        {minimal + "access: {verbs: {resolve: [everyone]}}\n", `"everyone"`},
		"a folder that is not there":       {minimal + "templates: /no/such/folder\n", "/no/such/folder"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := configure(tt.text)
			if err == nil {
				t.Fatalf("%s\nis taken, want %q", tt.text, tt.want)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s\ngives %q, want it to contain %q", tt.text, err, tt.want)
			}
		})
	}
}

func TestConfigurationTellsAllThatIsWrong(t *testing.T) {
	_, err := configure(minimal + "timezone: Mars\nrooms: [slack]\npeople: [{name: ana}, {name: ana}]\nintegrations: {m: {kind: x}}\n")
	if err == nil {
		t.Fatal("is taken")
	}
	for _, want := range []string{"timezone", "rooms", "people", "integrations.m"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not tell of %s", err, want)
		}
	}
}

func TestFilesAreReferences(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(canary+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := parseConfig([]byte(minimal[:len(minimal)-2]+", token: '${file:"+file+"}'}\n"), environment)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(canary, cfg.Console.Token.Reveal()); diff != "" {
		t.Errorf("the file's text, without the end of its line (-want +got)\n%s", diff)
	}
}

func TestReferencesCannotBecomeStructure(t *testing.T) {
	cfg, err := parseConfig([]byte("instance: ${TRAP}\n"), environment)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := environment("TRAP"); cfg.Instance != want {
		t.Errorf("instance is %q, want %q", cfg.Instance, want)
	}
}

func TestMissingFileTellsWhatToDo(t *testing.T) {
	_, err := readConfig(filepath.Join(t.TempDir(), "sitrep.yaml"))
	if err == nil || !strings.Contains(err.Error(), "sitrep init") {
		t.Errorf("got %v, want what to do", err)
	}
}

// TestNoErrorTellsASecret breaks a configuration that is full of secrets: each of them, in turn, becomes something else that holds the
// canary, and the others hold it all the while.
func TestNoErrorTellsASecret(t *testing.T) {
	whole := slackKeys + discordKeys + `listen: 0.0.0.0:8080
console: {enabled: true, token: '${SECRET}'}
integrations:
  a: {kind: alertmanager, token: '${SECRET}'}
  b: {kind: generic, auth: hmac, hmac_secret: '${SECRET}'}
  c: {kind: prometheus, url: 'http://p', username: x, password: '${SECRET}'}
  d: {kind: loki, url: 'http://l', token: '${SECRET}'}
  e: {kind: github, token: '${SECRET}'}
`
	if _, err := configure(whole); err != nil {
		t.Fatalf("what is to be broken is refused as it stands: %v", err)
	}
	t.Setenv("SECRET", canary)
	broken := 0
	for _, put := range []string{"[" + canary + "]", "{" + canary + ": " + canary + "}", canary, "xoxb-" + canary, "1h" + canary, "http://u:" + canary + "@h:x", "!!int " + canary, "!!binary " + canary} {
		for i := range leaves(parsed(t, whole)) {
			doc := parsed(t, whole)
			leaf := leaves(doc)[i]
			*leaf = *parsed(t, put).Content[0]
			text, err := yaml.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := configure(string(text)); err != nil {
				broken++
				if strings.Contains(err.Error(), canary) {
					t.Errorf("%s\ntells a secret: %v", text, err)
				}
			}
		}
	}
	for _, url := range []string{"http://u:" + canary + "@h:x", "ftp://u:" + canary + "@h", "u:" + canary + "@h", "http://u:" + canary + "@h/%zz"} {
		for _, kind := range []string{"prometheus", "loki", "github"} {
			_, err := configure(minimal + "integrations: {m: {kind: " + kind + ", url: '" + url + "'}}\n")
			if err == nil {
				continue
			}
			broken++
			if strings.Contains(err.Error(), canary) {
				t.Errorf("%s: the address %s is told: %v", kind, url, err)
			}
		}
	}
	for _, astray := range []string{
		"console: {enabled: ${SECRET}}", "services: [{name: a, tier: ${SECRET}}]", "incidents: {lead_nag: ${SECRET}}",
		"integrations: {m: {kind: loki, url: 'http://l', timeout: ${SECRET}}}", "integrations: {m: {kind: loki, url: 'http://l', max_lines: ${SECRET}}}",
		"slack: {bot_token: ${SECRET}, app_token: ${SECRET}, mode: http}", "discord: {token: ${SECRET}, application_id: ${SECRET}, guild_id: ${SECRET}}",
	} {
		astray = strings.NewReplacer("${SECRET}", "'${SECRET}'").Replace(astray)
		err := checked(t, astray+"\n")
		if err == nil {
			t.Errorf("%s is taken", astray)
			continue
		}
		if strings.Contains(err.Error(), canary) {
			t.Errorf("%s tells the secret: %v", astray, err)
		}
	}
	if broken < 20 {
		t.Errorf("only %d of the configurations were broken", broken)
	}
}

func parsed(t *testing.T, text string) *yaml.Node {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	return &doc
}

// leaves are the values, at any depth, that hold secrets.
func leaves(n *yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	for i, c := range n.Content {
		switch {
		case n.Kind == yaml.MappingNode && i%2 == 0:
		case c.Kind == yaml.ScalarNode && strings.Contains(c.Value, "${SECRET}"):
			out = append(out, c)
		default:
			out = append(out, leaves(c)...)
		}
	}
	return out
}

func TestEveryKeyIsDocumented(t *testing.T) {
	for _, k := range integrations.Keys(defaultConfig()) {
		if !strings.HasSuffix(strings.TrimRight(k.Doc, "\"”)"), ".") {
			t.Errorf("%s: %q is no sentence", k.Name, k.Doc)
		}
	}
}

func TestEverySecretIsOne(t *testing.T) {
	words := []string{"token", "secret", "password", "key"}
	for f := range reflect.TypeFor[Config]().Fields() {
		if f.Type.Kind() != reflect.Struct {
			continue
		}
		for inner := range f.Type.Fields() {
			name := inner.Tag.Get("yaml")
			if slices.ContainsFunc(words, func(w string) bool { return strings.HasSuffix(name, w) }) &&
				inner.Type != reflect.TypeFor[integrations.Secret]() && name != "public_key" {
				t.Errorf("%s.%s is printed as it stands", f.Tag.Get("yaml"), name)
			}
		}
	}
}
