package github

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	api "github.com/google/go-github/v60/github"
	"golang.org/x/sync/errgroup"

	"sitrep/bot/ops"
)

const (
	opDeploys = "github.ListDeploys"
	// rollout is how long a deployment may take: one that began so long before the window may take effect within it.
	rollout      = time.Hour
	defaultLimit = 20
	maxPages     = 5
	perPage      = 100
	atOnce       = 4 // requests for statuses side by side
)

// ListDeploys lists the deployments and releases of the service's repository that took effect in the window.
func (c *client) ListDeploys(ctx context.Context, q ops.DeployQuery) (ops.DeployResult, error) {
	r, found, err := c.repositoryOf(q.Service)
	switch {
	case err != nil:
		return ops.DeployResult{}, &ops.Error{Op: opDeploys, Kind: ops.Invalid, Msg: err.Error()}
	case !found:
		return ops.DeployResult{}, &ops.Error{
			Op: opDeploys, Kind: ops.NotFound,
			Msg: fmt.Sprintf("no repository for %s: set sources.%s.repository of the service in the catalog", q.Service.Name, c.name),
		}
	case q.Window.Length() <= 0:
		return ops.DeployResult{}, &ops.Error{Op: opDeploys, Kind: ops.Invalid, Msg: "the window ends before it begins"}
	}
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	result := ops.DeployResult{Link: c.page(r, "deployments")}
	changes, err := c.deployments(ctx, r, q)
	if err != nil {
		return result, c.fail(opDeploys, err)
	}
	if c.cfg.Releases {
		releases, err := c.releases(ctx, r, q)
		if err != nil {
			return result, c.fail(opDeploys, err)
		}
		changes = append(changes, releases...)
	}
	slices.SortStableFunc(changes, func(a, b ops.Change) int { return b.At.Compare(a.At) })
	result.Changes = changes[:min(len(changes), q.Limit)]
	return result, nil
}

// deployment is one of GitHub's with what its statuses say.
type deployment struct {
	*api.Deployment
	state string    // its last word
	at    time.Time // when it took effect, or began
	log   string    // page of the run that made it, or empty
}

