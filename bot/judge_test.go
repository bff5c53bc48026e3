package bot

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
	"sitrep/bot/ops"
)

func testCatalog() ops.Catalog {
	return ops.Catalog{
		Services: []ops.Service{
			{Name: "checkout", Aliases: []string{"orders"}, Team: "storefront", OnCall: []string{"ana"}, Labels: map[string]string{"app": "checkout"}},
			{Name: "payments", Team: "money", OnCall: []string{"ben"}},
		},
		People: []ops.Person{
			{Name: "ana", Title: "Ana", Accounts: map[string]string{"fake": "U1"}},
			{Name: "ben", Title: "Ben", Accounts: map[string]string{"fake": "U2"}},
		},
	}
}

func match(pairs ...string) map[string]*regexp.Regexp {
	m := map[string]*regexp.Regexp{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = regexp.MustCompile("^(?:" + pairs[i+1] + ")$")
	}
	return m
}

func TestJudge(t *testing.T) {
	critical := Route{Name: "critical", Match: match("severity", "critical|page")}
	for name, c := range map[string]struct {
		alert  ops.Alert
		routes []Route
		want   incident.DeclaredEvent
		key    string
	}{
		"a route and a service that the label names": {
			ops.Alert{Title: "slow", Severity: "critical", Labels: map[string]string{"severity": "critical", "service": "orders"}},
			[]Route{critical},
			incident.DeclaredEvent{Title: "slow", Severity: incident.Sev1, Service: "checkout", Team: "storefront"},
			"group1 critical checkout",
		},
		"a service found by its labels": {
			ops.Alert{Title: "slow", Severity: "warning", Labels: map[string]string{"app": "checkout"}},
			[]Route{{Name: "all"}},
			incident.DeclaredEvent{Title: "slow", Severity: incident.Sev3, Service: "checkout", Team: "storefront"},
			"group1 all checkout",
		},
		"nothing matches: it waits in triage": {
			ops.Alert{Title: "odd", Severity: "weird", Labels: map[string]string{"alertname": "Odd"}},
			[]Route{critical},
			incident.DeclaredEvent{Title: "odd", Severity: incident.Sev3, Triage: true},
			"group1 unmatched  alertname=Odd",
		},
		"a service that the catalog does not know": {
			ops.Alert{Title: "slow", Labels: map[string]string{"service": "Nova"}},
			[]Route{{Name: "all", Severity: incident.Sev2}},
			incident.DeclaredEvent{Title: "slow", Severity: incident.Sev2, Service: "nova"},
			"group1 all nova",
		},
		"no name, no service: the title tells groups apart": {
			ops.Alert{Title: "a  b\nc"},
			[]Route{{Name: "all"}},
			incident.DeclaredEvent{Title: "a b c", Severity: incident.Sev3},
			"group1 all  a  b\nc",
		},
		"grouped by labels, the first route decides": {
			ops.Alert{Title: "x", Source: "am", Labels: map[string]string{"service": "payments", "region": "eu"}},
			[]Route{{Name: "am", Match: match("source", "am"), GroupBy: []string{"region"}, Private: true, Team: "secret"}, {Name: "all"}},
			incident.DeclaredEvent{Title: "x", Severity: incident.Sev3, Service: "payments", Team: "secret", Private: true},
			"group1 am payments region=eu",
		},
		"a pattern must match whole": {
			ops.Alert{Title: "x", Labels: map[string]string{"severity": "pages", "service": "payments"}},
			[]Route{critical},
			incident.DeclaredEvent{Title: "x", Severity: incident.Sev3, Service: "payments", Team: "money", Triage: true},
			"group1 unmatched payments",
		},
	} {
		t.Run(name, func(t *testing.T) {
			j := Judge(c.alert, c.routes, testCatalog())
			got := j.Declare
			if len(got.Why) == 0 {
				t.Error("a judgement must say why")
			}
			got.Why, got.GroupKey, got.Invite = nil, "", nil
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if key := strings.ReplaceAll(j.GroupKey, "\x1f", " "); key != c.key {
				t.Errorf("group %q, want %q", key, c.key)
			}
		})
	}
}

func TestJudgeInvitesWhoIsOnCallAndWhomTheRouteNames(t *testing.T) {
	a := ops.Alert{Title: "x", Labels: map[string]string{"service": "checkout"}}
	j := Judge(a, []Route{{Name: "all", Invite: []string{"ben", "ana", "nobody"}}}, testCatalog())
	want := []incident.Person{
		{ID: "person:ana", Name: "Ana", Verified: true, Accounts: map[string]string{"fake": "U1"}},
		{ID: "person:ben", Name: "Ben", Verified: true, Accounts: map[string]string{"fake": "U2"}},
	}
	if diff := cmp.Diff(want, j.Declare.Invite); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestALongTitleIsCut(t *testing.T) {
	j := Judge(ops.Alert{Title: strings.Repeat("é", 10_000)}, nil, ops.Catalog{})
	if n := len([]rune(j.Declare.Title)); n != 200 {
		t.Errorf("title has %d characters", n)
	}
}

func TestRoomName(t *testing.T) {
	for name, c := range map[string]struct {
		s    incident.State
		want string
	}{
		"slug":                  {incident.State{Number: 42, Title: "Checkout: latency > 1 s!"}, "inc-42-checkout-latency-1-s"},
		"only the slug is cut":  {incident.State{Number: 42, Title: strings.Repeat("long ", 50)}, "inc-42-" + strings.Repeat("long-", 14) + "lon"},
		"nothing to slug":       {incident.State{Number: 7, Title: "дом"}, "inc-7"},
		"drill":                 {incident.State{Number: 7, Title: "a", Drill: true}, "drill-7-a"},
		"private tells nothing": {incident.State{Number: 7, Title: "leak at customer", Private: true}, "inc-7"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := roomName(c.s); got != c.want || len(got) > 80 {
				t.Errorf("%q (%d), want %q", got, len(got), c.want)
			}
		})
	}
}
