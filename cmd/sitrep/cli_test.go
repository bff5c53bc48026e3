package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sitrep/bot/chat/slack/slackfake"
	"sitrep/bot/incident"
	"sitrep/bot/store"
	"sitrep/bot/store/bolt"
)

// sitrepSays runs a command line, and returns what it prints.
func sitrepSays(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// configFile writes a configuration, and returns its path.
func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sitrep.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// aStore is a store with one incident, and a configuration that names it.
func aStore(t *testing.T) (path, config string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "sitrep.db")
	st, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const id incident.ID = "s07-one"
	n, err := st.Reserve(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	events := []incident.Recorded{{
		Meta: incident.Meta{At: at, Source: "prometheus", Request: "r1"}, Version: 1, RecordedAt: at,
		Event: incident.DeclaredEvent{Number: n, Title: "checkout is slow", Severity: incident.Sev2, Service: "checkout"},
	}}
	if err := st.Commit(t.Context(), store.Commit{Incident: id, Events: events, State: incident.Fold(id, events)}); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return path, configFile(t, minimal+"store: {path: '"+path+"'}\n")
}

func TestInitPrintsWhatCheckTakes(t *testing.T) {
	example, err := sitrepSays(t, "init")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"as it stands": example, "with all that is commented out": uncommented(example)} {
		if err := checked(t, text); err != nil {
			t.Errorf("%s it is refused: %v\n%s", name, err, text)
		}
	}
}

func TestCheckTellsWhatThereIs(t *testing.T) {
	out, err := sitrepSays(t, "check", "-c", configFile(t, minimal+"people: [{name: ana}]\nroutes: [{name: all}]\n"))
	if want := "is right: platforms console; 0 integrations, 0 services, 1 people, 1 routes.\n"; err != nil || !strings.HasSuffix(out, want) {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
}

func TestCheckFindsWhatPlatformsWouldRefuse(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"another kind of token":        {"slack: {bot_token: xoxp-1, app_token: xapp-1}", "xoxb-"},
		"no app token in Socket Mode":  {"slack: {bot_token: xoxb-1}", "app_token"},
		"no signing secret over HTTP":  {"slack: {bot_token: xoxb-1, mode: http}", "signing_secret"},
		"a mode of Slack's own making": {"slack: {bot_token: xoxb-1, mode: carrier-pigeon}", "mode"},
		"no guild":                     {"discord: {token: x, application_id: '1098765432109876543'}", "guild_id"},
		"no public key over HTTP":      {discordKeys[:len(discordKeys)-2] + ", mode: http}", "public"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SECRET", canary)
			_, err := sitrepSays(t, "check", "-c", configFile(t, tt.text+"\n"))
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary) {
				t.Errorf("got %v, want it to tell of %s", err, tt.want)
			}
		})
	}
}

func TestDoctorNamesWhatDoesNotAnswer(t *testing.T) {
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	denied := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no orgid", http.StatusUnauthorized)
	}))
	defer denied.Close()
	t.Setenv("SECRET", canary)
	out, err := sitrepSays(t, "doctor", "--timeout", "3s", "-c", configFile(t, minimal+`integrations:
  logs: {kind: loki, url: "`+denied.URL+`", token: "${SECRET}"}
  metrics: {kind: prometheus, url: "`+nobody.URL+`"}
  pages: {kind: alertmanager, token: "${SECRET}"}
`))
	if err == nil {
		t.Error("it exits as if all were well")
	}
	for _, want := range []string{"logs (Grafana Loki)\n  WRONG", "metrics (Prometheus)\n  WRONG", "pages (Prometheus Alertmanager)\n  ok", "2 to mend."} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if strings.Contains(out, canary) {
		t.Error("it tells a secret")
	}
	if t.Failed() {
		t.Log(out)
	}
}

