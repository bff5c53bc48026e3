package chart

import (
	"fmt"
	"time"

	"sitrep/bot/ops"
)

const day = 24 * time.Hour

// steps are the distances at which people expect times on an axis.
var steps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	day, 2 * day, 7 * day, 14 * day, 30 * day, 90 * day, 365 * day,
}

// timeTicks returns at most about limit ticks at round times of loc inside w.
func timeTicks(w ops.Window, loc *time.Location, limit int) []tick {
	step := steps[len(steps)-1]
	for _, s := range steps {
		if w.Length()/s < time.Duration(limit) {
			step = s
			break
		}
	}
	step = max(step, w.Length()/time.Duration(limit))
	var ticks []tick
	for at := firstTick(w.From.In(loc), step); !at.After(w.To); at = nextTick(at, step) {
		if !at.Before(w.From) {
			ticks = append(ticks, tick{at: at, label: timeLabel(at, step)})
		}
	}
	return ticks
}

// firstTick is the last round time not after from: round by the clock on the wall.
func firstTick(from time.Time, step time.Duration) time.Time {
	if step <= time.Hour {
		_, offset := from.Zone()
		shift := time.Duration(offset) * time.Second
		return from.Add(shift).Truncate(step).Add(-shift)
	}
	return time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, from.Location())
}

// nextTick adds a step by the clock on the wall, so that ticks stay round across a change of daylight saving. The result is
// always later than at.
func nextTick(at time.Time, step time.Duration) time.Time {
	if step <= time.Hour {
		return at.Add(step)
	}
	hours := int(step / time.Hour)
	next := time.Date(at.Year(), at.Month(), at.Day(), (at.Hour()/hours+1)*hours, 0, 0, 0, at.Location())
	if step >= day {
		next = at.AddDate(0, 0, int(step/day))
	}
	if !next.After(at) {
		return at.Add(step)
	}
	return next
}

func timeLabel(at time.Time, step time.Duration) string {
	switch {
	case step >= day:
		return at.Format("2 Jan")
	case step < time.Minute:
		return at.Format("15:04:05")
	case step > time.Hour && at.Hour() == 0:
		return at.Format("2 Jan")
	}
	return at.Format("15:04")
}

// zone names the time zone as people know it, else by its distance from UTC.
func zone(at time.Time) string {
	name, _ := at.Zone()
	if name == "" || name[0] == '+' || name[0] == '-' {
		return "UTC" + at.Format("-07:00")
	}
	return name
}

// spanText tells a window: "23 Nov 2026, 13:30–14:30 CET".
func spanText(w ops.Window, loc *time.Location) string {
	from, to := w.From.In(loc), w.To.In(loc)
	end := to.Format("15:04")
	if from.YearDay() != to.YearDay() || from.Year() != to.Year() {
		end = to.Format("2 Jan 2006, 15:04")
	}
	return from.Format("2 Jan 2006, 15:04") + "–" + end + " " + zone(to)
}

// lengthText tells a duration in its largest whole unit: "1 h", "90 min", "2 days".
func lengthText(d time.Duration) string {
	switch {
	case d >= 2*day && d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", d.Round(time.Minute)/time.Minute)
	}
	return fmt.Sprintf("%d s", d.Round(time.Second)/time.Second)
}
