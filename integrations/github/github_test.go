package github

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"sitrep/bot/ops"
	"sitrep/integrations"
	"sitrep/integrations/integrationtest"
)

var update = flag.Bool("update", false, "rewrite the goldens")

const config = "url: {{url}}\nweb_url: https://github.com\ntoken: {{secret}}\n"

var window = ops.Window{From: integrationtest.Now.Add(-time.Hour), To: integrationtest.Now}

func service(source map[string]string) ops.Service {
	return ops.Service{Name: "checkout", Sources: map[string]map[string]string{"github": source}}
}

var checkout = service(map[string]string{"repository": "acme/shop"})

func deploys(t *testing.T, s *integrationtest.Server, q ops.DeployQuery, more string) (ops.DeployResult, error) {
	t.Helper()
	return s.Open(Spec, config+more, ops.Catalog{}).Deploys.ListDeploys(t.Context(), q)
}

func TestSuite(t *testing.T) {
	q := ops.DeployQuery{Service: checkout, Window: window, Limit: 4}
	integrationtest.Run(t, integrationtest.Vendor{
		Spec: Spec, Contract: "github", Config: config, Script: script,
		Catalog: ops.Catalog{Services: []ops.Service{checkout, {Name: "cart"}, checkout}},
		Calls: []integrationtest.Call{
			{Name: "ListDeploys", Limit: 4, Do: func(ctx context.Context, o ops.Offer) (any, error) { return o.Deploys.ListDeploys(ctx, q) }},
		},
	})
}

func TestChanges(t *testing.T) {
	var got strings.Builder
	for _, x := range []struct {
		name, config string
		q            ops.DeployQuery
	}{
		{"the last hour", "", ops.DeployQuery{Service: checkout}},
		{"two of it", "", ops.DeployQuery{Service: checkout, Limit: 2}},
		{"without releases", "releases: false\n", ops.DeployQuery{Service: checkout}},
		{"releases of one tag prefix", "", ops.DeployQuery{Service: service(map[string]string{"repository": "acme/shop", "tag_prefix": "v1.5"})}},
		{"two days before", "", ops.DeployQuery{Service: checkout, Window: ops.Window{From: window.From.Add(-48 * time.Hour), To: window.To.Add(-48 * time.Hour)}}},
	} {
		s := integrationtest.NewServer(t, "github")
		script(s)
		if x.q.Window.Length() == 0 {
			x.q.Window = window
		}
		r, err := deploys(t, s, x.q, x.config)
		if err != nil {
			t.Fatalf("%s: %v", x.name, err)
		}
		fmt.Fprintf(&got, "# %s\n%s\n", x.name, r.Link)
		for _, c := range r.Changes {
			fmt.Fprintf(&got, "%s  %s  %s  %s  %s by %s\n          %q from %q to %q\n          %s\n          %s\n", c.At.Format("15:04"), c.ID, c.Kind, c.State,
				c.Title, c.Author, c.Version, c.Previous, c.Environment, c.URL, c.CompareURL)
		}
		got.WriteString("\n")
	}
	golden(t, "testdata/changes.golden", got.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); go test -update rewrites it\n%s", file, diff)
	}
}

func TestTheEnvironmentIsAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		config, want string
		source       map[string]string
	}{
		"none":                     {"", "", map[string]string{"repository": "acme/shop"}},
		"the configuration's":      {"environment: production\n", "production", map[string]string{"repository": "acme/shop"}},
		"the catalog's goes above": {"environment: production\n", "eu", map[string]string{"repository": "acme/shop", "environment": "eu"}},
	} {
		s := integrationtest.NewServer(t, "github")
		script(s)
		if _, err := deploys(t, s, ops.DeployQuery{Service: service(c.source), Window: window}, c.config); err != nil {
			t.Fatal(err)
		}
		if got := s.Requests()[0].Query.Get("environment"); got != c.want {
			t.Errorf("%s: asked for %q, want %q", name, got, c.want)
		}
	}
}