func TestDoctorNamesTheMissingScope(t *testing.T) {
	fake := slackfake.New(slackfake.Options{Scopes: []string{"chat:write", "commands"}})
	defer fake.Close()
	out, err := sitrepSays(t, "doctor", "-c", configFile(t, "slack: {bot_token: "+slackfake.BotToken+", app_token: "+slackfake.AppToken+", api_url: '"+fake.APIURL()+"'}\n"))
	if err == nil || !strings.Contains(out, "ok    scope chat:write") || !strings.Contains(out, "WRONG scope pins:write\n        Add the bot token scope pins:write") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestManifestIsTheAppOfTheConfiguration(t *testing.T) {
	out, err := sitrepSays(t, "manifest", "slack", "-c", configFile(t, minimal+"command: {name: ouch, alias: incident}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Features struct {
			Commands []struct{ Command string } `json:"slash_commands"`
		} `json:"features"`
	}
	if err := json.Unmarshal([]byte(out), &m); err != nil || len(m.Features.Commands) != 2 || m.Features.Commands[0].Command != "/ouch" {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := sitrepSays(t, "manifest", "discord"); err == nil {
		t.Error("a manifest for Discord, which has none, is printed")
	}
}

func TestExportWritesTheRecord(t *testing.T) {
	_, config := aStore(t)
	out, err := sitrepSays(t, "export", "#1", "-c", config)
	if err != nil {
		t.Fatal(err)
	}
	r, err := incident.Decode([]byte(strings.TrimSpace(out)))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if e, ok := r.Event.(incident.DeclaredEvent); !ok || e.Title != "checkout is slow" {
		t.Errorf("got %+v", r)
	}
	draft, err := sitrepSays(t, "export", "--postmortem", "1", "-c", config)
	if err != nil || !strings.Contains(draft, "checkout is slow") {
		t.Errorf("%v\n%s", err, draft)
	}
}

func TestExportRefuses(t *testing.T) {
	_, config := aStore(t)
	tests := map[string]struct {
		args []string
		want string
	}{
		"an incident that there is not": {[]string{"42", "-c", config}, "there is no incident #42"},
		"what is no number":             {[]string{"checkout", "-c", config}, `"checkout" is no incident's number`},
		"a store that is not there":     {[]string{"1", "-c", config, "--store", "/no/such.db"}, "there is no store at /no/such.db"},
		"no configuration":              {[]string{"1", "-c", "/no/such.yaml"}, "sitrep init"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := sitrepSays(t, append([]string{"export"}, tt.args...)...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestBackupIsAStore(t *testing.T) {
	_, config := aStore(t)
	file := filepath.Join(t.TempDir(), "copy.db")
	if out, err := sitrepSays(t, "backup", file, "-c", config); err != nil || !strings.HasPrefix(out, file+": ") {
		t.Fatalf("%q, %v", out, err)
	}
	if out, err := sitrepSays(t, "export", "1", "-c", config, "--store", file); err != nil || !strings.Contains(out, "checkout is slow") {
		t.Errorf("the copy lacks the incident: %v\n%s", err, out)
	}
	if _, err := sitrepSays(t, "backup", file, "-c", config); err == nil {
		t.Error("a file that is there is written over")
	}
}

func TestBackupOfNothingLeavesNoFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "copy.db")
	_, err := sitrepSays(t, "backup", file, "-c", configFile(t, minimal+"store: {path: /no/such.db}\n"))
	if err == nil || !strings.Contains(err.Error(), "there is no store at /no/such.db") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("an empty file is left behind")
	}
}

func TestDocsChecksAndWrites(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.md")
	if err := os.WriteFile(file, []byte("<!-- sitrep:integrations -->\n<!-- /sitrep:integrations -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sitrepSays(t, "docs", "--check", file); err == nil || !strings.Contains(err.Error(), "is out of date") {
		t.Errorf("an empty table is up to date: %v", err)
	}
	if _, err := sitrepSays(t, "docs", file); err != nil {
		t.Fatal(err)
	}
	if _, err := sitrepSays(t, "docs", "--check", file); err != nil {
		t.Errorf("what was just written is not up to date: %v", err)
	}
}

func TestSchemaIsPrinted(t *testing.T) {
	out, err := sitrepSays(t, "schema")
	if err != nil || !json.Valid([]byte(out)) {
		t.Errorf("%v\n%s", err, out)
	}
}
