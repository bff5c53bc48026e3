package main

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.yaml.in/yaml/v3"

	"sitrep/bot"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/handlers"
	"sitrep/integrations"
	"sitrep/integrations/all"
	"sitrep/templates"
)

// installation is a configuration that was checked, in the terms of those who use it. It is never changed; a reload makes another.
type installation struct {
	config   Config
	settings bot.Settings
	catalog  ops.Catalog
	sources  ops.Set
	texts    *templates.Set
	access   handlers.Access
	zone     *time.Location
}

// install checks a configuration as far as that is possible without connecting, and tells everything that is wrong with it.
func install(cfg Config, now func() time.Time, log *zap.Logger) (*installation, error) {
	in := &installation{config: cfg, catalog: catalog(cfg)}
	var errs []error
	check := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	var err error
	in.zone, err = time.LoadLocation(cfg.Timezone)
	if err != nil {
		check(fmt.Errorf("timezone: %q is no IANA time zone", cfg.Timezone))
		in.zone = time.UTC
	}
	in.texts, err = templates.Load(cfg.Templates)
	check(err)
	in.settings, err = settings(cfg, in.zone)
	check(err)
	in.sources, err = sources(cfg, in.catalog, now, log)
	check(err)
	in.access, err = access(cfg, in.texts)
	check(err)
	check(checkNames(cfg))
	check(checkConnections(cfg))
	check(checkStore(cfg))
	return in, errors.Join(errs...)
}

// platforms returns the names of the platforms that are configured.
func (c Config) platforms() []string {
	var names []string
	if c.Slack.BotToken.Reveal() != "" {
		names = append(names, "slack")
	}
	if c.Discord.Token.Reveal() != "" {
		names = append(names, "discord")
	}
	if c.Console.Enabled {
		names = append(names, "console")
	}
	return names
}

func settings(cfg Config, zone *time.Location) (bot.Settings, error) {
	s := bot.Settings{RoomPlatforms: cfg.Rooms, Zone: zone}
	if len(s.RoomPlatforms) == 0 {
		s.RoomPlatforms = cfg.platforms()
	}
	var errs []error
	var err error
	s.Announce, err = channels("announce", cfg.Announce, cfg)
	errs = append(errs, err)
	for i, a := range cfg.Audiences {
		plan, err := audience(fmt.Sprintf("audiences[%d]", i), a, cfg)
		s.Audiences, errs = append(s.Audiences, plan), append(errs, err)
	}
	if len(s.Audiences) == 0 {
		s.Audiences = []incident.Plan{{Audience: "stakeholders", Cadence: incident.StakeholderCadence()}}
	}
	for i, r := range cfg.Routes {
		route, err := route(fmt.Sprintf("routes[%d]", i), r, cfg)
		s.Routes, errs = append(s.Routes, route), append(errs, err)
	}
	for _, p := range cfg.Rooms {
		errs = append(errs, known("rooms", p, cfg))
	}
	s.Policy, err = policy(cfg.Incidents)
	return s, errors.Join(append(errs, err)...)
}

func policy(k IncidentKeys) (incident.Policy, error) {
	sev, ok := incident.ParseSeverity(k.Postmortem)
	p := incident.Policy{
		ReopenWindow: k.ReopenWindow, GroupWindow: k.GroupWindow, DraftLead: k.DraftLead, LeadNag: k.LeadNag,
		PostmortemFor: sev, PostmortemDays: k.Days,
	}
	if !ok {
		return p, fmt.Errorf("incidents.postmortem_for: %q is no severity; use sev1, sev2, sev3 or sev4", k.Postmortem)
	}
	return p, nil
}

