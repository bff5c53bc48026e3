package storetest

import (
	"errors"
	"fmt"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

var claims = []behaviour{
	{"claims are taken once", claimsOnce},
	{"claims change hands", claimsChangeHands},
	{"of racing claims exactly one wins", raceForClaim},
}

func (f *fixture) claimed(key string, want incident.ID) {
	f.Helper()
	got, err := f.Claimed(f.Context(), key)
	f.must(err)
	f.same("holder of "+key, want, got)
}

func claimsOnce(f *fixture) {
	key := "group\x00service=checkout"
	f.claimed(key, "")
	f.commit(store.Commit{Incident: one, Claims: []store.Claim{{Key: key}, {Key: "other"}}})
	f.claimed(key, one)
	f.claimed("other", one)
	err := f.Commit(f.Context(), store.Commit{Incident: two, Claims: []store.Claim{{Key: "third"}, {Key: key}}})
	var held *store.ClaimedError
	if !errors.As(err, &held) {
		f.Fatalf("got %v, want a ClaimedError", err)
	}
	f.same("who holds it", &store.ClaimedError{Key: key, By: one}, held)
	f.claimed("third", "")
}

func claimsChangeHands(f *fixture) {
	take := func(id, from incident.ID) error {
		return f.Commit(f.Context(), store.Commit{Incident: id, Claims: []store.Claim{{Key: "k", From: from}}})
	}
	var held *store.ClaimedError
	if err := take(two, one); !errors.As(err, &held) || held.By != "" {
		f.Errorf("taken from one who does not hold it: got %v", err)
	}
	f.must(take(one, ""))
	f.must(take(one, one))
	f.must(take(two, one))
	if err := take(three, one); !errors.As(err, &held) || held.By != two {
		f.Errorf("taken from one who holds it no more: got %v", err)
	}
	f.claimed("k", two)
}

func raceForClaim(f *fixture) {
	errs := together(16, func(i int) error {
		c := declared(incident.ID(fmt.Sprintf("s%02d-racer", i)), 1)
		c.Claims = []store.Claim{{Key: "k"}}
		return f.Commit(f.Context(), c)
	})
	f.onlyOne(errs, func(err error) bool {
		var held *store.ClaimedError
		return errors.As(err, &held)
	})
	holder, err := f.Claimed(f.Context(), "k")
	f.must(err)
	if _, _, err := f.Load(f.Context(), holder); err != nil {
		f.Errorf("the holder %q: %v", holder, err)
	}
}
