package github

import (
	"encoding/json"
	"fmt"
	"time"

	"sitrep/integrations/integrationtest"
)

const repo = "/repos/acme/shop"

type object = map[string]any

// ago is a time before noon, the suite's now, as GitHub writes it.
func ago(d time.Duration) string { return integrationtest.Now.Add(-d).Format(time.RFC3339) }

func user(login string) object {
	u := object{"login": login, "id": 1, "node_id": "U", "gravatar_id": "", "type": "User", "site_admin": false}
	for _, page := range []string{
		"avatar_url", "events_url", "followers_url", "following_url", "gists_url", "html_url", "organizations_url",
		"received_events_url", "repos_url", "starred_url", "subscriptions_url", "url",
	} {
		u[page] = "https://api.github.com/users/" + login
	}
	return u
}

func deployed(id int, sha, ref, environment, description string, at time.Duration) object {
	return object{
		"id": id, "node_id": "D", "sha": sha, "ref": ref, "task": "deploy", "payload": object{}, "environment": environment,
		"description": description, "creator": user("ana"), "created_at": ago(at), "updated_at": ago(at),
		"statuses_url": "https://api.github.com/x", "repository_url": "https://api.github.com/x", "url": "https://api.github.com/x",
	}
}

func status(state string, at time.Duration, log string) object {
	return object{
		"id": 1, "node_id": "S", "state": state, "creator": user("ana"), "description": "", "target_url": "", "log_url": log,
		"deployment_url": "https://api.github.com/x", "repository_url": "https://api.github.com/x", "url": "https://api.github.com/x",
		"created_at": ago(at), "updated_at": ago(at),
	}
}

func released(id int, tag, name string, at time.Duration, more object) object {
	r := object{
		"id": id, "node_id": "R", "tag_name": tag, "name": name, "target_commitish": "main", "draft": false, "prerelease": false,
		"author": user("bo"), "assets": []any{}, "created_at": ago(at), "published_at": ago(at), "body": "",
		"html_url": "https://github.com/acme/shop/releases/tag/" + tag,
	}
	for _, page := range []string{"url", "assets_url", "upload_url", "tarball_url", "zipball_url"} {
		r[page] = "https://api.github.com/x"
	}
	for k, v := range more {
		r[k] = v
	}
	return r
}

func list(items ...object) string {
	b, err := json.Marshal(append([]object{}, items...))
	if err != nil {
		panic(err)
	}
	return string(b)
}

func sha(c byte) string {
	b := make([]byte, 40)
	for i := range b {
		b[i] = c
	}
	return string(b)
}

func statuses(id int) string { return fmt.Sprintf("GET %s/deployments/%d/statuses", repo, id) }

const (
	deployments = "GET " + repo + "/deployments"
	releases    = "GET " + repo + "/releases"
	rateLimit   = "GET /rate_limit"
)

// script is a morning: a good deploy yesterday, one that failed, a slow one, a quick one after it, and two releases.
func script(s *integrationtest.Server) {
	s.Reply(deployments, 200, list(
		deployed(6, sha('f'), "main", "staging", "", 5*time.Minute),
		deployed(5, sha('e'), "v1.4.1", "production", "Faster checkout", 20*time.Minute),
		deployed(4, sha('d'), "main", "production", "", 50*time.Minute),
		deployed(3, sha('c'), "main", "production", "Broken on purpose", 55*time.Minute),
		deployed(2, sha('b'), "main", "production", "", 80*time.Minute),
		deployed(1, sha('a'), "v1.4.0", "production", "", 26*time.Hour),
	))
	s.Reply(statuses(6), 200, list())
	s.Reply(statuses(5), 200, list(status("success", 18*time.Minute, "https://github.com/acme/shop/actions/runs/5"), status("in_progress", 19*time.Minute, "")))
	s.Reply(statuses(4), 200, list(status("inactive", 18*time.Minute, ""), status("success", 45*time.Minute, "javascript:alert(1)")))
	s.Reply(statuses(3), 200, list(status("failure", 54*time.Minute, "")))
	s.Reply(statuses(2), 200, list(status("inactive", 45*time.Minute, ""), status("success", 58*time.Minute, "")))
	s.Reply(releases, 200, list(
		released(13, "v1.5.0-rc1", "", 10*time.Minute, object{"prerelease": true}),
		released(12, "v1.4.1", "Faster checkout", 25*time.Minute, nil),
		released(11, "v9-draft", "", 30*time.Minute, object{"draft": true, "published_at": nil}),
		released(10, "v1.4.0", "", 27*time.Hour, nil),
	))
	s.Reply(rateLimit, 200, `{"resources":{"core":`+rate+`,"search":`+rate+`},"rate":`+rate+`}`)
}

const rate = `{"limit":5000,"remaining":4999,"reset":1773493200,"used":1}`
