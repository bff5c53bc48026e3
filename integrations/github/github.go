// Package github tells what was deployed and released, from GitHub or GitHub Enterprise.
//
// It does not deploy, roll back or run workflows, and takes no webhooks.
//
// API: https://docs.github.com/en/rest/deployments/deployments
package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	api "github.com/google/go-github/v60/github"

	"sitrep/bot/ops"
	"sitrep/integrations"
	"sitrep/integrations/vendorhttp"
)

// Spec is GitHub as an integration.
var Spec = integrations.Define(integrations.Spec{
	Kind: "github", Title: "GitHub", Offers: []string{"Deploys"},
	Docs: "https://docs.github.com/en/rest/deployments/deployments",
	Sources: []integrations.Key{
		{Name: "repository", Doc: "The repository that the service is deployed from, as `owner/name`."},
		{Name: "environment", Doc: "Only deployments to this environment; else the configuration's `environment`."},
		{Name: "tag_prefix", Doc: "Only releases whose tag begins so, in a repository of several services."},
	},
}, Config{
	URL: "https://api.github.com", Timeout: 10 * time.Second, Rate: 10, Releases: true,
}, New)

// Config is the configuration of one GitHub account or server.
type Config struct {
	URL         string              `yaml:"url" doc:"Address of the API; for GitHub Enterprise https://host/api/v3."`
	WebURL      string              `yaml:"web_url" doc:"Address of the pages, for links; found from url when empty."`
	Token       integrations.Secret `yaml:"token" doc:"Access token that may read Deployments and Contents of the repositories."`
	Timeout     time.Duration       `yaml:"timeout" doc:"How long one request may take."`
	Rate        float64             `yaml:"rate" doc:"Requests a second at most."`
	Environment string              `yaml:"environment" doc:"Only deployments to this environment; all when empty."`
	Releases    bool                `yaml:"releases" doc:"Whether releases count as changes."`
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	if _, err := vendorhttp.Base("url", c.URL); err != nil {
		return err
	}
	if c.WebURL != "" {
		if _, err := vendorhttp.Base("web_url", c.WebURL); err != nil {
			return err
		}
	}
	return nil
}

// New makes the integration. It reaches no network.
func New(env integrations.Env, cfg Config) (ops.Offer, error) {
	base, err := vendorhttp.Base("url", cfg.URL)
	if err != nil {
		return ops.Offer{}, err
	}
	web, err := webAddress(base, cfg.WebURL)
	if err != nil {
		return ops.Offer{}, err
	}
	header := http.Header{}
	if auth := vendorhttp.Bearer(cfg.Token.Reveal()); auth != "" {
		header.Set("Authorization", auth)
	}
	gh := api.NewClient(vendorhttp.New(vendorhttp.Options{
		HTTP: env.HTTP, Header: header, Secrets: []string{cfg.Token.Reveal()},
		Timeout: cfg.Timeout, Rate: cfg.Rate, Log: env.Log, Now: env.Now, Wait: env.Wait,
	}))
	gh.BaseURL = base.JoinPath("/")
	c := &client{name: env.Name, cfg: cfg, web: web, api: gh, now: env.Now}
	if c.repositories, err = c.inCatalog(env.Catalog); err != nil {
		return ops.Offer{}, err
	}
	return ops.Offer{Deploys: c, Check: c}, nil
}

// webAddress finds where people read what the API serves: Enterprise serves both from one host.
func webAddress(base *url.URL, configured string) (*url.URL, error) {
	switch {
	case configured != "":
		return vendorhttp.Base("web_url", configured)
	case base.Host == "api.github.com":
		return &url.URL{Scheme: "https", Host: "github.com"}, nil
	}
	return &url.URL{Scheme: base.Scheme, Host: base.Host}, nil
}

type client struct {
	name         string // in the configuration, the key of the catalog's Sources
	cfg          Config
	web          *url.URL
	api          *api.Client
	now          func() time.Time
	repositories []repository // of the catalog, each once
}

// Check asks whether the token is good, and whether it may read the deployments of each repository in the catalog.
func (c *client) Check(ctx context.Context) []ops.Finding {
	const op = "github.Check"
	_, _, err := c.api.RateLimit.Get(ctx)
	findings := []ops.Finding{vendorhttp.Finding("GET /rate_limit", c.fail(op, err))}
	for _, r := range c.repositories {
		_, _, err := c.api.Repositories.ListDeployments(ctx, r.owner, r.name, &api.DeploymentsListOptions{ListOptions: api.ListOptions{PerPage: 1}})
		f := vendorhttp.Finding("read deployments of "+r.String(), c.fail(op, err))
		if !f.OK {
			f.Mend += "; the token needs read access to Deployments and Contents of " + r.String()
		}
		findings = append(findings, f)
	}
	return findings
}

type repository struct{ owner, name string }

func (r repository) String() string { return r.owner + "/" + r.name }

var repositoryName = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9-]*)/([A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*)$`)

// repositoryOf reads the catalog's "owner/name". The pattern leaves nothing that could change the path of a request.
func (c *client) repositoryOf(s ops.Service) (r repository, found bool, err error) {
	text := s.Source(c.name)["repository"]
	if text == "" {
		return r, false, nil
	}
	m := repositoryName.FindStringSubmatch(text)
	if m == nil {
		return r, true, fmt.Errorf("service %s: sources.%s.repository must be owner/name", s.Name, c.name)
	}
	return repository{m[1], m[2]}, true, nil
}

func (c *client) inCatalog(catalog ops.Catalog) ([]repository, error) {
	var out []repository
	seen := map[repository]bool{}
	for _, s := range catalog.Services {
		r, found, err := c.repositoryOf(s)
		if err != nil {
			return nil, err
		}
		if found && !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out, nil
}
