// Package webhookauth authenticates the webhooks of alert sources: by bearer token, basic authentication, or a signature of the body.
//
// It is for sources whose sender can be told what to send. A vendor with a scheme of its own verifies that itself.
//
// Signatures: https://datatracker.ietf.org/doc/html/rfc2104
package webhookauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sitrep/bot/ops"
	"sitrep/integrations"
)

// Config says how requests prove who they are from. Embed it inline in the configuration of a source.
type Config struct {
	Auth               string              `yaml:"auth" doc:"How requests are authenticated: bearer, basic, hmac, or none; when empty it follows from which of token, username or hmac_secret is given."`
	Token              integrations.Secret `yaml:"token" doc:"With bearer: the token in the Authorization header."`
	Username           string              `yaml:"username" doc:"With basic: the user."`
	Password           integrations.Secret `yaml:"password" doc:"With basic: the password."`
	HMACSecret         integrations.Secret `yaml:"hmac_secret" doc:"With hmac: the key of the HMAC-SHA256 over the body."`
	SignatureHeader    string              `yaml:"signature_header" doc:"With hmac: the header with the signature in hexadecimal, which may begin with sha256=; X-Signature when empty."`
	TimestampHeader    string              `yaml:"timestamp_header" doc:"With hmac: the header with the time of sending. It is then signed too, as time, separator, body, and a request more than five minutes off is refused as replayed."`
	TimestampSeparator string              `yaml:"timestamp_separator" doc:"With timestamp_header: what stands between time and body in what is signed; a colon when empty."`
}

// Window is how far the time of a signed request may be off before it counts as replayed.
const Window = 5 * time.Minute

// mode returns the scheme that is meant, or an empty string when none or several are.
func (c Config) mode() string {
	given := map[string]bool{"bearer": !c.Token.IsZero(), "basic": c.Username != "" || !c.Password.IsZero(), "hmac": !c.HMACSecret.IsZero()}
	mode := c.Auth
	for m, is := range given {
		switch {
		case is && mode == "":
			mode = m
		case is && mode != m:
			return ""
		}
	}
	if mode != "none" && !given[mode] {
		return ""
	}
	return mode
}

// Validate refuses a configuration that names no scheme, several, or one without its secret. Nothing at all is refused too: to
// take requests from anyone, say `auth: none`.
func (c Config) Validate() error {
	switch c.Auth {
	case "", "bearer", "basic", "hmac", "none":
	default:
		return errors.New("auth must be bearer, basic, hmac or none")
	}
	switch c.mode() {
	case "":
		return errors.New("authentication: give exactly one of token, username with password, or hmac_secret (and auth to match, if you give it); to take alerts from anyone who can reach the address, say auth: none")
	case "basic":
		if c.Username == "" || c.Password.IsZero() {
			return errors.New("authentication: basic needs both username and password")
		}
	}
	return nil
}

// Verify authenticates a request; op names the caller in the error, which is of kind Denied and does not tell what was wrong with a
// secret. Comparisons take the same time whatever is sent.
func (c Config) Verify(op string, w ops.Webhook) error {
	ok := false
	switch c.mode() {
	case "none":
		ok = true
	case "bearer":
		scheme, token, _ := strings.Cut(w.Header.Get("Authorization"), " ")
		ok = strings.EqualFold(scheme, "bearer") && same(strings.TrimSpace(token), c.Token.Reveal())
	case "basic":
		user, password, _ := (&http.Request{Header: w.Header}).BasicAuth()
		rightUser, rightPassword := same(user, c.Username), same(password, c.Password.Reveal())
		ok = rightUser && rightPassword
	case "hmac":
		return c.verifySignature(op, w)
	}
	if !ok {
		return denied(op, "the request's credentials are missing or wrong")
	}
	return nil
}

func (c Config) verifySignature(op string, w ops.Webhook) error {
	mac := hmac.New(sha256.New, []byte(c.HMACSecret.Reveal()))
	stamp := ""
	if c.TimestampHeader != "" {
		stamp = w.Header.Get(c.TimestampHeader)
		mac.Write([]byte(stamp + or(c.TimestampSeparator, ":")))
	}
	mac.Write(w.Body)
	given := w.Header.Get(or(c.SignatureHeader, "X-Signature"))
	got, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(given), "sha256="))
	if err != nil || !hmac.Equal(got, mac.Sum(nil)) {
		return denied(op, "the request's signature is missing or wrong")
	}
	if c.TimestampHeader == "" {
		return nil
	}
	sent, ok := parseStamp(stamp)
	if !ok {
		return denied(op, "the request's signed time is missing or no time")
	}
	if off := w.ReceivedAt.Sub(sent); off > Window || off < -Window {
		return denied(op, "the request was signed more than five minutes ago or ahead: it is a replay, or a clock is wrong")
	}
	return nil
}

// parseStamp reads a Unix time in seconds, or RFC 3339.
func parseStamp(s string) (time.Time, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(n, 0), true
	}
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil
}

// same compares in a time that depends on neither the contents nor the lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func denied(op, msg string) error {
	return &ops.Error{Op: op, Kind: ops.Denied, Msg: msg}
}
