package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

const cookieName = "sitrep_console"

// secure sets the headers under which a browser runs and loads nothing but the page's own parts.
func secure(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.ServeHTTP(w, r)
	})
}

// admits says whether a request shows the token or the page's cookie, or needs neither.
func (c *Console) admits(r *http.Request) bool {
	if c.cfg.Open {
		// A page elsewhere whose name was made to resolve to this machine comes under that name.
		return loopback(r.Host)
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return same(bearer, c.cfg.Token)
	}
	cookie, err := r.Cookie(cookieName)
	return err == nil && same(cookie.Value, c.cookie)
}

func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}

// signIn gives the browser its cookie for the right token.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request, token string) bool {
	if c.cfg.Open || !same(token, c.cfg.Token) {
		return false
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure where there is TLS: over plain HTTP a browser would drop the cookie
		Name: cookieName, Value: c.cookie, Path: "/console", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: 30 * 24 * 3600,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	})
	return true
}
