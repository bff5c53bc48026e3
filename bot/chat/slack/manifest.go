package slack

import (
	"bytes"
	"encoding/json"
	"strings"
)

// The shape of an app manifest (https://docs.slack.dev/reference/app-manifest), as far as it is used.
type (
	manifest struct {
		Metadata manifestMetadata `json:"_metadata"`
		Display  manifestDisplay  `json:"display_information"`
		Features manifestFeatures `json:"features"`
		OAuth    manifestOAuth    `json:"oauth_config"`
		Settings manifestSettings `json:"settings"`
	}
	manifestMetadata struct {
		Major int `json:"major_version"`
		Minor int `json:"minor_version"`
	}
	manifestDisplay struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Color       string `json:"background_color"`
	}
	manifestFeatures struct {
		Home      manifestHome       `json:"app_home"`
		Bot       manifestBot        `json:"bot_user"`
		Shortcuts []manifestShortcut `json:"shortcuts"`
		Commands  []manifestCommand  `json:"slash_commands"`
	}
	manifestHome struct {
		Home     bool `json:"home_tab_enabled"`
		Messages bool `json:"messages_tab_enabled"`
		ReadOnly bool `json:"messages_tab_read_only_enabled"`
	}
	manifestBot struct {
		Name   string `json:"display_name"`
		Online bool   `json:"always_online"`
	}
	manifestShortcut struct {
		Name        string `json:"name"`
		Type        string `json:"type"`
		Callback    string `json:"callback_id"`
		Description string `json:"description"`
	}
	manifestCommand struct {
		Command     string `json:"command"`
		URL         string `json:"url,omitempty"`
		Description string `json:"description"`
		Hint        string `json:"usage_hint"`
		Escape      bool   `json:"should_escape"`
	}
	manifestOAuth struct {
		Scopes struct {
			Bot []string `json:"bot"`
		} `json:"scopes"`
	}
	manifestSettings struct {
		Events      manifestEvents      `json:"event_subscriptions"`
		Interactive manifestInteractive `json:"interactivity"`
		Org         bool                `json:"org_deploy_enabled"`
		Socket      bool                `json:"socket_mode_enabled"`
		Rotation    bool                `json:"token_rotation_enabled"`
	}
	manifestEvents struct {
		URL    string   `json:"request_url,omitempty"`
		Events []string `json:"bot_events"`
	}
	manifestInteractive struct {
		Enabled bool   `json:"is_enabled"`
		URL     string `json:"request_url,omitempty"`
	}
)

// Manifest returns the app manifest, as JSON, from which Slack makes an app that may do exactly what the bot does. It needs no
// tokens; with mode http it needs PublicURL. Its error is of kind Invalid.
func Manifest(cfg Config) ([]byte, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validateShape(); err != nil {
		return nil, err
	}
	public := strings.TrimSuffix(cfg.PublicURL, "/")
	if cfg.Mode == HTTP && !strings.HasPrefix(public, "https://") {
		return nil, badConfig("public_url must be the https address at which Slack reaches the bot (mode http)")
	}
	at := func(path string) string {
		if cfg.Mode == Socket {
			return ""
		}
		return public + path
	}
	m := manifest{
		Metadata: manifestMetadata{Major: 2, Minor: 1},
		Display:  manifestDisplay{Name: "sitrep", Description: "Incidents, from the first alert to the postmortem", Color: "#1d3557"},
	}
	m.Features = manifestFeatures{
		Home: manifestHome{Home: true, Messages: true, ReadOnly: true},
		Bot:  manifestBot{Name: "sitrep", Online: true},
		Shortcuts: []manifestShortcut{{
			Name: "Add to timeline", Type: "message", Callback: shortcutID(cfg.Instance), Description: "Put this message on the incident's timeline",
		}},
		Commands: commands(cfg, at(pathVerb)),
	}
	for _, n := range needs {
		m.OAuth.Scopes.Bot = append(m.OAuth.Scopes.Bot, n.scope)
	}
	m.Settings = manifestSettings{
		Events:      manifestEvents{URL: at(pathEvent), Events: events},
		Interactive: manifestInteractive{Enabled: true, URL: at(pathClick)},
		Socket:      cfg.Mode == Socket,
	}
	return indented(m)
}

func commands(cfg Config, url string) []manifestCommand {
	names := []string{cfg.Command}
	if cfg.Alias != cfg.Command {
		names = append(names, cfg.Alias)
	}
	var all []manifestCommand
	for _, name := range names {
		all = append(all, manifestCommand{Command: name, URL: url, Description: "Declare and run an incident", Hint: "new \"title\" sev2 | status | help", Escape: true})
	}
	return all
}

func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
