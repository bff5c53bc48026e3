package vendorhttp

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// redactor replaces secrets by "***".
type redactor struct{ secrets *strings.Replacer }

func newRedactor(secrets []string, h http.Header) redactor {
	var pairs []string
	add := func(s string) {
		if s != "" {
			pairs = append(pairs, s, "***", url.QueryEscape(s), "***", url.PathEscape(s), "***")
		}
	}
	for _, s := range secrets {
		add(s)
	}
	if _, credentials, ok := strings.Cut(h.Get("Authorization"), " "); ok {
		add(credentials)
	}
	return redactor{strings.NewReplacer(pairs...)}
}

func (r redactor) text(s string) string  { return r.secrets.Replace(s) }
func (r redactor) bytes(b []byte) []byte { return []byte(r.text(string(b))) }
func (r redactor) error(err error) error { return redacted{err, r.text(err.Error())} }
func (e redacted) Error() string         { return e.text }
func (e redacted) Is(target error) bool  { return errors.Is(e.err, target) }

// redacted tells what an error is without telling what it said. It does not unwrap, because the cause still says it.
type redacted struct {
	err  error
	text string
}
