package webhookauth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"sitrep/bot/ops"
	"sitrep/integrations"
	"sitrep/integrations/webhookauth"
)

var now = time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)

func sign(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestVerify(t *testing.T) {
	var (
		bearer = webhookauth.Config{Token: integrations.NewSecret("t0ken")}
		user   = webhookauth.Config{Username: "am", Password: integrations.NewSecret("pa:ss")}
		signed = webhookauth.Config{HMACSecret: integrations.NewSecret("key")}
		timed  = webhookauth.Config{HMACSecret: integrations.NewSecret("key"), SignatureHeader: "X-Sig", TimestampHeader: "X-Time"}
		open   = webhookauth.Config{Auth: "none"}
	)
	stamp := func(off time.Duration) string { return strconv.FormatInt(now.Add(off).Unix(), 10) }
	timedHeader := func(off time.Duration) map[string]string {
		return map[string]string{"X-Time": stamp(off), "X-Sig": sign("key", stamp(off)+":body")}
	}
	for _, tc := range []struct {
		name   string
		cfg    webhookauth.Config
		header map[string]string
		ok     bool
	}{
		{"none asked", open, nil, true},
		{"bearer", bearer, map[string]string{"Authorization": "Bearer t0ken"}, true},
		{"bearer in small letters", bearer, map[string]string{"Authorization": "bearer t0ken"}, true},
		{"bearer missing", bearer, nil, false},
		{"bearer wrong", bearer, map[string]string{"Authorization": "Bearer t0keN"}, false},
		{"bearer longer", bearer, map[string]string{"Authorization": "Bearer t0ken2"}, false},
		{"bearer empty", bearer, map[string]string{"Authorization": "Bearer "}, false},
		{"bearer as basic", bearer, map[string]string{"Authorization": basic("", "t0ken")}, false},
		{"basic", user, map[string]string{"Authorization": basic("am", "pa:ss")}, true},
		{"basic, wrong user", user, map[string]string{"Authorization": basic("pm", "pa:ss")}, false},
		{"basic, wrong password", user, map[string]string{"Authorization": basic("am", "pa")}, false},
		{"basic, no base64", user, map[string]string{"Authorization": "Basic !"}, false},
		{"basic missing", user, nil, false},
		{"signature", signed, map[string]string{"X-Signature": sign("key", "body")}, true},
		{"signature with its prefix", signed, map[string]string{"X-Signature": "sha256=" + sign("key", "body")}, true},
		{"signature of another body", signed, map[string]string{"X-Signature": sign("key", "bodY")}, false},
		{"signature by another key", signed, map[string]string{"X-Signature": sign("kez", "body")}, false},
		{"signature cut", signed, map[string]string{"X-Signature": sign("key", "body")[:32]}, false},
		{"signature empty", signed, map[string]string{"X-Signature": ""}, false},
		{"signature missing", signed, nil, false},
		{"signed with its time", timed, timedHeader(-time.Minute), true},
		{"signed a little ahead", timed, timedHeader(4 * time.Minute), true},
		{"replayed", timed, timedHeader(-6 * time.Minute), false},
		{"from the future", timed, timedHeader(6 * time.Minute), false},
		{"replayed with a new time", timed, map[string]string{"X-Time": stamp(0), "X-Sig": sign("key", stamp(-time.Hour)+":body")}, false},
		{"time not signed", timed, map[string]string{"X-Time": stamp(0), "X-Sig": sign("key", "body")}, false},
		{"time is no time", timed, map[string]string{"X-Time": "noon", "X-Sig": sign("key", "noon:body")}, false},
		{"time missing", timed, map[string]string{"X-Sig": sign("key", ":body")}, false},
	} {
		if err := tc.cfg.Validate(); err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		w := ops.Webhook{Header: http.Header{}, Body: []byte("body"), ReceivedAt: now}
		for k, v := range tc.header {
			w.Header.Set(k, v)
		}
		err := tc.cfg.Verify("test.Verify", w)
		if (err == nil) != tc.ok {
			t.Errorf("%s: got %v", tc.name, err)
		}
		if err == nil {
			continue
		}
		if ops.KindOf(err) != ops.Denied {
			t.Errorf("%s: the kind is %v", tc.name, ops.KindOf(err))
		}
		for _, secret := range []string{"t0ken", "pa:ss", "key", sign("key", "body")} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error tells %q: %v", tc.name, secret, err)
			}
		}
	}
}

func TestValidateRefuses(t *testing.T) {
	secret := integrations.NewSecret("s3cret")
	for name, cfg := range map[string]webhookauth.Config{
		"nothing":                   {},
		"unknown scheme":            {Auth: "digest"},
		"bearer without token":      {Auth: "bearer"},
		"basic without password":    {Username: "am"},
		"basic without user":        {Password: secret},
		"hmac without secret":       {Auth: "hmac"},
		"two secrets":               {Token: secret, HMACSecret: secret},
		"none, and yet a secret":    {Auth: "none", Token: secret},
		"scheme and another secret": {Auth: "bearer", Username: "am", Password: secret},
	} {
		err := cfg.Validate()
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
		if cfg.Verify("test.Verify", ops.Webhook{}) == nil {
			t.Errorf("%s: a request is let through all the same", name)
		}
	}
}
