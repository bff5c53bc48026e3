package main

import (
	"context"
	"strings"
	"time"
)

// guide tells a visitor what to try, as a person in the rooms.
type guide struct{ *desk }

func newGuide(url string) guide {
	return guide{&desk{url: url, patience: 24 * time.Hour}}
}

const (
	guideName = "Guide"

	guideWelcome = `Welcome! Here people on call read and write; in Slack and Discord it is the same. You are one of them today.
A bad version of the shop's checkout went live a minute ago. In a moment an alert fires, and an incident room appears on the left, under “Open incidents”. Open it.`

	guideLooking = `This is your incident; the card above always shows how it stands. Take it over with “I lead”, then find out what is wrong:
/inc metrics — how bad is it, and since when?
/inc logs — what does checkout complain of?
/inc deploys — what has changed?
Tell the people outside, who read #status:
/inc status identified "The new version uses up the database connections; we roll it back."
Then roll back: the runbook on the card says how. Should you say nothing for three minutes, sitrep tells them by itself.`

	guideEnding = `The alert has cleared: well done. Close the incident, and have its story written:
/inc resolve "Rolled back, orders go through again."
/inc postmortem
Besides, /inc timeline shows the whole record, and /inc help what else there is.`
)

// lead goes through the incident with the visitor.
func (g guide) lead(ctx context.Context) error {
	if err := g.write(ctx, guideName, "#incidents", guideWelcome); err != nil {
		return err
	}
	room, err := g.find(ctx, "the incident's room", func(p place) bool { return strings.Contains(p.Name, "checkout-latency") })
	if err != nil {
		return err
	}
	for _, step := range []struct{ seen, say string }{{"Checkout latency", guideLooking}, {"No alert fires any more", guideEnding}} {
		if err := g.expect(ctx, room, step.seen); err != nil {
			return err
		}
		if err := g.write(ctx, guideName, room, step.say); err != nil {
			return err
		}
	}
	return nil
}
