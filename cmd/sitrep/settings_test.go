package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
)

func TestRouteMatchesWholeValues(t *testing.T) {
	tests := []struct {
		pattern, value string
		want           bool
	}{
		{"prod", "prod", true},
		{"prod", "production", false},
		{"a.c", "abc", false},
		{"/prod|staging/", "prod", true},
		{"/prod|staging/", "preprod", false},
		{"/prod|staging/", "staging-2", false},
		{"/prod.*/", "production", true},
		{"/", "/", true},
		{"", "", true},
		{"", "x", false},
	}
	for _, tt := range tests {
		re, err := matcher(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := re.MatchString(tt.value); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.pattern, tt.value, got, tt.want)
		}
	}
}

func TestAudienceKeepsTheDefaultCadenceWhereItSaysNothing(t *testing.T) {
	in, err := configure(minimal + `audiences:
  - name: status
    channels: ["console:#status"]
    cadence: {sev1: {first: 5m, then: 15m}}
  - {name: bosses, executive: true}
`)
	if err != nil {
		t.Fatal(err)
	}
	status := incident.StakeholderCadence()
	status[incident.Sev1] = incident.Cadence{First: 5 * time.Minute, Then: 15 * time.Minute}
	want := []incident.Plan{
		{Audience: "status", Channels: []incident.Channel{{Platform: "console", ID: "#status"}}, Cadence: status},
		{Audience: "bosses", Executive: true, Cadence: incident.ExecutiveCadence()},
	}
	if diff := cmp.Diff(want, in.settings.Audiences); diff != "" {
		t.Errorf("audiences (-want +got)\n%s", diff)
	}
}

func TestNoAudienceMeansStakeholdersInTheRoom(t *testing.T) {
	in, err := configure(minimal)
	if err != nil {
		t.Fatal(err)
	}
	want := []incident.Plan{{Audience: "stakeholders", Cadence: incident.StakeholderCadence()}}
	if diff := cmp.Diff(want, in.settings.Audiences); diff != "" {
		t.Errorf("audiences (-want +got)\n%s", diff)
	}
}

func TestRoomsAreOnEveryPlatformUnlessToldOtherwise(t *testing.T) {
	all := slackKeys + discordKeys + minimal
	for text, want := range map[string][]string{all: {"slack", "discord", "console"}, all + "rooms: [discord]\n": {"discord"}} {
		in, err := configure(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, in.settings.RoomPlatforms); diff != "" {
			t.Errorf("%s\nrooms (-want +got)\n%s", text, diff)
		}
	}
}

func TestIntegrationsAreOpenedUnderTheirNames(t *testing.T) {
	in, err := configure(minimal + `services: [{name: checkout, sources: {logs-eu: {selector: '{app="x"}'}}}]
integrations:
  logs-us: {kind: loki, url: "http://us"}
  logs-eu: {kind: loki, url: "http://eu"}
  alerts: {kind: alertmanager, token: "${SECRET}"}
`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range in.sources {
		got = append(got, s.Name+" "+s.Kind)
		if (s.Offer.Logs != nil) != (s.Kind == "loki") || (s.Offer.Alerts != nil) != (s.Kind == "alertmanager") {
			t.Errorf("%s offers something else than its kind says", s.Name)
		}
	}
	if diff := cmp.Diff([]string{"alerts alertmanager", "logs-eu loki", "logs-us loki"}, got); diff != "" {
		t.Errorf("sources (-want +got)\n%s", diff)
	}
}
