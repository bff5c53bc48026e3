package slack

import (
	"context"
	"slices"
	"strings"

	"sitrep/bot/ops"
)

// Check looks whether the tokens work, and names each scope that is missing. It changes nothing.
func (s *Slack) Check(ctx context.Context) []ops.Finding {
	r, err := s.api.AuthTestContext(ctx)
	if err != nil {
		return []ops.Finding{failed("bot token", fault("slack.auth.test", err))}
	}
	found := []ops.Finding{{OK: true, What: "bot token of " + r.User + " in the workspace " + r.Team + " (" + r.TeamID + ")"}}
	found = append(found, scopes(r.Header.Get("X-OAuth-Scopes"))...)
	if s.cfg.Mode == HTTP {
		return append(found, ops.Finding{OK: true, What: "signing secret is set; whether it is the right one shows with the first request"})
	}
	if _, _, err := s.api.StartSocketModeContext(ctx); err != nil {
		return append(found, failed("app token (Socket Mode)", fault("slack.apps.connections.open", err)))
	}
	return append(found, ops.Finding{OK: true, What: "app token (Socket Mode)"})
}

func failed(what string, err error) ops.Finding {
	mend := ops.Tell(err)
	if strings.HasPrefix(what, "app token") {
		mend += " The app token needs the scope connections:write, and Socket Mode must be on."
	}
	return ops.Finding{What: what, Mend: mend}
}

func scopes(header string) []ops.Finding {
	var given []string
	for scope := range strings.SplitSeq(header, ",") {
		given = append(given, strings.TrimSpace(scope))
	}
	var found []ops.Finding
	for _, n := range needs {
		f := ops.Finding{OK: slices.Contains(given, n.scope), What: "scope " + n.scope}
		if !f.OK {
			f.Mend = "Add the bot token scope " + n.scope + " under OAuth & Permissions and install the app again. It is needed to " + n.why + "."
		}
		found = append(found, f)
	}
	return found
}
