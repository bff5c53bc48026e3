package shop

import (
	"crypto/sha1" //nolint:gosec // a commit's name, as git makes it; nothing is secured by it
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Owner is the organisation in which the shop's repositories are: one for each service, with its name.
const Owner = "shop"

// github serves the deployments and releases of each service's repository.
func (s *Shop) github(mux *http.ServeMux) {
	const root = "GET /github/api/v3/"
	mux.HandleFunc(root+"rate_limit", func(w http.ResponseWriter, _ *http.Request) {
		limit := object{"limit": 5000, "remaining": 4999, "reset": s.now().Add(time.Hour).Unix(), "used": 1}
		reply(w, object{"resources": object{"core": limit, "search": limit}, "rate": limit})
	})
	mux.HandleFunc(root+"repos/{owner}/{repo}", s.repository(func(w http.ResponseWriter, r *http.Request, service string) {
		reply(w, object{"id": 1, "name": service, "full_name": Owner + "/" + service, "html_url": page(r, service)})
	}))
	mux.HandleFunc(root+"repos/{owner}/{repo}/deployments", s.repository(s.listDeployments))
	mux.HandleFunc(root+"repos/{owner}/{repo}/deployments/{id}/statuses", s.repository(s.listStatuses))
	mux.HandleFunc(root+"repos/{owner}/{repo}/releases", s.repository(s.listReleases))
}

func (s *Shop) repository(serve func(w http.ResponseWriter, r *http.Request, service string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		service := r.PathValue("repo")
		if _, ok := Services[service]; !ok || r.PathValue("owner") != Owner {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}`))
			return
		}
		if page := r.URL.Query().Get("page"); page != "" && page != "1" {
			reply(w, []any{})
			return
		}
		serve(w, r, service)
	}
}

func page(r *http.Request, service string) string {
	return "http://" + r.Host + "/github/" + Owner + "/" + service
}

func api(r *http.Request, service string) string {
	return "http://" + r.Host + "/github/api/v3/repos/" + Owner + "/" + service
}

func user(r *http.Request, login string) object {
	base := "http://" + r.Host + "/github"
	u := object{
		"login": login, "id": 100 + len(login), "node_id": "U_" + login, "avatar_url": base + "/avatars/" + login, "gravatar_id": "",
		"url": base + "/api/v3/users/" + login, "html_url": base + "/" + login, "type": "User", "site_admin": false,
	}
	for _, list := range []string{
		"followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events", "received_events",
	} {
		u[list+"_url"] = base + "/api/v3/users/" + login + "/" + list
	}
	return u
}

func (s *Shop) listDeployments(w http.ResponseWriter, r *http.Request, service string) {
	out := []any{}
	for _, d := range s.deploysOf(service) {
		url := api(r, service) + "/deployments/" + strconv.FormatInt(d.ID, 10)
		out = append(out, object{
			"url": url, "id": d.ID, "node_id": "DE_" + d.SHA[:8], "sha": d.SHA, "ref": d.Version, "task": "deploy", "payload": object{},
			"original_environment": "production", "environment": "production", "description": d.Title, "creator": user(r, d.Author),
			"created_at": stamp(d.At), "updated_at": stamp(d.At), "statuses_url": url + "/statuses", "repository_url": api(r, service),
			"transient_environment": false, "production_environment": true,
		})
	}
	reply(w, out)
}

func (s *Shop) listStatuses(w http.ResponseWriter, r *http.Request, service string) {
	out := []any{}
	for _, d := range s.deploysOf(service) {
		if strconv.FormatInt(d.ID, 10) != r.PathValue("id") {
			continue
		}
		url := api(r, service) + "/deployments/" + strconv.FormatInt(d.ID, 10)
		out = append(out, object{
			"url": url + "/statuses/1", "id": d.ID*10 + 1, "node_id": "DES_" + d.SHA[:8], "state": "success", "creator": user(r, d.Author),
			"description": "live", "environment": "production", "target_url": page(r, service), "environment_url": "", "log_url": page(r, service),
			"created_at": stamp(d.At), "updated_at": stamp(d.At), "deployment_url": url, "repository_url": api(r, service),
		})
	}
	reply(w, out)
}

func (s *Shop) listReleases(w http.ResponseWriter, r *http.Request, service string) {
	out := []any{}
	for _, d := range s.deploysOf(service) {
		if strings.HasPrefix(d.Title, "Roll back") {
			continue
		}
		url := api(r, service) + "/releases/" + strconv.FormatInt(d.ID, 10)
		out = append(out, object{
			"url": url, "html_url": page(r, service) + "/releases/tag/" + d.Version, "assets_url": url + "/assets", "upload_url": url + "/assets{?name,label}",
			"tarball_url": url + ".tar.gz", "zipball_url": url + ".zip", "id": d.ID, "node_id": "RE_" + d.SHA[:8], "tag_name": d.Version,
			"target_commitish": d.SHA, "name": d.Version + ": " + d.Title, "body": d.Title, "draft": false, "prerelease": false,
			"created_at": stamp(d.At.Add(-10 * time.Minute)), "published_at": stamp(d.At.Add(-5 * time.Minute)), "author": user(r, d.Author), "assets": []any{},
		})
	}
	reply(w, out)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// sha names a commit.
func sha(of string) string {
	sum := sha1.Sum([]byte(of)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}