func known(key, platform string, cfg Config) error {
	if slices.Contains(cfg.platforms(), platform) {
		return nil
	}
	return fmt.Errorf("%s: the platform %q is not configured; configured are: %s", key, platform, list(cfg.platforms()))
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// channels reads "platform:id".
func channels(key string, refs []string, cfg Config) ([]incident.Channel, error) {
	var out []incident.Channel
	var errs []error
	for _, ref := range refs {
		platform, id, ok := strings.Cut(ref, ":")
		if !ok || id == "" {
			errs = append(errs, fmt.Errorf("%s: %q names no channel; write platform:channel, such as slack:T024BE7LD/C061EG9SL", key, ref))
			continue
		}
		errs = append(errs, known(key, platform, cfg))
		out = append(out, incident.Channel{Platform: platform, ID: id})
	}
	return out, errors.Join(errs...)
}

func audience(key string, k AudienceKeys, cfg Config) (incident.Plan, error) {
	p := incident.Plan{Audience: k.Name, Executive: k.Executive, Cadence: incident.StakeholderCadence()}
	if k.Executive {
		p.Cadence = incident.ExecutiveCadence()
	}
	var errs []error
	if k.Name == "" || strings.ContainsAny(k.Name, "/ ") {
		errs = append(errs, fmt.Errorf("%s.name: an audience needs a name without spaces and slashes", key))
	}
	seen := map[incident.Severity]bool{}
	for _, word := range slices.Sorted(maps.Keys(k.Cadence)) {
		sev, ok := incident.ParseSeverity(word)
		if !ok {
			errs = append(errs, fmt.Errorf("%s.cadence: %q is no severity; use sev1, sev2, sev3 or sev4", key, word))
			continue
		}
		if seen[sev] {
			errs = append(errs, fmt.Errorf("%s.cadence: %q is there twice, under two of its names", key, word))
		}
		seen[sev] = true
		p.Cadence[sev] = incident.Cadence(k.Cadence[word])
	}
	var err error
	p.Channels, err = channels(key+".channels", k.Channels, cfg)
	return p, errors.Join(append(errs, err)...)
}

func route(key string, k RouteKeys, cfg Config) (bot.Route, error) {
	r := bot.Route{
		Name: k.Name, Match: map[string]*regexp.Regexp{}, Service: k.Service, Team: k.Team, GroupBy: k.GroupBy,
		Triage: k.Triage, Private: k.Private, Platforms: k.Rooms, Invite: k.Invite,
	}
	var errs []error
	if k.Name == "" {
		errs = append(errs, fmt.Errorf("%s.name: a route needs a name", key))
	}
	for _, label := range slices.Sorted(maps.Keys(k.Match)) {
		pattern, err := matcher(k.Match[label])
		if err != nil {
			errs = append(errs, fmt.Errorf("%s.match.%s: %w", key, label, err))
			continue
		}
		r.Match[label] = pattern
	}
	if k.Severity != "" {
		sev, ok := incident.ParseSeverity(k.Severity)
		if !ok {
			errs = append(errs, fmt.Errorf("%s.severity: %q is no severity; use sev1, sev2, sev3 or sev4", key, k.Severity))
		}
		r.Severity = sev
	}
	for _, p := range k.Rooms {
		errs = append(errs, known(key+".rooms", p, cfg))
	}
	return r, errors.Join(errs...)
}

// matcher makes a pattern that must match a whole value: a regular expression between slashes, else the value itself.
func matcher(value string) (*regexp.Regexp, error) {
	if len(value) >= 2 && strings.HasPrefix(value, "/") && strings.HasSuffix(value, "/") {
		return regexp.Compile("^(?:" + value[1:len(value)-1] + ")$")
	}
	return regexp.MustCompile("^" + regexp.QuoteMeta(value) + "$"), nil
}

func catalog(cfg Config) ops.Catalog {
	var c ops.Catalog
	for _, s := range cfg.Services {
		c.Services = append(c.Services, ops.Service(s))
	}
	for _, p := range cfg.People {
		c.People = append(c.People, ops.Person(p))
	}
	return c
}

// sources opens the integrations, in the order of their names.
func sources(cfg Config, catalog ops.Catalog, now func() time.Time, log *zap.Logger) (ops.Set, error) {
	var set ops.Set
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(cfg.Integrations)) {
		node := cfg.Integrations[name]
		spec, err := specOf(&node)
		if err != nil {
			errs = append(errs, fmt.Errorf("integrations.%s: %w", name, err))
			continue
		}
		offer, err := spec.Open(integrations.Env{Name: name, Log: log.Named(name), Catalog: catalog, Now: now}, &node)
		if err != nil {
			errs = append(errs, fmt.Errorf("integrations.%s: %w", name, err))
			continue
		}
		set = append(set, ops.Source{Name: name, Kind: spec.Kind, Title: spec.Title, Offer: offer})
	}
	return set, errors.Join(errs...)
}

