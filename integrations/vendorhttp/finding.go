package vendorhttp

import "sitrep/bot/ops"

// Finding tells what came of looking at what: fine when err is nil, else a fault with the advice that fits its kind.
func Finding(what string, err error) ops.Finding {
	if err == nil {
		return ops.Finding{OK: true, What: what}
	}
	advice := "check that the configured address is right and can be reached from here"
	switch ops.KindOf(err) {
	case ops.Denied:
		advice = "check the configured credentials and what they are allowed"
	case ops.NotFound, ops.Invalid:
		advice = "check that the configured address and names are right"
	case ops.Throttled:
		advice = "wait, then check again"
	}
	if said := ops.Tell(err); said != "" {
		advice = said + "; " + advice
	}
	return ops.Finding{What: what, Mend: advice}
}
