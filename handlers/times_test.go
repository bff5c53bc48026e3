package handlers

import (
	"testing"
	"time"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestPast(t *testing.T) {
	madrid := zone(t, "Europe/Madrid")
	// Monday 23 November 2026, 13:00 in Madrid.
	winter := clock{now: noon, zone: madrid}
	// Sunday 25 October 2026, 12:00 in Madrid: the clocks went back at 03:00. On 29 March they had gone forward at 02:00.
	october := clock{now: time.Date(2026, 10, 25, 11, 0, 0, 0, time.UTC), zone: madrid}
	march := clock{now: time.Date(2026, 3, 29, 10, 0, 0, 0, time.UTC), zone: madrid}
	tests := map[string]struct {
		clock clock
		text  string
		want  string // in UTC; empty when it is not understood
		note  string
	}{
		"now":                      {winter, "now", "2026-11-23 12:00:00", ""},
		"ago":                      {winter, "30m ago", "2026-11-23 11:30:00", ""},
		"without ago":              {winter, "2h", "2026-11-23 10:00:00", ""},
		"mixed":                    {winter, "1h30m", "2026-11-23 10:30:00", ""},
		"in words":                 {winter, "90 minutes ago", "2026-11-23 10:30:00", ""},
		"days":                     {winter, "2d", "2026-11-21 12:00:00", ""},
		"half":                     {winter, "1.5h", "2026-11-23 10:30:00", ""},
		"time of day":              {winter, "12:05", "2026-11-23 11:05:00", ""},
		"with seconds":             {winter, "12:05:30", "2026-11-23 11:05:30", ""},
		"twelve hours":             {winter, "9:05am", "2026-11-23 08:05:00", ""},
		"a little ahead":           {winter, "13:05", "2026-11-23 12:00:00", "13:05 CET is still to come; took now."},
		"yesterday's":              {winter, "23:50", "2026-11-22 22:50:00", "Took yesterday's 23:50."},
		"yesterday":                {winter, "yesterday 14:05", "2026-11-22 13:05:00", ""},
		"yesterday at midnight":    {winter, "Yesterday", "2026-11-21 23:00:00", ""},
		"weekday":                  {winter, "fri", "2026-11-19 23:00:00", ""},
		"weekday and time":         {winter, "Friday 9:00", "2026-11-20 08:00:00", ""},
		"this weekday, later":      {winter, "mon 18:00", "2026-11-16 17:00:00", ""},
		"date":                     {winter, "2026-11-20", "2026-11-19 23:00:00", ""},
		"date and time":            {winter, "2026-11-20 14:05", "2026-11-20 13:05:00", ""},
		"date T time":              {winter, "2026-11-20T14:05", "2026-11-20 13:05:00", ""},
		"in UTC":                   {winter, "10:05 UTC", "2026-11-23 10:05:00", ""},
		"with Z":                   {winter, "2026-11-20T14:05:00Z", "2026-11-20 14:05:00", ""},
		"with an offset":           {winter, "2026-11-20T14:05:00+02:00", "2026-11-20 12:05:00", ""},
		"a date to come":           {winter, "2026-11-30", "2026-11-23 12:00:00", "30 Nov 00:00 CET is still to come; took now."},
		"twice on that day":        {october, "02:30", "2026-10-25 00:30:00", "There were two 02:30 that day, the clocks went back; took the first, 02:30 CEST."},
		"not on that day":          {march, "02:30", "2026-03-29 01:30:00", "There was no 02:30 that day, the clocks went forward; took 03:30 CEST."},
		"plain on that day":        {october, "04:30", "2026-10-25 03:30:00", ""},
		"not a time":               {winter, "soon", "", ""},
		"not a time of day":        {winter, "25:00", "", ""},
		"nothing":                  {winter, "", "", ""},
		"a number":                 {winter, "30", "", ""},
		"longer than anyone lives": {winter, "99999999999w", "", ""},
		"no date":                  {winter, "2026-02-30", "", ""},
		"rest after a weekday":     {winter, "friend", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, ok := tt.clock.past(tt.text)
			got := ""
			if ok {
				got = m.At.UTC().Format(time.DateTime)
			}
			if got != tt.want || m.Note != tt.note {
				t.Errorf("past(%q) = %q, %q, want %q, %q", tt.text, got, m.Note, tt.want, tt.note)
			}
		})
	}
}

func TestDue(t *testing.T) {
	c := clock{now: noon, zone: zone(t, "Europe/Madrid")} // a Monday
	tests := map[string]string{
		"fri": "Fri 2026-11-27", "mon": "Mon 2026-11-30", "next mon": "Mon 2026-11-30", "tomorrow": "Tue 2026-11-24", "today": "Mon 2026-11-23",
		"3d": "Thu 2026-11-26", "in 2w": "Mon 2026-12-07", "next week": "Mon 2026-11-30", "2026-12-24": "Thu 2026-12-24", "Thursday": "Thu 2026-11-26",
		"whenever": "", "": "", "2026-13-01": "",
	}
	for text, want := range tests {
		m, ok := c.due(text)
		got := ""
		if ok {
			got = m.At.Format("Mon 2006-01-02")
		}
		if got != want {
			t.Errorf("due(%q) = %q, want %q", text, got, want)
		}
	}
	if m, ok := c.due("2026-11-01"); !ok || m.Note != "1 Nov 2026 is past." {
		t.Errorf("a day that is past gives %+v, %v", m, ok)
	}
}