func specOf(node *yaml.Node) (integrations.Spec, error) {
	var head struct {
		Kind string `yaml:"kind"`
	}
	if err := node.Decode(&head); err != nil {
		return integrations.Spec{}, fmt.Errorf("line %d: an integration is a mapping with a kind", node.Line)
	}
	var kinds []string
	for _, s := range all.Specs() {
		if s.Kind == head.Kind {
			return s, nil
		}
		kinds = append(kinds, s.Kind)
	}
	return integrations.Spec{}, fmt.Errorf("line %d: kind %q is not known; there are: %s", node.Line, head.Kind, strings.Join(kinds, ", "))
}

func access(cfg Config, texts *templates.Set) (handlers.Access, error) {
	a := handlers.Access{Admins: cfg.Access.Admins, Verbs: cfg.Access.Verbs, Teams: cfg.Access.Teams}
	if wrong := a.Check(handlers.New(handlers.Deps{Templates: texts}).Verbs()); len(wrong) > 0 {
		return a, errors.New(strings.Join(wrong, "\n"))
	}
	return a, nil
}

// checkNames refuses what names somebody or something that is not there, or the same twice.
func checkNames(cfg Config) error {
	c := catalog(cfg)
	var errs []error
	seen := map[string]bool{}
	for _, p := range cfg.People {
		if seen[p.Name] {
			errs = append(errs, fmt.Errorf("people: %q is there twice", p.Name))
		}
		seen[p.Name] = true
	}
	accounts := map[string]string{}
	for _, p := range cfg.People {
		for platform, id := range p.Accounts {
			if other, ok := accounts[platform+":"+id]; ok && other != p.Name {
				errs = append(errs, fmt.Errorf("people: %q and %q share the account %s on %s; one human being, one entry", other, p.Name, id, platform))
			}
			accounts[platform+":"+id] = p.Name
		}
	}
	clear(seen)
	for _, s := range cfg.Services {
		if seen[s.Name] {
			errs = append(errs, fmt.Errorf("services: %q is there twice", s.Name))
		}
		seen[s.Name] = true
		for _, who := range s.OnCall {
			if _, ok := c.Person(who); !ok {
				errs = append(errs, fmt.Errorf("services: %s.on_call: there is nobody called %q under people", s.Name, who))
			}
		}
		for integration := range s.Sources {
			if _, ok := cfg.Integrations[integration]; !ok {
				errs = append(errs, fmt.Errorf("services: %s.sources: there is no integration called %q", s.Name, integration))
			}
		}
	}
	return errors.Join(errs...)
}

// checkConnections refuses what cannot work or would be open to strangers.
func checkConnections(cfg Config) error {
	var errs []error
	host, _, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		errs = append(errs, fmt.Errorf("listen: %q is no address; write host:port, such as 127.0.0.1:8080", cfg.Listen))
	}
	if cfg.Console.Enabled && cfg.Console.Token.Reveal() == "" && !loopback(host) {
		errs = append(errs, fmt.Errorf("console.token: the console needs a token, because %s can be reached from elsewhere", cfg.Listen))
	}
	if len(cfg.platforms()) == 0 {
		errs = append(errs, errors.New("no chat platform is configured: set slack.bot_token, discord.token or console.enabled"))
	}
	return errors.Join(errs...)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
