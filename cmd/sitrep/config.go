package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"sitrep/integrations"
)

// Config is the whole configuration file.
type Config struct {
	Instance     string               `yaml:"instance" doc:"Marks what this sitrep makes, so that two of them in one workspace ignore each other."`
	Listen       string               `yaml:"listen" doc:"Address of the HTTP listener: webhooks, health, metrics, and the console."`
	PublicURL    string               `yaml:"public_url" doc:"Where the listener is reached from outside, for links and for callbacks over HTTP: https://sitrep.example.com."`
	Timezone     string               `yaml:"timezone" doc:"IANA name of the zone in which typed times, due dates and working days are meant."`
	Store        StoreConfig          `yaml:"store" doc:"Where the record is kept."`
	Log          LogConfig            `yaml:"log" doc:"What sitrep tells its operator, on standard error."`
	Command      CommandConfig        `yaml:"command" doc:"The word that people type."`
	Slack        SlackConfig          `yaml:"slack" doc:"The connection to Slack; without a bot token there is none."`
	Discord      DiscordConfig        `yaml:"discord" doc:"The connection to Discord; without a token there is none."`
	Console      ConsoleConfig        `yaml:"console" doc:"The page in the browser."`
	Rooms        []string             `yaml:"rooms" doc:"Platforms on which an incident gets a room, mirrored; all that are connected when it is empty."`
	Announce     []string             `yaml:"announce" doc:"Channels in which incidents are announced, and alerts wait that match no route: \"slack:T…/C…\", \"discord:123…\", \"console:incidents\"."`
	Audiences    []AudienceKeys       `yaml:"audiences" doc:"Who is told how it stands, and how often."`
	Incidents    IncidentKeys         `yaml:"incidents" doc:"How incidents are run."`
	Routes       []RouteKeys          `yaml:"routes" doc:"What becomes of alerts; the first route that matches decides."`
	Services     []ServiceKeys        `yaml:"services" doc:"The service catalog."`
	People       []PersonKeys         `yaml:"people" doc:"The people directory: one entry for each human being."`
	Access       AccessKeys           `yaml:"access" doc:"Who may use which verb; anyone may declare."`
	Templates    string               `yaml:"templates" doc:"Folder whose files replace the built-in texts of the same name."`
	Integrations map[string]yaml.Node `yaml:"integrations" doc:"The systems that sitrep asks and listens to, each under a name of your choice, with its kind."`
}

// LogConfig says what is logged.
type LogConfig struct {
	Level string `yaml:"level" doc:"debug, info, warn or error."`
	JSON  bool   `yaml:"json" doc:"One JSON object a line, instead of text for people."`
}

// CommandConfig names the command.
type CommandConfig struct {
	Name  string `yaml:"name" doc:"The command, without the slash."`
	Alias string `yaml:"alias" doc:"Its other name."`
}

// SlackConfig connects to Slack.
type SlackConfig struct {
	BotToken      integrations.Secret `yaml:"bot_token" doc:"Bot token (xoxb-…), from \"OAuth & Permissions\"."`
	AppToken      integrations.Secret `yaml:"app_token" doc:"App-level token (xapp-…) with connections:write; for the mode socket."`
	SigningSecret integrations.Secret `yaml:"signing_secret" doc:"Signing secret, from \"Basic Information\"; for the mode http."`
	Mode          string              `yaml:"mode" doc:"socket (no public address needed) or http."`
	APIURL        string              `yaml:"api_url" doc:"Base address of the Web API."`
}

// DiscordConfig connects to Discord.
type DiscordConfig struct {
	Token         integrations.Secret `yaml:"token" doc:"Bot token, from \"Bot\" in the developer portal."`
	ApplicationID string              `yaml:"application_id" doc:"Application id, from \"General Information\"."`
	GuildID       string              `yaml:"guild_id" doc:"The server, by its id."`
	PublicKey     string              `yaml:"public_key" doc:"Public key of the application, in hex; for the mode http."`
	Mode          string              `yaml:"mode" doc:"gateway (no public address needed) or http."`
	Category      string              `yaml:"category" doc:"Category of the incident rooms."`
	APIURL        string              `yaml:"api_url" doc:"Base address of the REST API."`
}

