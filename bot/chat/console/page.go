package console

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"path"
	"time"

	"go.uber.org/zap"
)

//go:embed page
var parts embed.FS

var pages = template.Must(template.ParseFS(parts, "page/*.html"))

// servePage shows the page to who may see it, and the question for the token to others.
func (c *Console) servePage(w http.ResponseWriter, r *http.Request) {
	if token := r.URL.Query().Get("token"); token != "" && c.signIn(w, r, token) {
		// The token does not stay in the address, where others would see it.
		http.Redirect(w, r, "/console/", http.StatusSeeOther)
		return
	}
	if !c.admits(r) {
		c.writePage(w, http.StatusUnauthorized, "signin.html", r.URL.Query().Has("token"))
		return
	}
	c.writePage(w, http.StatusOK, "index.html", false)
}

func (c *Console) serveSignIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := http.NewCrossOriginProtection().Check(r); err != nil || !c.signIn(w, r, r.PostFormValue("token")) {
		c.writePage(w, http.StatusUnauthorized, "signin.html", true)
		return
	}
	http.Redirect(w, r, "/console/", http.StatusSeeOther)
}

func (c *Console) writePage(w http.ResponseWriter, status int, name string, wrong bool) {
	settings, err := json.Marshal(map[string]any{"commands": c.cfg.Commands, "bot": c.cfg.Bot, "name": c.cfg.Name})
	if err != nil {
		http.Error(w, "internal", http.StatusInternalServerError)
		return
	}
	var b bytes.Buffer
	err = pages.ExecuteTemplate(&b, name, map[string]any{
		"Instance": c.cfg.Instance, "Command": c.cfg.Commands[0], "Bot": c.cfg.Bot, "Settings": string(settings), "Wrong": wrong, "Open": c.cfg.Open,
	})
	if err != nil {
		c.log.Error("the console's page cannot be written", zap.Error(err))
		http.Error(w, "internal", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// servePart hands out the page's script and style, which hold nothing secret.
func servePart(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	kind := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}[path.Ext(name)]
	data, err := parts.ReadFile("page/" + name)
	if kind == "" || err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
}