func TestPagesAreReadBackToBeforeTheWindow(t *testing.T) {
	s := integrationtest.NewServer(t, "github")
	script(s)
	pages := map[string][]object{
		"":  {deployed(3, sha('c'), "main", "production", "", 10*time.Minute)},
		"2": {deployed(2, sha('b'), "main", "production", "", 30*time.Minute)},
		"3": {deployed(1, sha('a'), "main", "production", "", 3*time.Hour)},
	}
	for id := range 4 {
		s.Reply(statuses(id), 200, list(status("success", time.Duration(id)*time.Minute, "")))
	}
	s.Handle(deployments, func(w http.ResponseWriter, r *http.Request) {
		page := r.URL.Query().Get("page")
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Link", fmt.Sprintf(`<%s/x?page=%d>; rel="next"`, s.URL, map[string]int{"": 2, "2": 3, "3": 4}[page]))
		fmt.Fprint(w, list(pages[page]...))
	})
	r, err := deploys(t, s, ops.DeployQuery{Service: checkout, Window: window}, "releases: false\n")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range r.Changes {
		got = append(got, c.Previous+"→"+c.Version)
	}
	if diff := cmp.Diff([]string{"aaaaaaa→bbbbbbb", "bbbbbbb→ccccccc"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	asked := 0
	for _, r := range s.Requests() {
		if strings.HasSuffix(r.Path, "/deployments") {
			asked++
		}
	}
	if asked != 3 {
		t.Errorf("read %d pages, want 3", asked)
	}
}

func TestQuestionsThatCannotBeAnswered(t *testing.T) {
	for _, c := range []struct {
		name string
		q    ops.DeployQuery
		kind ops.Kind
		msg  string
	}{
		{
			"no repository",
			ops.DeployQuery{Service: ops.Service{Name: "cart"}, Window: window},
			ops.NotFound,
			"no repository for cart: set sources.github.repository of the service in the catalog",
		},
		{
			"a repository that leads elsewhere",
			ops.DeployQuery{Service: service(map[string]string{"repository": "../admin"}), Window: window},
			ops.Invalid,
			"service checkout: sources.github.repository must be owner/name",
		},
		{"backward window", ops.DeployQuery{Service: checkout, Window: ops.Window{From: window.To, To: window.From}}, ops.Invalid, "the window ends before it begins"},
	} {
		s := integrationtest.NewServer(t, "")
		_, err := deploys(t, s, c.q, "")
		if ops.KindOf(err) != c.kind || ops.Tell(err) != c.msg {
			t.Errorf("%s:\ngot  %v: %q\nwant %v: %q", c.name, ops.KindOf(err), ops.Tell(err), c.kind, c.msg)
		}
	}
}

func TestLimitsThatGitHubCalls403(t *testing.T) {
	for name, c := range map[string]struct {
		header map[string]string
		body   string
		want   time.Duration
	}{
		"the hour's requests are used up": {
			map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(integrationtest.Now.Add(12 * time.Minute).Unix())},
			`{"message":"API rate limit exceeded"}`, 12 * time.Minute,
		},
		"too many at once": {
			map[string]string{"Retry-After": "90"},
			`{"message":"x","documentation_url":"https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`, 90 * time.Second,
		},
		"too many at once, for it does not say how long": {
			nil,
			`{"message":"x","documentation_url":"https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`, time.Minute,
		},
	} {
		s := integrationtest.NewServer(t, "")
		s.FailWith(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for k, v := range c.header {
				w.Header().Set(k, v)
			}
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, c.body)
		})
		_, err := deploys(t, s, ops.DeployQuery{Service: checkout, Window: window}, "")
		e, ok := err.(*ops.Error)
		if !ok || e.Kind != ops.Throttled || e.RetryAfter != c.want {
			t.Errorf("%s: got %+v, want Throttled and %v", name, err, c.want)
		}
	}
}

func TestOneStatusThatFailsFailsTheAnswer(t *testing.T) {
	s := integrationtest.NewServer(t, "github")
	script(s)
	s.Reply(statuses(4), 404, `{"message":"Not Found"}`)
	if _, err := deploys(t, s, ops.DeployQuery{Service: checkout, Window: window}, ""); ops.KindOf(err) != ops.NotFound {
		t.Errorf("got %v, want NotFound", err)
	}
}

func TestCheckNamesTheRepositoryThatCannotBeRead(t *testing.T) {
	s := integrationtest.NewServer(t, "github")
	script(s)
	s.Reply(deployments, 403, `{"message":"Resource not accessible by personal access token"}`)
	got := s.Open(Spec, config, ops.Catalog{Services: []ops.Service{checkout}}).Check.Check(t.Context())
	want := []ops.Finding{{OK: true, What: "GET /rate_limit"}, {What: "read deployments of acme/shop", Mend: "the credentials do not allow this: " +
		"Resource not accessible by personal access token; check the configured credentials and what they are allowed; " +
		"the token needs read access to Deployments and Contents of acme/shop"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestLinksOfEnterprise(t *testing.T) {
	for text, want := range map[string]string{
		"token: x":                            "https://github.com",
		"url: https://ghe.example.com/api/v3": "https://ghe.example.com",
		"url: https://api.ghe.example.com\nweb_url: https://ghe.example.com": "https://ghe.example.com",
	} {
		offer, err := open(t, text, ops.Catalog{})
		if err != nil {
			t.Fatal(err)
		}
		if got := offer.Deploys.(*client).web.String(); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func open(t *testing.T, text string, catalog ops.Catalog) (ops.Offer, error) {
	t.Helper()
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(text), &node); err != nil {
		t.Fatal(err)
	}
	return Spec.Open(integrations.Env{Name: "github", Catalog: catalog}, node.Content[0])
}

func TestRefusedConfigurations(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		service    ops.Service
	}{
		"not an address":  {"url: github.com", "url must be an address", ops.Service{}},
		"bad web address": {"web_url: github.com", "web_url must be an address", ops.Service{}},
		"a URL for a repository": {
			"token: x", "service checkout: sources.github.repository must be owner/name",
			service(map[string]string{"repository": "https://github.com/acme/shop"}),
		},
		"a misspelt source": {"token: x", `did you mean "repository"?`, service(map[string]string{"repo": "acme/shop", "repositry": "x"})},
	} {
		_, err := open(t, c.text, ops.Catalog{Services: []ops.Service{c.service}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
}

func FuzzRepository(f *testing.F) {
	for _, seed := range []string{"acme/shop", "../..", "acme/..", "a/b/c", "a/b?x", "a/%2e%2e", "a/.github", "acme/shop\n"} {
		f.Add(seed)
	}
	c := &client{name: "github"}
	f.Fuzz(func(t *testing.T, text string) {
		r, found, err := c.repositoryOf(service(map[string]string{"repository": text}))
		if found && err == nil && (r.String() != text || r.name == "." || r.name == ".." || strings.ContainsAny(r.owner+r.name, "/?#%\n")) {
			t.Errorf("%q was taken as %v", text, r)
		}
	})
}