// ConsoleConfig opens the page in the browser.
type ConsoleConfig struct {
	Enabled  bool                `yaml:"enabled" doc:"Serve the console under /console/."`
	Token    integrations.Secret `yaml:"token" doc:"What opens it; required unless the listener is on loopback."`
	Channels []string            `yaml:"channels" doc:"Channels that are always there, such as \"status\"."`
}

// AudienceKeys is one audience.
type AudienceKeys struct {
	Name      string                 `yaml:"name" doc:"What people call it." required:"true"`
	Executive bool                   `yaml:"executive" doc:"Told less often, and only what matters most."`
	Channels  []string               `yaml:"channels" doc:"Where it reads; none means the incident's own rooms."`
	Cadence   map[string]CadenceKeys `yaml:"cadence" doc:"How often at each severity (sev1 to sev4), where it differs from the default."`
}

// CadenceKeys is how often an audience is told at one severity.
type CadenceKeys struct {
	First time.Duration `yaml:"first" doc:"After the declaration; 0 means when something changes."`
	Then  time.Duration `yaml:"then" doc:"From one update to the next; 0 means when something changes."`
	Hot   time.Duration `yaml:"hot" doc:"Instead of then, until it is mitigated."`
	Never bool          `yaml:"never" doc:"Not told at all."`
}

// IncidentKeys is how incidents are run.
type IncidentKeys struct {
	ReopenWindow time.Duration `yaml:"reopen_window" doc:"An alert of a resolved incident reopens it within this."`
	GroupWindow  time.Duration `yaml:"group_window" doc:"A new alert joins the open incident of its group within this of the last one."`
	DraftLead    time.Duration `yaml:"draft_lead" doc:"How long before an update its draft goes to the lead."`
	LeadNag      time.Duration `yaml:"lead_nag" doc:"At this distance people are reminded, three times, that nobody leads."`
	Postmortem   string        `yaml:"postmortem_for" doc:"This severity and worse are owed a postmortem."`
	Days         int           `yaml:"postmortem_days" doc:"Working days in which it is owed."`
}

// RouteKeys is one route.
type RouteKeys struct {
	Name     string            `yaml:"name" doc:"For why, and to tell groups apart." required:"true"`
	Match    map[string]string `yaml:"match" doc:"Label to value, or to /regular expression/, all of which must match whole; \"source\" is the integration's name. None matches every alert."`
	Service  string            `yaml:"service" doc:"The service, instead of the one that labels tell."`
	Team     string            `yaml:"team" doc:"The team, instead of the service's."`
	Severity string            `yaml:"severity" doc:"The severity, instead of the alert's."`
	GroupBy  []string          `yaml:"group_by" doc:"Labels that tell incidents of one service apart."`
	Triage   bool              `yaml:"triage" doc:"A person must accept it before it gets a room."`
	Private  bool              `yaml:"private" doc:"Only its members may know of it."`
	Rooms    []string          `yaml:"rooms" doc:"Platforms of its rooms, instead of the installation's."`
	Invite   []string          `yaml:"invite" doc:"People, besides those on call."`
}

// ServiceKeys is one service of the catalog.
type ServiceKeys struct {
	Name      string                       `yaml:"name" doc:"Canonical name, lower case." required:"true"`
	Aliases   []string                     `yaml:"aliases" doc:"Other names."`
	Team      string                       `yaml:"team" doc:"Who answers for it."`
	Tier      int                          `yaml:"tier" doc:"1 is the most important."`
	OnCall    []string                     `yaml:"on_call" doc:"People's names, the first to be called first."`
	DependsOn []string                     `yaml:"depends_on" doc:"Services that it calls."`
	Runbook   string                       `yaml:"runbook" doc:"Address of the runbook."`
	Dashboard string                       `yaml:"dashboard" doc:"Address of the dashboard."`
	Labels    map[string]string            `yaml:"labels" doc:"An alert that carries all of these belongs to it."`
	Sources   map[string]map[string]string `yaml:"sources" doc:"How each integration, by its name, knows the service."`
}