func (c *client) deployments(ctx context.Context, r repository, q ops.DeployQuery) ([]ops.Change, error) {
	all, err := c.listDeployments(ctx, r, q)
	if err != nil {
		return nil, err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	asked := 0
	for i := range all {
		if created := all[i].GetCreatedAt().Time; created.Before(q.Window.From.Add(-rollout)) || !created.Before(q.Window.To) || asked == q.Limit {
			continue
		}
		asked++
		group.Go(func() error { return c.readStatuses(groupCtx, r, &all[i]) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var out []ops.Change
	for i, d := range all {
		if inside(q.Window, d.at) && d.state != "" {
			out = append(out, c.fromDeployment(r, q.Service.Name, d, previous(all[i+1:], d)))
		}
	}
	return out, nil
}

// listDeployments reads back to before the window, newest first; what is older serves to tell what ran before.
func (c *client) listDeployments(ctx context.Context, r repository, q ops.DeployQuery) ([]deployment, error) {
	opts := &api.DeploymentsListOptions{
		Environment: cmp.Or(q.Service.Source(c.name)["environment"], c.cfg.Environment),
		ListOptions: api.ListOptions{PerPage: perPage},
	}
	var out []deployment
	for range maxPages {
		page, resp, err := c.api.Repositories.ListDeployments(ctx, r.owner, r.name, opts)
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			out = append(out, deployment{Deployment: d})
		}
		if resp.NextPage == 0 || len(page) > 0 && page[len(page)-1].GetCreatedAt().Before(q.Window.From.Add(-rollout)) {
			break
		}
		opts.Page = resp.NextPage
	}
	return out, nil
}

// readStatuses finds the last word on a deployment and when it took effect.
func (c *client) readStatuses(ctx context.Context, r repository, d *deployment) error {
	statuses, _, err := c.api.Repositories.ListDeploymentStatuses(ctx, r.owner, r.name, d.GetID(), &api.ListOptions{PerPage: perPage})
	if err != nil {
		return err
	}
	d.state, d.at = "pending", d.GetCreatedAt().Time
	for i, s := range statuses { // newest first
		if d.log == "" {
			d.log = cmp.Or(s.GetLogURL(), s.GetTargetURL())
		}
		// "inactive" only says that a newer deployment took its place, so the word before it is the one about this one.
		if i == 0 || d.state == "inactive" {
			d.state = s.GetState()
		}
		if s.GetState() == "success" {
			d.at = s.GetCreatedAt().Time
		}
	}
	return nil
}

// previous is what ran in the same environment before d: the newest older deployment that is not known to have failed.
func previous(older []deployment, d deployment) *deployment {
	for i := range older {
		o := &older[i]
		if o.GetEnvironment() == d.GetEnvironment() && o.state != "failure" && o.state != "error" {
			return o
		}
	}
	return nil
}

func (c *client) fromDeployment(r repository, service string, d deployment, before *deployment) ops.Change {
	out := ops.Change{
		ID: "deployment/" + strconv.FormatInt(d.GetID(), 10), Kind: "deployment", Service: service,
		Version: version(d), Environment: d.GetEnvironment(), State: d.state, Author: d.GetCreator().GetLogin(), At: d.at,
		Title: cmp.Or(strings.TrimSpace(d.GetDescription()), fmt.Sprintf("%s to %s", d.GetRef(), d.GetEnvironment())),
		URL:   c.page(r, "deployments"),
	}
	if u, err := url.Parse(d.log); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		out.URL = d.log
	}
	if before != nil {
		out.Previous = version(*before)
		if before.GetSHA() != d.GetSHA() {
			out.CompareURL = c.page(r, "compare/"+before.GetSHA()+"..."+d.GetSHA())
		}
	}
	return out
}

var versionLike = regexp.MustCompile(`^[A-Za-z@._-]{0,40}\d+(\.\d+)+`)

// version is the tag that was deployed, else the short commit: a branch says nothing of what is running.
func version(d deployment) string {
	if versionLike.MatchString(d.GetRef()) {
		return d.GetRef()
	}
	return d.GetSHA()[:min(7, len(d.GetSHA()))]
}

func (c *client) releases(ctx context.Context, r repository, q ops.DeployQuery) ([]ops.Change, error) {
	all, err := c.listReleases(ctx, r, q)
	if err != nil {
		return nil, err
	}
	var out []ops.Change
	for i, rel := range all {
		if !inside(q.Window, rel.GetPublishedAt().Time) {
			continue
		}
		change := ops.Change{
			ID: "release/" + strconv.FormatInt(rel.GetID(), 10), Kind: "release", Service: q.Service.Name,
			Version: rel.GetTagName(), State: "published", Author: rel.GetAuthor().GetLogin(), At: rel.GetPublishedAt().Time,
			Title: cmp.Or(strings.TrimSpace(rel.GetName()), rel.GetTagName()), URL: rel.GetHTMLURL(),
		}
		if rel.GetPrerelease() {
			change.State = "prerelease"
		}
		if i+1 < len(all) {
			change.Previous = all[i+1].GetTagName()
			change.CompareURL = c.page(r, "compare/"+change.Previous+"..."+change.Version)
		}
		out = append(out, change)
	}
	return out, nil
}

// listReleases reads published releases of the service back to one before the window, newest first.
func (c *client) listReleases(ctx context.Context, r repository, q ops.DeployQuery) ([]*api.RepositoryRelease, error) {
	prefix := q.Service.Source(c.name)["tag_prefix"]
	opts := &api.ListOptions{PerPage: perPage}
	var out []*api.RepositoryRelease
	for range maxPages {
		page, resp, err := c.api.Repositories.ListReleases(ctx, r.owner, r.name, opts)
		if err != nil {
			return nil, err
		}
		for _, rel := range page {
			if !rel.GetDraft() && strings.HasPrefix(rel.GetTagName(), prefix) {
				out = append(out, rel)
			}
		}
		if resp.NextPage == 0 || len(out) > 0 && out[len(out)-1].GetPublishedAt().Before(q.Window.From) {
			break
		}
		opts.Page = resp.NextPage
	}
	slices.SortStableFunc(out, func(a, b *api.RepositoryRelease) int {
		return b.GetPublishedAt().Compare(a.GetPublishedAt().Time)
	})
	return out, nil
}

func inside(w ops.Window, at time.Time) bool { return !at.Before(w.From) && at.Before(w.To) }

func (c *client) page(r repository, path string) string {
	return c.web.JoinPath(r.owner, r.name).String() + "/" + (&url.URL{Path: path}).EscapedPath()
}
