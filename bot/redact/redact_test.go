package redact

import "testing"

func TestRedact(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"nothing":             {"GET /pay 200 in 12ms trace=4bf92f3577b34da6a3ce929d0e0e4736", "GET /pay 200 in 12ms trace=4bf92f3577b34da6a3ce929d0e0e4736"},
		"password":            {"login password=hunter2 ok", "login password=[redacted] ok"},
		"password with quote": {`login password="hunter 2" ok`, `login password=[redacted] ok`},
		"in JSON":             {`{"user":"ana","api_key":"abc123","n":1}`, `{"user":"ana","api_key":[redacted],"n":1}`},
		"in escaped JSON":     {`{\"secret\":\"abc 123\",\"n\":1}`, `{\"secret\":[redacted],\"n\":1}`},
		"in YAML":             {"client_secret: abc123", "client_secret: [redacted]"},
		"in the environment":  {"DB_PASSWORD=abc AWS_SECRET_ACCESS_KEY=wJalr/bPx", "DB_PASSWORD=[redacted] AWS_SECRET_ACCESS_KEY=[redacted]"},
		"in a query":          {"GET /x?access_token=abc&page=2", "GET /x?access_token=[redacted]&page=2"},
		"bearer":              {"sent Bearer abcdef123456 to x", "sent Bearer [redacted] to x"},
		"authorization":       {"authorization: Basic dXNlcjpwYXNz", "authorization: [redacted] [redacted]"},
		"JWT":                 {"got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "got [jwt]"},
		"AWS":                 {"key AKIAIOSFODNN7EXAMPLE used", "key [aws key] used"},
		"GitHub":              {"ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[token]"},
		"GitHub, fine":        {"x github_pat_11ABCDEFG0abcdefghijkl_more", "x [token]"},
		"Slack":               {"xoxb-1234567890-abcdef and xapp-1-A1-123-abc", "[token] and [token]"},
		"Slack's webhook":     {"POST https://hooks.slack.com/services/T0/B0/xyz", "POST [webhook]"},
		"in an address":       {"dial postgres://app:hunter2@db:5432/x", "dial postgres://[redacted]@db:5432/x"},
		"private key":         {"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- after", "[private key] after"},
		"cut private key":     {"-----BEGIN PRIVATE KEY-----\nMIIE", "[private key]"},
		"email":               {"mail to ana.ruiz+x@shop.example failed", "mail to [email] failed"},
		"card":                {"card 4111 1111 1111 1111 declined", "card [card] declined"},
		"card, plain":         {"card=4111111111111111", "card=[card]"},
		"not a card":          {"order 4111111111111112 at 1700000000000", "order 4111111111111112 at 1700000000000"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Machine(tt.text); got != tt.want {
				t.Errorf("Machine(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestPeoplesWordsKeepWhatIsNoSecret(t *testing.T) {
	tests := map[string]string{
		"Auth token: expired for the EU":                   "Auth token: expired for the EU",
		"ask ana@shop.example about it":                    "ask ana@shop.example about it",
		"rotated AKIAIOSFODNN7EXAMPLE":                     "rotated [aws key]",
		"log in with password=hunter2, then look":          "log in with password=[redacted], then look",
		"curl -H 'Authorization: Bearer abcdef1234567890'": "curl -H 'Authorization: Bearer [redacted]'",
	}
	for text, want := range tests {
		if got := Words(text); got != want {
			t.Errorf("Words(%q) = %q, want %q", text, got, want)
		}
	}
}