// PersonKeys is one person.
type PersonKeys struct {
	Name     string            `yaml:"name" doc:"Short name, unique." required:"true"`
	Title    string            `yaml:"title" doc:"As shown."`
	Email    string            `yaml:"email" doc:"Address."`
	Timezone string            `yaml:"timezone" doc:"IANA name, where it differs."`
	Accounts map[string]string `yaml:"accounts" doc:"Platform to user id there: slack: T…/U…, discord: 123…, console: a name."`
}

// AccessKeys is who may do what.
type AccessKeys struct {
	Admins []string            `yaml:"admins" doc:"People who may do everything."`
	Teams  map[string][]string `yaml:"teams" doc:"Team to people, beside those who are on call for its services."`
	Verbs  map[string][]string `yaml:"verbs" doc:"Verb to who may use it: anyone, member, lead, admin, team:name or person:name."`
}

// defaultConfig is the configuration of someone who says nothing.
func defaultConfig() Config {
	return Config{
		Instance: "sitrep", Listen: "127.0.0.1:8080", Timezone: "UTC",
		Store:   StoreConfig{Path: "sitrep.db"},
		Log:     LogConfig{Level: "info"},
		Command: CommandConfig{Name: "inc", Alias: "incident"},
		Slack:   SlackConfig{Mode: "socket", APIURL: "https://slack.com/api/"},
		Discord: DiscordConfig{Mode: "gateway", Category: "Incidents", APIURL: "https://discord.com/api/v10"},
		Incidents: IncidentKeys{
			ReopenWindow: 30 * time.Minute, GroupWindow: 6 * time.Hour, DraftLead: 5 * time.Minute, LeadNag: 5 * time.Minute,
			Postmortem: "sev2", Days: 5,
		},
	}
}

// readConfig reads a configuration file. References to the environment and to files are resolved; its error names line and key, and no value.
func readConfig(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return Config{}, fmt.Errorf("%s: there is no such file; `sitrep init` prints one to start from", path)
	}
	if err != nil {
		return Config{}, err
	}
	cfg, err := parseConfig(data, os.LookupEnv)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return cfg, nil
}

func parseConfig(data []byte, env func(string) (string, bool)) (Config, error) {
	cfg := defaultConfig()
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return cfg, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) == 0 {
		return cfg, nil
	}
	root := doc.Content[0]
	if err := errors.Join(resolve(root, env)...); err != nil {
		return cfg, err
	}
	if err := integrations.Decode(root, &cfg); err != nil {
		return cfg, err
	}
	return cfg, nil
}

var reference = regexp.MustCompile(`\$\{(file:)?([^}]*)\}`)

// resolve puts the values of ${NAME} and ${file:/path} in place of the references, in values only and never in comments.
func resolve(n *yaml.Node, env func(string) (string, bool)) []error {
	var errs []error
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${") {
		n.Value = reference.ReplaceAllStringFunc(n.Value, func(ref string) string {
			m := reference.FindStringSubmatch(ref)
			v, err := lookup(m[1] != "", m[2], env)
			if err != nil {
				errs = append(errs, fmt.Errorf("line %d: %w", n.Line, err))
			}
			return v
		})
		if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
			n.Tag = "" // what stands there now says what it is
		}
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			continue
		}
		errs = append(errs, resolve(c, env)...)
	}
	return errs
}

func lookup(file bool, name string, env func(string) (string, bool)) (string, error) {
	if file {
		data, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("the file %s that ${file:…} names cannot be read", name)
		}
		return strings.TrimRight(string(data), "\r\n"), nil
	}
	v, ok := env(name)
	if !ok {
		return "", fmt.Errorf("the environment has no %s", name)
	}
	return v, nil
}
